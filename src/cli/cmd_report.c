#include "cli/cli.h"

#include "newsletter/base/file.h"
#include "newsletter/report/metrics.h"
#include "newsletter/report/report.h"

#include <string.h>

enum { OPT_LIST = 1, OPT_JSON, OPT_HTML, OPT_OUTPUT, OPT_LANGUAGE, OPT_METRICS };

struct call {
    const char *list, *output, *language, *wanted;
    enum nl_report_form form;
    bool metrics;
    int64_t issue;
    size_t found;
};

static enum nl_status find(const struct nl_issue_summary *issue, void *ctx, struct nl_error *err) {
    struct call *call = ctx;
    const struct nl_issue known = {
        .id = issue->id, .slug = (char *)issue->slug, .number = (char *)issue->number};
    (void)err;
    if (!cli_is_issue(&known, call->wanted))
        return NL_OK;
    call->issue = issue->id;
    call->found++;
    return NL_OK;
}

static enum nl_status find_issue(struct cli *cli, struct call *call, struct nl_error *err) {
    const struct nl_issue_filter filter = {.list = call->list};
    enum nl_status status = nl_issue_summaries(cli->store, &filter, find, call, err);
    if (status == NL_OK && call->found == 0)
        return nl_error_set(err, NL_NOTFOUND,
                            "no issue '%s' has been sent: 'newsletter status' lists them",
                            call->wanted);
    if (status == NL_OK && call->found > 1)
        return nl_error_set(err, NL_USAGE, "%zu issues are called '%s': give --list, or the id",
                            call->found, call->wanted);
    return status;
}

/* What tells of people is nobody else's to read; what Prometheus reads has to be readable. */
static enum nl_status put(const struct call *call, const struct nl_buf *text,
                          struct nl_error *err) {
    if (call->output != NULL)
        return nl_file_write(call->output, nl_buf_text(text), text->len, !call->metrics, err);
    fputs(nl_buf_text(text), stdout);
    return NL_OK;
}

static const struct option long_options[] = {{"list", required_argument, NULL, OPT_LIST},
                                             {"json", no_argument, NULL, OPT_JSON},
                                             {"html", no_argument, NULL, OPT_HTML},
                                             {"output", required_argument, NULL, OPT_OUTPUT},
                                             {"language", required_argument, NULL, OPT_LANGUAGE},
                                             {"metrics", no_argument, NULL, OPT_METRICS},
                                             {0}};

static enum nl_status run(struct cli *cli, int argc, char **argv, struct nl_error *err) {
    struct call call = {.language = "en"};
    struct nl_buf text = {0};
    for (int option = 0; (option = cli_option(argc, argv, long_options, err)) != -1;) {
        if (option == '?')
            return NL_USAGE;
        if (option == OPT_LIST)
            call.list = optarg;
        else if (option == OPT_OUTPUT)
            call.output = optarg;
        else if (option == OPT_LANGUAGE)
            call.language = optarg;
        else if (option == OPT_METRICS)
            call.metrics = true;
        else
            call.form = option == OPT_JSON ? NL_REPORT_JSON : NL_REPORT_HTML;
    }
    enum nl_status status = optind < argc ? cli_words(argc, 1, "one ISSUE at most", err) : NL_OK;
    call.wanted = argv[optind];
    if (status == NL_OK)
        status = cli_open(cli, err);
    if (status == NL_OK && call.metrics)
        status = nl_metrics_write(cli->store, &text, err);
    else if (status == NL_OK && call.wanted != NULL)
        status = find_issue(cli, &call, err);
    if (status == NL_OK && !call.metrics)
        status = nl_report_write(cli->store, &cli->config, call.issue, call.list, call.form,
                                 call.language, &text, err);
    if (status == NL_OK)
        status = put(&call, &text, err);
    nl_buf_free(&text);
    return status;
}

const struct command cmd_report = {
    "report",
    "tell what became of issues, in figures and charts",
    "Usage: newsletter report [ISSUE] [--list NAME] [--json|--html] [--output FILE] [--language "
    "TAG]\n"
    "       newsletter report --metrics [--output FILE]\n"
    "\n"
    "Of an issue (its slug, number or id): deliveries by state, by domain and over time, why "
    "messages\n"
    "came back, who left in the week after. Without one: lists, growth, issues. --html is one "
    "page\n"
    "with charts that needs nothing else. --metrics is for Prometheus, as a textfile of the node\n"
    "exporter; 'serve' answers the same at /metrics to serve.metrics. FILE is replaced in one "
    "step.\n"
    "\n"
    "Example: newsletter report 'Special Issue No 11' --html --output report.html\n",
    run,
    long_options,
    NULL};
