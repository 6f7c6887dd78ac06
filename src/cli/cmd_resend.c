#include "cli/cli.h"

#include "newsletter/base/zone.h"
#include "newsletter/service/issues.h"

struct resend_options {
    enum { NO_STATE = -1, BOUNCED, FAILED, UNKNOWN } state;
    const char *reply, *since;
    bool yes;
};

struct resend_call {
    const struct resend_options *chosen;
    struct nl_issue_resend resend;
};

static const char *const states[] = {"bounced", "failed", "unknown", NULL};

static const char *people(int64_t count) {
    return count == 1 ? "person" : "people";
}

static enum nl_status confirm(const struct cli *cli, const struct resend_call *call,
                              const struct nl_issue *issue, const struct nl_issue_resent *counts,
                              bool *agreed, struct nl_error *err) {
    FILE *out = cli->json ? stderr : stdout;
    fprintf(out, "Issue %s: %lld %s with a delivery that is %s%s%s%s\n", issue->slug,
            (long long)counts->people, people(counts->people), states[call->chosen->state],
            call->chosen->reply != NULL ? " and a reply like '" : "",
            call->chosen->reply != NULL ? call->chosen->reply : "",
            call->chosen->reply != NULL ? "'" : "");
    if (counts->ended > 0)
        fprintf(out, "Left out: %lld whose subscription has ended since\n",
                (long long)counts->ended);
    if (counts->people == 0)
        return nl_error_set(err, NL_NOTFOUND,
                            "nobody is left to send it to: see 'newsletter "
                            "status %s'",
                            issue->slug);
    if (call->chosen->state == UNKNOWN)
        fputs("Some of them may have received it already: the run ended before the server "
              "answered.\n",
              out);
    return cli_confirm(cli, call->chosen->yes, "Send the issue to them again?", agreed, err);
}

static enum nl_status resend_issue(struct cli *cli, const struct nl_issue *issue, void *ctx,
                                   struct nl_error *err) {
    struct resend_call *call = ctx;
    const struct nl_office office = cli_office(cli);
    struct nl_issue_resent counts = {0};
    bool agreed = false;
    call->resend.issue = issue->id;
    if (issue->state == NL_ISSUE_CANCELLED)
        return cli_refused(issue, NL_ACTION_REFUSED, issue->state, err);
    call->resend.count_only = true;
    enum nl_status status = nl_office_issue_resend(&office, &call->resend, &counts, err);
    if (status == NL_OK)
        status = confirm(cli, call, issue, &counts, &agreed, err);
    call->resend.count_only = false;
    if (status == NL_OK && agreed)
        status = nl_office_issue_resend(&office, &call->resend, &counts, err);
    if (status == NL_OK && cli->json)
        cli_print_change(cli, issue, agreed ? "queued" : "declined",
                         json_pack("{s:s, s:I, s:I}", "state", states[call->chosen->state],
                                   "people", (json_int_t)counts.people, "ended",
                                   (json_int_t)counts.ended));
    else if (status == NL_OK && !agreed)
        puts("Nothing was sent.");
    else if (status == NL_OK)
        printf("%lld %s queued again: 'newsletter %s' sends them\n", (long long)counts.people,
               counts.people == 1 ? "delivery is" : "deliveries are",
               issue->state == NL_ISSUE_PAUSED ? "resume" : "retry");
    return status;
}

static enum nl_status resend_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct resend_options *chosen = options;
    struct resend_call call = {.chosen = chosen, .resend = {.reply = chosen->reply}};
    if (chosen->state == NO_STATE)
        return cli_usage_error(cli, err, "give --state: bounced, failed or unknown");
    call.resend.state = states[chosen->state];
    if (chosen->since != NULL &&
        nl_zone_read(chosen->since, NULL, &call.resend.since, err) != NL_OK) {
        err->status = NL_USAGE;
        return nl_error_context(err, "--since");
    }
    return cli_on_issue(cli, cli->words[0], resend_issue, &call, err);
}

static const struct resend_options no_options = {.state = NO_STATE};

static const struct cli_option resend_table[] = {
    CLI_CHOICE("state", struct resend_options, state, states),
    CLI_TEXT("reply", struct resend_options, reply),
    CLI_TEXT("since", struct resend_options, since),
    CLI_FLAG("yes", struct resend_options, yes),
    {0},
};

const struct cli_command cmd_resend = {
    .name = "resend",
    .options = resend_table,
    .size = sizeof(struct resend_options),
    .defaults = &no_options,
    .run = resend_run,
    .words = {1, 1, "one ISSUE"},
};
