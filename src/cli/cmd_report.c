#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/report/metrics.h"
#include "newsletter/report/provider_report.h"
#include "newsletter/report/report.h"
#include "newsletter/report/reputation.h"

#include <string.h>

struct report_options {
    const char *list, *output, *language;
    bool html, metrics, reputation, providers;
};

struct report_call {
    const struct report_options *chosen;
    const char *wanted;
    struct cli_issue_query query;
    int64_t issue;
    size_t found;
};

static enum nl_status find(const struct nl_issue_summary *issue, void *ctx, struct nl_error *err) {
    struct report_call *call = ctx;
    const struct nl_issue known = {.id = issue->id,
                                   .slug = (char *)issue->slug,
                                   .number = (char *)issue->number,
                                   .title = (char *)issue->title};
    (void)err;
    if (!cli_is_issue(&known, &call->query))
        return NL_OK;
    call->issue = issue->id;
    call->found++;
    return NL_OK;
}

static enum nl_status find_issue(struct cli *cli, struct report_call *call, struct nl_error *err) {
    const struct nl_issue_filter filter = {.list = call->chosen->list};
    enum nl_status status = cli_issue_query(cli, call->wanted, &call->query, err);
    if (status == NL_OK)
        status = nl_issue_summaries(cli->store, &filter, find, call, err);
    cli_issue_query_free(&call->query);
    if (status == NL_OK && call->found == 0)
        return nl_error_set(err, NL_NOTFOUND,
                            "no issue '%s' has been sent: 'newsletter status' lists them",
                            call->wanted);
    if (status == NL_OK && call->found > 1)
        return nl_error_set(err, NL_USAGE, "%zu issues are called '%s': give --list, or the id",
                            call->found, call->wanted);
    return status;
}

/* A report names people, so only its owner may read it; a metrics file must be readable for
 * Prometheus. */
static enum nl_status put(struct cli *cli, const struct report_options *call,
                          const struct nl_buf *text, struct nl_error *err) {
    enum nl_status status = call->output != NULL ? cli_check_output(cli, call->output, err) : NL_OK;
    if (status != NL_OK)
        return status;
    if (call->output != NULL)
        status = nl_file_write(call->output, nl_buf_text(text), text->len, !call->metrics, err);
    if (status == NL_OK && call->output != NULL && cli->json)
        cli_print_json(cli, json_pack("{s:s}", "file", call->output));
    if (status != NL_OK || call->output != NULL)
        return status;
    fputs(nl_buf_text(text), stdout);
    cli->printed = cli->json;
    return NL_OK;
}

static enum nl_status report_run(struct cli *cli, void *options, struct nl_error *err) {
    struct report_call call = {.chosen = options, .wanted = cli->words[0]};
    const struct report_options *chosen = options;
    struct nl_buf text = {0};
    const enum nl_report_form form = cli->json      ? NL_REPORT_JSON
                                     : chosen->html ? NL_REPORT_HTML
                                                    : NL_REPORT_TEXT;
    /* A file is for any width. */
    const size_t columns = chosen->output != NULL ? SIZE_MAX : (size_t)cli_columns();
    bool issues = !chosen->metrics && !chosen->reputation && !chosen->providers;
    const char *alone = chosen->providers ? "providers" : "reputation";
    if (cli->json && (chosen->html || chosen->metrics))
        return cli_usage_error(cli, err, "--json and --%s exclude each other",
                               chosen->html ? "html" : "metrics");
    if ((chosen->reputation || chosen->providers) &&
        (chosen->metrics || (chosen->reputation && chosen->providers) || call.wanted != NULL ||
         chosen->list != NULL || chosen->html))
        return cli_usage_error(cli, err,
                               "--%s is about all lists, as text or with --json: it goes "
                               "with neither ISSUE, --list, --html nor --metrics",
                               alone);
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK && chosen->metrics)
        status = nl_metrics_write(cli->store, &text, err);
    else if (status == NL_OK && chosen->reputation)
        status = nl_reputation_write(cli->store, cli->json, columns, &text, err);
    else if (status == NL_OK && chosen->providers)
        status = nl_provider_report_write(cli->store, cli->json, columns, &text, err);
    else if (status == NL_OK && call.wanted != NULL)
        status = find_issue(cli, &call, err);
    if (status == NL_OK && issues)
        status = nl_report_write(cli->store, &cli->config, call.issue, chosen->list, form,
                                 chosen->language, columns, &text, err);
    if (status == NL_OK)
        status = put(cli, chosen, &text, err);
    nl_buf_free(&text);
    return status;
}

static const struct cli_option report_table[] = {
    CLI_TEXT("list", struct report_options, list),
    CLI_FLAG("html", struct report_options, html),
    CLI_PATH("output", struct report_options, output),
    CLI_TEXT("language", struct report_options, language),
    CLI_FLAG("metrics", struct report_options, metrics),
    CLI_FLAG("reputation", struct report_options, reputation),
    CLI_FLAG("providers", struct report_options, providers),
    {0},
};

const struct cli_command cmd_report = {
    .name = "report",
    .options = report_table,
    .size = sizeof(struct report_options),
    .defaults = &(const struct report_options){.language = "en"},
    .run = report_run,
    .words = {0, 1, "one ISSUE at most"},
};
