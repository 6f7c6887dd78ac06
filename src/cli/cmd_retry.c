#include "cli/cli.h"

#include "newsletter/service/issues.h"
#include "newsletter/service/reconfirming.h"
#include "newsletter/service/upkeep.h"
#include "newsletter/service/webhooks.h"

#include "newsletter/base/log.h"
#include "newsletter/delivery/service.h"

struct retry_call {
    struct cli *cli;
    json_t *runs, *busy, *paused; /* for --json */
    enum nl_status worst; /* of the runs; an issue that fails does not keep the others waiting */
};

static bool did_anything(const struct nl_run_summary *summary) {
    return nl_run_tried(&summary->counts) + summary->recovered_unknown > 0 || summary->stopped;
}

static void report(const struct nl_issue *issue, const struct nl_run_summary *summary, void *ctx) {
    struct retry_call *call = ctx;
    struct nl_error problem = {0};
    const char *what = issue != NULL ? issue->slug : "notices";
    const struct nl_log_field fields[] = {{issue != NULL ? "ISSUE" : NULL, what}, {0}};
    if (!did_anything(summary))
        return;
    json_t *facts = NULL;
    enum nl_status outcome = call->cli->json ? cli_report_facts(summary, issue, &facts, &problem)
                                             : cli_report(summary, what, &problem);
    if (facts != NULL)
        json_array_append_new(call->runs, facts);
    if (outcome != NL_OK)
        nl_log(NL_LOG_ERROR, fields, "%s: %s", what, nl_error_text(&problem));
    if (call->worst == NL_OK)
        call->worst = outcome;
    nl_error_free(&problem);
}

static void name_busy(const struct nl_issue *issue, const char *text, void *ctx) {
    struct retry_call *call = ctx;
    json_array_append_new(call->busy, json_string(issue->slug));
    fprintf(stderr, "%s\n", text);
}

static enum nl_status name_paused(const struct nl_issue *issue, void *ctx, struct nl_error *err) {
    struct retry_call *call = ctx;
    (void)err;
    json_array_append_new(call->paused, json_string(issue->slug));
    fprintf(stderr, "issue %s is paused: %s; send it again to go on\n", issue->slug,
            issue->pause_note != NULL ? issue->pause_note : NL_PAUSED_BY_HAND);
    return NL_OK;
}

static enum nl_status ask_again(struct cli *cli, int64_t *ended, struct nl_error *err) {
    const struct nl_office office = cli_office(cli);
    enum nl_status status = nl_office_sunset(&office, ended, err);
    if (*ended > 0 && !cli->json)
        printf("%lld subscription%s ended: not reconfirmed\n", (long long)*ended,
               *ended == 1 ? "" : "s");
    return status;
}

static enum nl_status work(struct retry_call *call, int64_t *ended, struct nl_error *err) {
    struct cli *cli = call->cli;
    const struct nl_service service = {.store = cli->store,
                                       .config = &cli->config,
                                       .relay = cli->relay,
                                       .work = NL_SERVICE_ALL,
                                       .stop = &cli_stop,
                                       .report = report,
                                       .busy = name_busy,
                                       .ctx = call};
    struct nl_service_pass pass = {0};
    /* Paused issues are named before the pass pauses further ones. */
    enum nl_status status = nl_issue_each(cli->store, NL_ISSUE_PAUSED, name_paused, call, err);
    if (status == NL_OK)
        status = nl_service_run(&service, &pass, err);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_webhooks_pass(&office, &cli_stop, err);
    if (status == NL_OK)
        status = ask_again(cli, ended, err);
    if (status == NL_OK)
        status = nl_office_prune_daily(&office, err);
    return status == NL_OK ? call->worst : status;
}

static enum nl_status retry_all(struct cli *cli, struct nl_error *err) {
    struct retry_call call = {
        .cli = cli, .runs = json_array(), .busy = json_array(), .paused = json_array()};
    int64_t ended = 0;
    enum nl_status status = work(&call, &ended, err);
    if (cli->json && err->text == NULL)
        cli_print_json(cli, json_pack("{s:O, s:O, s:O, s:I}", "runs", call.runs, "busy", call.busy,
                                      "paused", call.paused, "not_reconfirmed", (json_int_t)ended));
    json_decref(call.runs);
    json_decref(call.busy);
    json_decref(call.paused);
    return status;
}

static enum nl_status retry_run(struct cli *cli, void *options, struct nl_error *err) {
    int64_t holder = 0;
    (void)options;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = cli_connect(cli, err);
    if (status == NL_OK && nl_store_lock(cli->store, NL_LOCK_RETRY, &holder, err) != NL_OK)
        status = err->status == NL_BUSY
                     ? nl_error_set(err, NL_BUSY,
                                    "newsletter retry is running already, as process %lld: let it "
                                    "finish",
                                    (long long)holder)
                     : err->status;
    if (status != NL_OK)
        return status;
    cli_catch_signals();
    status = cli_read_seeds(cli, err);
    if (status != NL_OK)
        return status;
    cli_confine(cli, NULL);
    return retry_all(cli, err);
}

const struct cli_command cmd_retry = {.name = "retry", .run = retry_run};
