#include "cli/send_call.h"

#include "newsletter/service/issue_progress.h"

#include <string.h>

/* Looks for the issue in the store; also under the slug that an earlier version gave it, if it has
 * the same title there: else an issue that was begun before an upgrade would go out twice. */
static enum nl_status find_known(struct cli *cli, struct send_call *call, struct nl_error *err) {
    const struct nl_issue *issue = &call->bulletin.issue;
    enum nl_status status =
        nl_issue_find(cli->store, call->list.id, issue->slug, &call->found, &call->known, err);
    if (status != NL_OK || call->found || call->bulletin.former_slug == NULL ||
        strcmp(call->bulletin.former_slug, issue->slug) == 0)
        return status;
    status = nl_issue_find(cli->store, call->list.id, call->bulletin.former_slug, &call->found,
                           &call->known, err);
    if (status == NL_OK && call->found && strcmp(call->known.title, issue->title) != 0) {
        nl_issue_free(&call->known);
        call->known = (struct nl_issue){0};
        call->found = false;
    }
    return status;
}

static enum nl_status refuse_other_content(const struct send_call *call, const char *when,
                                           struct nl_error *err) {
    char at[CLI_TIME_LEN];
    const char *slug = call->known.slug;
    cli_format_time(call->known.scheduled_at, at);
    if (call->known.state == NL_ISSUE_SCHEDULED)
        return nl_error_set(err, NL_EXISTS,
                            "%s: issue '%s' is scheduled for %s with other content: to send this "
                            "text in its place, run 'newsletter cancel %s' and send it again",
                            call->path, slug, at, slug);
    if (call->known.state == NL_ISSUE_CANCELLED)
        return nl_error_set(err, NL_EXISTS,
                            "%s: issue '%s' was cancelled, with other content: give this one "
                            "another number or slug",
                            call->path, slug);
    if (call->known.state != NL_ISSUE_SENT)
        return nl_error_set(err, NL_EXISTS,
                            "%s: issue '%s' is %s since %s with other content: give this one "
                            "another number or slug, or undo the changes to go on with it",
                            call->path, slug, nl_issue_state_text(call->known.state), when);
    return nl_error_set(err, NL_EXISTS,
                        "%s: issue '%s' was sent on %s with other content: give this one another "
                        "number or slug",
                        call->path, slug, when);
}

/* The errors that need no count. */
static enum nl_status check_known(const struct send_call *call, struct nl_error *err) {
    const struct nl_issue *known = &call->known;
    char when[CLI_TIME_LEN];
    cli_format_time(known->created_at, when);
    if (strcmp(known->digest, call->bulletin.issue.digest) != 0)
        return refuse_other_content(call, when, err);
    if (known->state == NL_ISSUE_SCHEDULED) {
        cli_format_time(known->scheduled_at, when);
        return nl_error_set(err, NL_EXISTS,
                            "%s: issue '%s' is scheduled for %s: to change that, run 'newsletter "
                            "cancel %s' and send it again",
                            call->path, known->slug, when, known->slug);
    }
    if (known->state == NL_ISSUE_CANCELLED)
        return nl_error_set(err, NL_EXISTS, "%s: issue '%s' was cancelled", call->path,
                            known->slug);
    if (call->chosen->at != NULL)
        return nl_error_set(err, NL_EXISTS, "%s: issue '%s' goes out already", call->path,
                            known->slug);
    return NL_OK;
}

/* Whether the issue is to go to people beyond those that it was sent to. Repeating the command of
 * an interrupted run only finishes it. */
static enum nl_status read_extension(struct cli *cli, struct send_call *call,
                                     struct nl_error *err) {
    const char *wanted = call->bulletin.issue.segment;
    struct nl_issue_plan plan = {0};
    call->extends = call->chosen->rest || wanted != NULL;
    if (!call->extends || call->chosen->rest || call->known.state == NL_ISSUE_SENT)
        return NL_OK;
    enum nl_status status = nl_issue_read_plan(cli->store, call->known.id, &plan, err);
    if (status == NL_OK)
        call->extends = plan.segment == NULL || strcmp(plan.segment, wanted) != 0;
    nl_issue_plan_free(&plan);
    return status;
}

static enum nl_status nothing_left(const struct send_call *call, struct nl_error *err) {
    char when[CLI_TIME_LEN];
    cli_format_time(call->known.created_at, when);
    return call->extends
               ? nl_error_set(
                     err, NL_EXISTS,
                     "%s: everybody in the audience has received issue '%s': nobody is left",
                     call->path, call->known.slug)
               : nl_error_set(err, NL_EXISTS,
                              "%s: issue '%s' was sent on %s: nothing is left to send (see "
                              "'newsletter status %s'). --rest sends it to everybody on the list "
                              "who has not received it",
                              call->path, call->known.slug, when, call->known.slug);
}

static enum nl_status count_known(struct cli *cli, struct send_call *call, struct nl_error *err) {
    const struct nl_office office = cli_office(cli);
    int64_t unknown = 0;
    int64_t meant = 0;
    int64_t further = 0;
    int64_t unmade = 0;
    enum nl_status status = nl_issue_left(cli->store, call->known.id, &call->people, &unknown, err);
    if (status == NL_OK)
        status = read_extension(cli, call, err);
    if (status == NL_OK && call->extends)
        status = nl_issue_audience(cli->store, call->list.id, call->segment, &meant, err);
    if (status == NL_OK && call->extends)
        status = nl_issue_further(cli->store, call->known.id, call->segment, &further, err);
    if (status == NL_OK && call->extends)
        status = nl_office_issue_unmade(&office, call->known.id, &unmade, err);
    if (status != NL_OK)
        return status;
    call->had_already = meant > further + unmade ? meant - further - unmade : 0;
    call->people += further + (call->chosen->resend_unknown ? unknown : 0);
    return call->people == 0 && (call->extends || call->known.state == NL_ISSUE_SENT)
               ? nothing_left(call, err)
               : NL_OK;
}

enum nl_status cli_send_audience(struct cli *cli, struct send_call *call, struct nl_error *err) {
    enum nl_status status = find_known(cli, call, err);
    if (status == NL_OK && call->found) {
        status = check_known(call, err);
        return status == NL_OK ? count_known(cli, call, err) : status;
    }
    if (status == NL_OK)
        status = nl_issue_audience(cli->store, call->list.id, call->segment, &call->people, err);
    if (status == NL_OK && call->people == 0 && call->chosen->at == NULL)
        return nl_error_set(err, NL_DATA,
                            "list %s has no active subscription%s: nobody to send it to",
                            call->list.name, call->segment != NULL ? " in that segment" : "");
    return status;
}
