#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/store/suppression.h"
#include "newsletter/transfer/transfer.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

struct suppress_options {
    const char *reason;
    bool json;
};

static enum nl_status suppress_add(struct cli *cli, void *options, struct nl_error *err) {
    const struct suppress_options *chosen = options;
    struct nl_address address = {0};
    bool added = false;
    enum nl_status status = nl_suppression_check_reason(chosen->reason, err);
    if (status == NL_OK)
        status = nl_address_parse(cli->words[0], &address, err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_suppression_add(cli->store, &address, chosen->reason, 0, &added, err);
    if (status == NL_OK)
        printf("%s %s\n", address.key, added ? "is suppressed" : "was suppressed already");
    nl_address_free(&address);
    return status;
}

static enum nl_status suppress_remove(struct cli *cli, void *options, struct nl_error *err) {
    struct nl_address address = {0};
    (void)options;
    enum nl_status status = nl_address_parse(cli->words[0], &address, err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_suppression_remove(cli->store, &address, err);
    if (status == NL_OK)
        printf("%s may be mailed again\n", address.key);
    nl_address_free(&address);
    return status;
}

static enum nl_status export_one(const char *address, const char *reason, int64_t since, void *ctx,
                                 struct nl_error *err) {
    char when[NL_TIMESTAMP_LEN];
    (void)ctx;
    (void)err;
    nl_timestamp_text(since, when);
    printf("%s\t%s\t%s\n", address, when, reason);
    return NL_OK;
}

static enum nl_status show(const char *address, const char *reason, int64_t since, void *ctx,
                           struct nl_error *err) {
    (void)err;
    const struct suppress_options *chosen = ctx;
    char when[CLI_TIME_LEN];
    cli_format_time(since, when);
    if (chosen->json) {
        json_t *object = json_pack("{s:s, s:s, s:o}", "address", address, "reason", reason, "since",
                                   cli_json_time(since));
        json_dumpf(object, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(object);
    } else {
        printf("%-40s %-23s %s\n", address, when, reason);
    }
    return NL_OK;
}

static enum nl_status import(struct nl_store *store, const char *path, const char *reason,
                             struct nl_error *err) {
    bool standard = strcmp(path, "-") == 0;
    int64_t count = 0;
    if (standard)
        cli_say_reading("addresses");
    FILE *in = standard ? stdin : fopen(path, "re");
    if (in == NULL)
        return nl_error_system(err, errno, "read", path);
    enum nl_status status = nl_suppression_file(store, in, path, reason, &count, err);
    if (status == NL_OK)
        printf("%lld addresses are suppressed that were not before\n", (long long)count);
    if (!standard)
        fclose(in);
    return status;
}

static enum nl_status suppress_import(struct cli *cli, void *options, struct nl_error *err) {
    const struct suppress_options *chosen = options;
    enum nl_status status = nl_suppression_check_reason(chosen->reason, err);
    if (status == NL_OK)
        status = cli_open(cli, err);
    return status == NL_OK ? import(cli->store, cli->words[0], chosen->reason, err) : status;
}

static enum nl_status suppress_list(struct cli *cli, void *options, struct nl_error *err) {
    enum nl_status status = cli_open(cli, err);
    return status == NL_OK ? nl_suppression_each(cli->store, show, options, err) : status;
}

static enum nl_status suppress_export(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    enum nl_status status = cli_open(cli, err);
    return status == NL_OK ? nl_suppression_each(cli->store, export_one, NULL, err) : status;
}

static const struct cli_option suppress_table[] = {
    CLI_TEXT("reason", struct suppress_options, reason),
    CLI_FLAG("json", struct suppress_options, json),
    {0},
};

static const struct cli_action suppress_actions[] = {
    {"add", suppress_add, {1, 1, "one ADDRESS"}},
    {"remove", suppress_remove, {1, 1, "one ADDRESS"}},
    {"import", suppress_import, {1, 1, "one FILE, or -"}},
    {"list", suppress_list, {0, 0, NULL}},
    {"export", suppress_export, {0, 0, NULL}},
    {0},
};

const struct cli_command cmd_suppress = {
    .name = "suppress",
    .options = suppress_table,
    .size = sizeof(struct suppress_options),
    .defaults = &(const struct suppress_options){.reason = "by hand"},
    .actions = suppress_actions,
    .heedless_of_imports = true,
};
