#include "cli/send_call.h"

#include "newsletter/base/memory.h"
#include "newsletter/base/zone.h"
#include "newsletter/bulletin/genuine.h"
#include "newsletter/service/audience.h"
#include "newsletter/service/issue_canary.h"
#include "newsletter/service/issues.h"

#include <stdlib.h>
#include <string.h>

/* When it is to go out: with --local-time, when the first clocks on Earth show the hour. */
static enum nl_status read_time(struct cli *cli, struct send_call *call, struct nl_error *err) {
    struct nl_issue *issue = &call->bulletin.issue;
    int64_t now = nl_store_now(cli->store);
    if (call->chosen->at == NULL)
        return call->chosen->timezone == NULL && !call->chosen->local_time
                   ? NL_OK
                   : nl_error_set(err, NL_USAGE, "--timezone and --local-time go with --at");
    if (call->chosen->timezone != NULL && call->chosen->local_time)
        return nl_error_set(err, NL_USAGE, "--timezone or --local-time: give one");
    if (nl_zone_read(call->chosen->at, call->chosen->local_time ? "UTC" : call->chosen->timezone,
                     &issue->scheduled_at, err) != NL_OK) {
        err->status = NL_USAGE;
        return nl_error_context(err, "--at");
    }
    if (call->chosen->local_time) {
        issue->scheduled_at -= (int64_t)NL_ZONE_FIRST * 3600;
        issue->local_time = nl_strdup(call->chosen->at);
    }
    return issue->scheduled_at > now
               ? NL_OK
               : nl_error_set(err, NL_USAGE, "--at '%s' is past%s", call->chosen->at,
                              call->chosen->local_time ? " somewhere on Earth, or will be at once"
                                                       : "");
}

/* How an alternative subject is tried: as the configuration says, or the options. */
static enum nl_status read_subject_plan(struct cli *cli, struct send_call *call,
                                        struct nl_error *err) {
    struct nl_issue *issue = &call->bulletin.issue;
    const struct send_options *chosen = call->chosen;
    issue->test = cli->config.subject_test;
    if (issue->alternative_subject == NULL)
        return chosen->sample == 0 && chosen->wait < 0 && chosen->rule < 0
                   ? NL_OK
                   : cli_usage_error(cli, err,
                                     "%s has no alternative_subject: --sample, --decide-after and "
                                     "--winner need one",
                                     call->path);
    if (chosen->local_time)
        return cli_usage_error(
            cli, err,
            "%s: subjects are tested on a sample first: that cannot be combined with --local-time",
            call->path);
    if (chosen->sample > 0)
        issue->test.share = chosen->sample;
    if (chosen->wait >= 0)
        issue->test.wait = chosen->wait;
    if (chosen->rule >= 0)
        issue->test.rule = chosen->rule;
    return NL_OK;
}

static enum nl_status read_canary(struct cli *cli, struct send_call *call, struct nl_error *err) {
    struct nl_issue *issue = &call->bulletin.issue;
    const char *text = call->chosen->canary;
    if (text == NULL)
        return NL_OK;
    if (!nl_office_canary_choose(text, issue))
        return cli_usage_error(
            cli, err, "--canary '%s' is neither a share such as 1%% nor a number of people", text);
    return NL_OK;
}

static enum nl_status sign_and_create(struct cli *cli, struct send_call *call, int64_t *count,
                                      struct nl_error *err) {
    enum nl_status status =
        nl_bulletin_sign(&call->bulletin, &call->list, &cli->config, nl_store_now(cli->store), err);
    return status == NL_OK
               ? nl_issue_create_by(cli->store, &call->bulletin.issue, cli_actor(cli), count, err)
               : status;
}

static enum nl_status schedule(struct cli *cli, struct send_call *call, struct nl_error *err) {
    int64_t count = 0;
    enum nl_status status = sign_and_create(cli, call, &count, err);
    if (status == NL_OK && cli->json)
        cli_print_change(cli, &call->bulletin.issue, "scheduled",
                         json_pack("{s:o, s:O}", "at",
                                   cli_json_time(call->bulletin.issue.scheduled_at), "plan",
                                   call->plan));
    else if (status == NL_OK)
        puts("Scheduled: 'newsletter retry' (cron) sends it when it is time.");
    return status;
}

static enum nl_status start_sending(struct cli *cli, struct send_call *call, struct nl_error *err) {
    int64_t count = 0;
    const struct nl_issue *issue = &call->bulletin.issue;
    enum nl_status status = cli_connect(cli, err);
    if (status == NL_OK && !call->found) {
        status = sign_and_create(cli, call, &count, err);
    } else if (status == NL_OK) {
        issue = &call->known; /* composed as it was when it began */
        const struct nl_office office = cli_office(cli);
        const struct nl_issue_resend unknown = {.issue = issue->id, .state = "unknown"};
        struct nl_issue_resent counts = {0};
        if (call->chosen->resend_unknown)
            status = nl_office_issue_resend(&office, &unknown, &counts, err);
        if (status == NL_OK && call->extends)
            status = nl_issue_extend(cli->store, issue->id, call->bulletin.issue.segment,
                                     &call->bulletin.issue.canary, &count, err);
    }
    return status == NL_OK ? cli_send_issue(cli, issue, call->people, call->plan, err) : status;
}

/* Errors are for the author to correct before anybody gets the issue; of one that is under way they
 * are only told. */
static enum nl_status refuse_errors(const struct send_call *call, struct nl_error *err) {
    if (call->errors == 0 || call->found || call->chosen->despite_errors)
        return NL_OK;
    return nl_error_set(err, NL_DATA,
                        "%s: %zu error%s, nothing was sent: correct %s ('newsletter check'), or "
                        "send it with --despite-errors",
                        call->path, call->errors, call->errors == 1 ? "" : "s",
                        call->errors == 1 ? "it" : "them");
}

/* Says that nothing went out, on purpose. */
static void tell_unsent(struct cli *cli, const struct send_call *call, const char *result,
                        const char *text) {
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s, s:O}", "issue", call->bulletin.issue.slug,
                                      "result", result, "plan", call->plan));
    else
        puts(text);
}

static enum nl_status ask_and_send(struct cli *cli, struct send_call *call, struct nl_error *err) {
    char question[64];
    bool agreed = false;
    snprintf(question, sizeof question, "%s it to %lld people?",
             call->chosen->at != NULL ? "Schedule" : "Send", (long long)call->people);
    enum nl_status status = refuse_errors(call, err);
    if (status == NL_OK && call->chosen->dry_run) {
        tell_unsent(cli, call, "planned", "Nothing was sent (--dry-run).");
        return NL_OK;
    }
    if (status == NL_OK)
        status = cli_confirm(cli, call->chosen->yes, question, &agreed, err);
    if (status == NL_OK && !agreed)
        puts("Nothing was sent.");
    if (status != NL_OK || !agreed)
        return status;
    return call->chosen->at != NULL ? schedule(cli, call, err) : start_sending(cli, call, err);
}

/* Options that do not go together. */
static enum nl_status check_options(const struct cli *cli, const struct send_options *chosen,
                                    struct nl_error *err) {
    if (chosen->worker && (cli->word_count > 0 || cli->option_count > 1))
        return cli_usage_error(cli, err,
                               "--worker cannot be combined with other options or an issue: it "
                               "sends all that there is to send");
    if (!chosen->worker && cli->word_count == 0)
        return cli_usage_error(cli, err, "expected one ISSUE.md");
    if (cli->json && !chosen->yes && !chosen->dry_run && !chosen->worker && chosen->test == NULL)
        return cli_usage_error(cli, err,
                               "with --json there is no question: say --yes, or look at the plan "
                               "with --dry-run");
    if (chosen->rest && (chosen->where != NULL || chosen->segment != NULL ||
                         chosen->language != NULL || chosen->at != NULL))
        return cli_usage_error(cli, err,
                               "--rest means everybody on the list, now: it cannot be combined "
                               "with --where, --segment, --language and --at");
    return NL_OK;
}

static const struct send_options no_options = {.wait = -1, .rule = -1};

static enum nl_status read_audience(struct cli *cli, struct send_call *call, struct nl_error *err) {
    const struct send_options *chosen = call->chosen;
    const struct nl_office office = cli_office(cli);
    const struct nl_audience audience = {chosen->segment, chosen->where, chosen->language};
    const char *const given[] = {chosen->segment, chosen->where, chosen->language};
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
        if (given[i] != NULL && given[i][0] == '\0') /* a variable of a script that is not set */
            return cli_usage_error(cli, err,
                                   "--segment, --where and --language are not empty: leave them "
                                   "out to send to everybody");
    return nl_office_audience(&office, &audience, &call->segment, &call->bulletin.issue.segment,
                              err);
}

static enum nl_status send_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct send_options *chosen = options;
    struct send_call call = {
        .chosen = chosen, .path = cli->words[0], .plan = cli->json ? json_object() : NULL};
    enum nl_status status = check_options(cli, chosen, err);
    if (status == NL_OK && chosen->worker)
        return cli_work(cli, err);
    if (status == NL_OK)
        status = cli_compose(cli, call.path, chosen->list, &call.list, &call.bulletin, err);
    if (status == NL_OK)
        status = read_audience(cli, &call, err);
    if (status == NL_OK)
        status = read_time(cli, &call, err);
    if (status == NL_OK)
        status = read_subject_plan(cli, &call, err);
    if (status == NL_OK)
        status = read_canary(cli, &call, err);
    if (status == NL_OK && chosen->test != NULL) {
        status = cli_send_copy(cli, &call, err);
    } else if (status == NL_OK) {
        call.bulletin.issue.state = NL_ISSUE_SENDING;
        status = cli_send_audience(cli, &call, err);
        if (status == NL_OK)
            status = cli_send_plan(cli, &call, err);
        if (status == NL_OK)
            status = ask_and_send(cli, &call, err);
    }
    json_decref(call.plan);
    nl_issue_free(&call.known);
    nl_bulletin_free(&call.bulletin);
    nl_list_free(&call.list);
    nl_segment_free(call.segment);
    return status;
}

static const struct cli_option send_table[] = {
    CLI_TEXT("list", struct send_options, list),
    CLI_TEXT("test", struct send_options, test),
    CLI_FLAG("dry-run", struct send_options, dry_run),
    CLI_FLAG("yes", struct send_options, yes),
    CLI_FLAG("despite-errors", struct send_options, despite_errors),
    CLI_FLAG("rest", struct send_options, rest),
    CLI_FLAG("resend-unknown", struct send_options, resend_unknown),
    CLI_TEXT("where", struct send_options, where),
    CLI_TEXT("segment", struct send_options, segment),
    CLI_TEXT("language", struct send_options, language),
    CLI_TEXT("at", struct send_options, at),
    CLI_TEXT("timezone", struct send_options, timezone),
    CLI_FLAG("local-time", struct send_options, local_time),
    CLI_NUMBER("sample", struct send_options, sample, 1, 100),
    CLI_DURATION("decide-after", struct send_options, wait),
    CLI_CHOICE("winner", struct send_options, rule, nl_subject_rules),
    CLI_TEXT("canary", struct send_options, canary),
    CLI_FLAG("worker", struct send_options, worker),
    {0},
};

const struct cli_command cmd_send = {
    .name = "send",
    .options = send_table,
    .size = sizeof(struct send_options),
    .defaults = &no_options,
    .run = send_run,
    .words = {0, 1, "one ISSUE.md"},
};
