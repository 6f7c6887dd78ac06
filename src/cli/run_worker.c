#include "cli/cli.h"

#include "newsletter/base/log.h"
#include "newsletter/delivery/worker.h"

static void report(const char *what, const struct nl_run_summary *summary, void *ctx) {
    struct nl_error problem = {0};
    (void)ctx;
    if (cli_report(summary, what, &problem) != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "%s: %s", what, nl_error_text(&problem));
    nl_error_free(&problem);
    fflush(stdout);
}

static void trouble(const char *text, int64_t again, void *ctx) {
    (void)ctx;
    nl_log(NL_LOG_ERROR, NULL, "%s; again in %lld s", text, (long long)again);
}

enum nl_status cli_work(struct cli *cli, struct nl_error *err) {
    const struct nl_worker_options options = {
        .stop = &cli_stop, .report = report, .trouble = trouble};
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = cli_connect(cli, err);
    if (status != NL_OK)
        return status;
    cli_catch_signals();
    return nl_worker_run(cli->store, &cli->config, cli->relay, &options, err);
}
