#include "cli/cli.h"

#include "newsletter/service/upkeep.h"

#include <jansson.h>

struct prune_options {
    bool dry_run;
};

static void show(struct cli *cli, const struct nl_pruned *pruned) {
    if (!cli->json) {
        printf("%lld events, %lld links, %lld addresses of consent, %lld people, "
               "%lld unconfirmed sign-ups, %lld reports, %lld messages, %lld deliveries\n",
               (long long)pruned->events, (long long)pruned->links, (long long)pruned->ips,
               (long long)pruned->people, (long long)pruned->unconfirmed,
               (long long)pruned->reports, (long long)pruned->messages,
               (long long)pruned->deliveries);
        return;
    }
    json_t *object =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "events", (json_int_t)pruned->events,
                  "links", (json_int_t)pruned->links, "ips", (json_int_t)pruned->ips, "people",
                  (json_int_t)pruned->people, "unconfirmed", (json_int_t)pruned->unconfirmed,
                  "reports", (json_int_t)pruned->reports, "messages", (json_int_t)pruned->messages,
                  "deliveries", (json_int_t)pruned->deliveries);
    cli_print_json(cli, object);
}

static enum nl_status prune_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct prune_options *chosen = options;
    struct nl_pruned pruned = {0};
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_prune(&office, chosen->dry_run, &pruned, err);
    if (status == NL_OK)
        show(cli, &pruned);
    return status;
}

static const struct cli_option prune_table[] = {
    CLI_FLAG("dry-run", struct prune_options, dry_run),
    {0},
};

const struct cli_command cmd_prune = {
    .name = "prune",
    .options = prune_table,
    .size = sizeof(struct prune_options),
    .run = prune_run,
};
