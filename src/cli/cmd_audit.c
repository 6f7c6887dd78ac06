#include "cli/cli.h"

#include "newsletter/base/base64.h"
#include "newsletter/base/file.h"
#include "newsletter/proof/audit.h"

#include <jansson.h>

enum { NOTE_LIMIT = 64 << 10 };

struct audit_options {
    const char *checkpoint;
};

/* The figures by their names in JSON, and the words that people read. */
static const struct figure {
    const char *name, *words;
    size_t offset;
} figures[] = {
    {"records", "records in the ledger", offsetof(struct nl_audit, records)},
    {"entries", "entries in them", offsetof(struct nl_audit, entries)},
    {"streams", "streams", offsetof(struct nl_audit, streams)},
    {"commit_points", "commit points of messages", offsetof(struct nl_audit, commit_points)},
    {"consented", "of these, of issues, each with a valid consent before it",
     offsetof(struct nl_audit, consented)},
    {"outcomes", "outcomes that follow from a reply", offsetof(struct nl_audit, outcomes)},
    {"sent", "messages sent", offsetof(struct nl_audit, sent)},
    {"repeated", "sent once more because staff asked for it", offsetof(struct nl_audit, repeated)},
    {"events", "events that agree with the ledger", offsetof(struct nl_audit, events)},
    {"actions", "actions of staff that agree with it", offsetof(struct nl_audit, actions)},
    {"subscriptions", "subscriptions that agree with it", offsetof(struct nl_audit, subscriptions)},
    {"issues", "issues that agree with it", offsetof(struct nl_audit, issues)},
    {"approvals", "approvals and answers that agree with it", offsetof(struct nl_audit, approvals)},
    {"deliveries", "deliveries that agree with it", offsetof(struct nl_audit, deliveries)},
    {"checkpoints", "checkpoints that agree with it", offsetof(struct nl_audit, checkpoints)},
    {"stamped", "of them with a time stamp that holds", offsetof(struct nl_audit, stamped)},
    {"before", "rows that are older than it", offsetof(struct nl_audit, before)},
    {"faults", "faults", offsetof(struct nl_audit, faults)},
};

/* The claims by their names in JSON, and in words. */
static const struct {
    const char *name, *words;
} claims[NL_CLAIMS] = {
    [NL_CLAIM_CONSENT] = {"consent", "each message of an issue had a valid consent before it"},
    [NL_CLAIM_ONCE] = {"once", "nobody was sent an issue twice, unless staff asked for it"},
    [NL_CLAIM_ENDED] = {"ended", "nobody was mailed after leaving, bouncing or being suppressed"},
    [NL_CLAIM_REPLIES] = {"replies", "each outcome follows from a reply"},
    [NL_CLAIM_ROWS] = {"rows", "each row of the database agrees with the ledger"},
    [NL_CLAIM_CHAIN] = {"chain", "the records hang together, and the checkpoints hold"},
};

static json_t *show_claims(const struct cli *cli, const struct nl_audit *audit) {
    json_t *object = json_object();
    for (size_t i = 0; i < NL_CLAIMS; i++) {
        json_object_set_new(object, claims[i].name, json_boolean(audit->broken[i] == 0));
        if (!cli->json)
            printf("%s: %s\n", audit->broken[i] == 0 ? "holds" : "BROKEN", claims[i].words);
    }
    return object;
}

static long long value_of(const struct nl_audit *audit, const struct figure *figure) {
    return *(const int64_t *)(const void *)((const char *)audit + figure->offset);
}

/* The digests of a consistency proof, in base64. */
static json_t *proof_of(const struct nl_audit *audit) {
    json_t *digests = json_array();
    for (size_t at = 0; at < audit->proof.len; at += NL_DIGEST_LEN) {
        struct nl_buf text = {0};
        nl_base64_add(&text, audit->proof.data + at, NL_DIGEST_LEN);
        json_array_append_new(digests, json_string(nl_buf_text(&text)));
        nl_buf_free(&text);
    }
    return digests;
}

static void show_given(const struct nl_audit *audit, json_t *object) {
    json_object_set_new(object, "checkpoint", json_null());
    if (audit->given == 0)
        return;
    json_object_set_new(object, "checkpoint",
                        json_pack("{s:I, s:b, s:o, s:o, s:o}", "entries", (json_int_t)audit->given,
                                  "holds", audit->given_holds, "proof", proof_of(audit),
                                  "stamped_at", cli_json_time(audit->given_stamped), "cosigned_at",
                                  cli_json_time(audit->given_cosigned)));
}

static void show_moment(const char *words, int64_t at) {
    char when[CLI_TIME_LEN];
    if (at == 0)
        return;
    cli_format_time(at, when);
    printf("%s: %s\n", words, when);
}

static void show(struct cli *cli, const struct nl_audit *audit) {
    char head[NL_HEX_LEN];
    json_t *object = json_object();
    nl_hex(audit->head, head);
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        long long value = value_of(audit, &figures[i]);
        json_object_set_new(object, figures[i].name, json_integer(value));
        if (!cli->json)
            printf("%-52s %10lld\n", figures[i].words, value);
    }
    json_object_set_new(object, "claims", show_claims(cli, audit));
    json_object_set_new(object, "head", json_string(head));
    json_object_set_new(object, "findings", cli_findings_facts(&audit->findings));
    show_given(audit, object);
    if (cli->json) {
        cli_print_json(cli, object);
        return;
    }
    json_decref(object);
    printf("head %s\n", head);
    if (audit->given_holds)
        printf("the ledger goes on from the checkpoint of %lld entries\n", (long long)audit->given);
    show_moment("an authority has stamped it", audit->given_stamped);
    show_moment("the witness has cosigned it", audit->given_cosigned);
    for (size_t i = 0; i < audit->findings.count; i++)
        printf("error: %s [%s]\n", audit->findings.items[i].text, audit->findings.items[i].rule);
    if (audit->faults > NL_AUDIT_FAULTS)
        printf("error: and %lld more\n", (long long)(audit->faults - NL_AUDIT_FAULTS));
}

static enum nl_status audit_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct audit_options *chosen = options;
    struct nl_audit audit = {0};
    struct nl_buf note = {0};
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK && chosen->checkpoint != NULL)
        status = nl_file_read(chosen->checkpoint, NOTE_LIMIT, &note, err);
    const struct nl_audit_options given = {&cli->config,
                                           chosen->checkpoint != NULL ? nl_buf_text(&note) : NULL};
    if (status == NL_OK)
        status = nl_audit_run(cli->store, &given, &audit, err);
    nl_buf_free(&note);
    if (status == NL_OK) {
        show(cli, &audit);
        if (audit.faults > 0)
            status = nl_error_set(err, NL_DATA, "the ledger and the database: %lld fault%s",
                                  (long long)audit.faults, audit.faults == 1 ? "" : "s");
    }
    nl_audit_free(&audit);
    return status;
}

static const struct cli_option audit_table[] = {
    CLI_TEXT("checkpoint", struct audit_options, checkpoint),
    {0},
};

const struct cli_command cmd_audit = {
    .name = "audit",
    .options = audit_table,
    .size = sizeof(struct audit_options),
    .run = audit_run,
    .heedless_of_imports = true,
};
