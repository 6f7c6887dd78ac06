#include "cli/cli.h"

#include "newsletter/base/log.h"
#include "newsletter/base/on_demand.h"
#include "newsletter/delivery/worker.h"

enum { SLICE = 30 }; /* seconds for one issue, so that the next one and the notices are not late */

static void report(const struct nl_issue *issue, const struct nl_run_summary *summary, void *ctx) {
    const struct cli *cli = ctx;
    struct nl_error problem = {0};
    const char *what = issue != NULL ? issue->slug : "notices";
    json_t *facts = NULL;
    if (nl_run_tried(&summary->counts) + summary->recovered_unknown == 0 &&
        summary->problem.status == NL_OK)
        return;
    if ((cli->json ? cli_report_facts(summary, issue, &facts, &problem)
                   : cli_report(summary, what, &problem)) != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "%s: %s", what, nl_error_text(&problem));
    if (cli->json)
        cli_print_json_line(facts);
    nl_error_free(&problem);
    fflush(stdout);
}

static void waiting(const char *text, int64_t seconds, void *ctx) {
    (void)ctx;
    nl_log(NL_LOG_ERROR, NULL, "%s; again in %lld s", text, (long long)seconds);
}

enum nl_status cli_work(struct cli *cli, struct nl_error *err) {
    nl_on_demand_open_all();
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = cli_connect(cli, err);
    if (status != NL_OK)
        return status;
    const struct nl_service service = {.store = cli->store,
                                       .config = &cli->config,
                                       .relay = cli->relay,
                                       .work = NL_SERVICE_ALL,
                                       .slice = SLICE,
                                       .stop = &cli_stop,
                                       .report = report,
                                       .ctx = cli};
    cli_catch_signals();
    nl_config_read_seed_passwords(&cli->config);
    cli_confine(cli, NULL);
    return nl_worker_run(&service, waiting, err);
}
