#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/service/subscribers.h"
#include "newsletter/transfer/transfer.h"

#include <jansson.h>
#include <stdlib.h>

enum { UNSAID = -1, CSV, JSONL };
static const char *const formats[] = {[CSV] = "csv", [JSONL] = "jsonl", NULL};

struct export_options {
    const char *list;
    int state; /* counted from NL_SUBSCRIPTION_PENDING; -1: any */
    int format;
    const char *output, *subject, *where, *segment;
    bool for_spreadsheet;
};

/* Everything about one person, for a person who asks what is known of them. */
static enum nl_status export_subject(struct cli *cli, const char *text, FILE *out,
                                     struct nl_error *err) {
    const struct nl_who who = {.address = text};
    const struct nl_office office = cli_office(cli);
    json_t *object = NULL;
    enum nl_status status = nl_office_subscriber_history(&office, &who, 0, &object, err);
    bool shown = status == NL_OK && cli->json && out == stdout;
    if (shown)
        cli_print_json(cli, json_incref(object));
    else if (status == NL_OK &&
             (json_dumpf(object, out, JSON_INDENT(2)) != 0 || putc('\n', out) == EOF))
        status = nl_error_set(err, NL_IO, "writing failed: is the disk full?");
    json_decref(object);
    return status;
}

static enum nl_transfer_format format_of(const struct cli *cli,
                                         const struct export_options *chosen) {
    if (cli->json && chosen->output == NULL)
        return NL_FORMAT_JSON;
    return chosen->format == JSONL ? NL_FORMAT_JSONL : NL_FORMAT_CSV;
}

static enum nl_status export_members(struct cli *cli, const struct export_options *chosen,
                                     FILE *out, size_t *count, struct nl_error *err) {
    struct nl_member_filter filter = {
        .state = (enum nl_subscription_state)(NL_SUBSCRIPTION_PENDING + chosen->state)};
    struct nl_segment *segment = NULL;
    struct nl_list list = {0};
    const struct nl_export_options options = {.format = format_of(cli, chosen),
                                              .for_spreadsheet = chosen->for_spreadsheet};
    enum nl_status status = NL_OK;
    if (chosen->list != NULL)
        status = nl_list_find(cli->store, chosen->list, &list, err);
    if (status == NL_OK)
        status = cli_segment(cli, chosen->where, chosen->segment, &segment, NULL, err);
    filter.list = list.id;
    filter.segment = segment;
    if (status == NL_OK)
        status = nl_export_file(cli->store, &filter, &options, out, count, err);
    if (status == NL_OK && cli_is_interactive())
        fprintf(stderr, "%zu subscriptions\n", *count);
    nl_segment_free(segment);
    nl_list_free(&list);
    return status;
}

static enum nl_status export_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct export_options *chosen = options;
    struct nl_file_output output = {0};
    FILE *out = stdout;
    size_t count = 0;
    if (cli->json && chosen->output == NULL &&
        (chosen->format != UNSAID || chosen->for_spreadsheet))
        return cli_usage_error(cli, err,
                               "--json prints the subscribers as JSON: --format and "
                               "--for-spreadsheet go with it when there is --output");
    if (chosen->for_spreadsheet && chosen->format == JSONL)
        return cli_usage_error(cli, err, "--for-spreadsheet is for CSV: leave --format out");
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK && chosen->output != NULL) {
        status = cli_begin_output(cli, chosen->output, &output, err);
        out = output.stream;
    }
    if (status == NL_OK)
        status = chosen->subject != NULL ? export_subject(cli, chosen->subject, out, err)
                                         : export_members(cli, chosen, out, &count, err);
    enum nl_status ended = nl_file_end(&output, status == NL_OK, status == NL_OK ? err : NULL);
    if (status != NL_OK || ended != NL_OK)
        return status != NL_OK ? status : ended;
    cli->printed = cli->json;
    if (cli->json && chosen->output != NULL && chosen->subject == NULL)
        cli_print_json(cli, json_pack("{s:s, s:I}", "file", chosen->output, "subscriptions",
                                      (json_int_t)count));
    else if (cli->json && chosen->output != NULL)
        cli_print_json(cli, json_pack("{s:s}", "file", chosen->output));
    return NL_OK;
}

static const struct cli_option export_table[] = {
    CLI_TEXT("list", struct export_options, list),
    CLI_CHOICE("state", struct export_options, state,
               nl_subscription_state_words + NL_SUBSCRIPTION_PENDING),
    CLI_CHOICE("format", struct export_options, format, formats),
    CLI_PATH("output", struct export_options, output),
    CLI_TEXT("subject", struct export_options, subject),
    CLI_TEXT("where", struct export_options, where),
    CLI_TEXT("segment", struct export_options, segment),
    CLI_FLAG("for-spreadsheet", struct export_options, for_spreadsheet),
    {0},
};

const struct cli_command cmd_export = {
    .name = "export",
    .options = export_table,
    .size = sizeof(struct export_options),
    .defaults = &(const struct export_options){.state = -1, .format = UNSAID},
    .run = export_run,
};
