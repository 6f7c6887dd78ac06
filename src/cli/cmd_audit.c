#include "cli/cli.h"

#include "newsletter/proof/audit.h"

#include <jansson.h>

static void print_figures(const struct nl_audit *audit, const char *head) {
    printf("%lld records with %lld entries, head %s\n"
           "%lld events, %lld actions of staff and %lld subscriptions agree with the ledger\n",
           (long long)audit->records, (long long)audit->entries, head, (long long)audit->events,
           (long long)audit->actions, (long long)audit->subscriptions);
    if (audit->before > 0)
        printf("%lld rows are older than the ledger\n", (long long)audit->before);
    for (size_t i = 0; i < audit->findings.count; i++)
        printf("error: %s [%s]\n", audit->findings.items[i].text, audit->findings.items[i].rule);
    if (audit->faults > NL_AUDIT_FAULTS)
        printf("error: and %lld more\n", (long long)(audit->faults - NL_AUDIT_FAULTS));
}

static void show(struct cli *cli, const struct nl_audit *audit) {
    char head[NL_HEX_LEN];
    nl_hex(audit->head, head);
    if (!cli->json) {
        print_figures(audit, head);
        return;
    }
    cli_print_json(cli, json_pack("{s:I, s:I, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "records",
                                  (json_int_t)audit->records, "entries", (json_int_t)audit->entries,
                                  "streams", (json_int_t)audit->streams, "head", head, "events",
                                  (json_int_t)audit->events, "actions", (json_int_t)audit->actions,
                                  "subscriptions", (json_int_t)audit->subscriptions, "before",
                                  (json_int_t)audit->before, "faults", (json_int_t)audit->faults,
                                  "findings", cli_findings_facts(&audit->findings)));
}

static enum nl_status audit_run(struct cli *cli, void *options, struct nl_error *err) {
    struct nl_audit audit = {0};
    (void)options;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_audit_run(cli->store, &audit, err);
    if (status == NL_OK) {
        show(cli, &audit);
        if (audit.faults > 0)
            status = nl_error_set(err, NL_DATA, "the ledger and the database: %lld fault%s",
                                  (long long)audit.faults, audit.faults == 1 ? "" : "s");
    }
    nl_audit_free(&audit);
    return status;
}

const struct cli_command cmd_audit = {
    .name = "audit",
    .run = audit_run,
    .heedless_of_imports = true,
};
