#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/service/suppressions.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

struct suppress_options {
    const char *reason;
};

static enum nl_status suppress_add(struct cli *cli, void *options, struct nl_error *err) {
    const struct suppress_options *chosen = options;
    struct nl_suppressed result = {0};
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_suppress(&office, cli->words[0], chosen->reason, &result, err);
    if (status == NL_OK)
        cli_tell(cli,
                 json_pack("{s:s, s:s}", "address", result.address, "result",
                           result.added ? "suppressed" : "suppressed_already"),
                 "%s %s", result.address,
                 result.added ? "is suppressed" : "was suppressed already");
    nl_suppressed_free(&result);
    return status;
}

static enum nl_status suppress_remove(struct cli *cli, void *options, struct nl_error *err) {
    struct nl_suppressed result = {0};
    (void)options;
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_unsuppress(&office, cli->words[0], &result, err);
    if (status == NL_OK)
        cli_tell(cli, json_pack("{s:s, s:s}", "address", result.address, "result", "removed"),
                 "%s may be mailed again", result.address);
    nl_suppressed_free(&result);
    return status;
}

static enum nl_status suppress_import(struct cli *cli, void *options, struct nl_error *err) {
    const struct suppress_options *chosen = options;
    const char *path = cli->words[0];
    bool standard = strcmp(path, "-") == 0;
    int64_t count = 0;
    enum nl_status status = cli_open(cli, err);
    if (status != NL_OK)
        return status;
    if (standard)
        cli_say_reading("addresses");
    FILE *in = standard ? stdin : fopen(path, "re");
    if (in == NULL)
        return nl_error_system(err, errno, "read", path);
    const struct nl_office office = cli_office(cli);
    status = nl_office_suppress_file(&office, in, path, chosen->reason, &count, err);
    if (status == NL_OK)
        cli_tell(cli, json_pack("{s:I}", "added", (json_int_t)count),
                 "%lld addresses are suppressed that were not before", (long long)count);
    if (!standard)
        fclose(in);
    return status;
}

static enum nl_status export_one(const struct nl_suppression_row *row, void *ctx,
                                 struct nl_error *err) {
    char when[NL_TIMESTAMP_LEN];
    (void)ctx;
    (void)err;
    nl_timestamp_text(row->since, when);
    printf("%s\t%s\t%s\n", row->address, when, row->reason);
    return NL_OK;
}

/* There may be millions of rows, so each is fitted by itself; where there is no terminal, nothing
 * is cut. */
static void show_row(const struct nl_suppression_row *row, const char *when) {
    enum { ADDRESS = 40, TIME = 23, LEAST = 76 };
    size_t width = (size_t)cli_columns();
    bool one_line = width >= LEAST;
    struct nl_buf line = {0};
    struct nl_buf rest = {0};
    size_t address = one_line ? ADDRESS : width;
    if (!cli_is_terminal() && nl_text_width(row->address) > address)
        address = nl_text_width(row->address);
    nl_text_fill(&line, row->address, address);
    nl_buf_adds(&line, one_line ? " " : "\n  ");
    nl_buf_addf(&rest, "%-*s %s", one_line ? TIME : 0, when, row->reason);
    nl_text_cut(&line, nl_buf_text(&rest), one_line ? width - address - 1 : width - 2);
    puts(nl_buf_text(&line));
    nl_buf_free(&rest);
    nl_buf_free(&line);
}

static enum nl_status show_one(const struct nl_suppression_row *row, void *ctx,
                               struct nl_error *err) {
    (void)err;
    const struct cli *cli = ctx;
    char when[CLI_TIME_LEN];
    cli_format_time(row->since, when);
    if (cli->json) {
        json_t *object = json_pack("{s:s, s:s, s:o}", "address", row->address, "reason",
                                   row->reason, "since", cli_json_time(row->since));
        cli_print_json_line(object);
    } else {
        show_row(row, when);
    }
    return NL_OK;
}

static enum nl_status each_suppression(struct cli *cli,
                                       enum nl_status (*each)(const struct nl_suppression_row *row,
                                                              void *ctx, struct nl_error *err),
                                       struct nl_error *err) {
    const struct nl_suppression_query all = {0};
    enum nl_status status = cli_open(cli, err);
    const struct nl_office office = cli_office(cli);
    return status == NL_OK ? nl_office_suppressions(&office, &all, each, cli, err) : status;
}

static enum nl_status suppress_list(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    return each_suppression(cli, show_one, err);
}

static enum nl_status suppress_export(struct cli *cli, void *options, struct nl_error *err) {
    (void)options;
    return each_suppression(cli, cli->json ? show_one : export_one, err);
}

static const struct cli_option suppress_table[] = {
    CLI_TEXT("reason", struct suppress_options, reason),
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
