#include "newsletter/service/issues.h"

#include "newsletter/store/issue.h"
#include "newsletter/store/resend.h"

enum nl_status nl_office_issue_control(const struct nl_office *office, int64_t issue,
                                       enum nl_issue_action action, const char *note,
                                       struct nl_issue_change *out, struct nl_error *err) {
    const char *why = action != NL_ISSUE_PAUSE ? NULL : note != NULL ? note : "by hand";
    return nl_issue_control(office->store, issue, action, why, office->by, out, err);
}

static enum nl_status note_state(const struct nl_issue_summary *issue, void *ctx,
                                 struct nl_error *err) {
    (void)err;
    *(enum nl_issue_state *)ctx = issue->state;
    return NL_OK;
}

static enum nl_status check(const struct nl_office *office, int64_t issue, struct nl_error *err) {
    const struct nl_issue_filter filter = {.id = issue};
    enum nl_issue_state state = NL_ISSUE_ANY;
    enum nl_status status = nl_issue_summaries(office->store, &filter, note_state, &state, err);
    if (status == NL_OK && state == NL_ISSUE_ANY)
        return nl_error_set(err, NL_NOTFOUND, "there is no such issue");
    if (status == NL_OK && state == NL_ISSUE_CANCELLED)
        return nl_error_set(err, NL_EXISTS, "the issue is cancelled already");
    return status;
}

enum nl_status nl_office_issue_resend(const struct nl_office *office,
                                      const struct nl_issue_resend *resend,
                                      struct nl_issue_resent *out, struct nl_error *err) {
    struct nl_resend wanted = {
        .issue = resend->issue, .reply = resend->reply, .since = resend->since};
    struct nl_resend_counts counts = {0};
    *out = (struct nl_issue_resent){0};
    if (!nl_delivery_state_parse(resend->state, &wanted.state) ||
        (wanted.state != NL_DELIVERY_BOUNCED && wanted.state != NL_DELIVERY_FAILED &&
         wanted.state != NL_DELIVERY_UNKNOWN))
        return nl_error_set(err, NL_DATA, "the state to send again is bounced, failed or unknown");
    enum nl_status status = check(office, resend->issue, err);
    if (status == NL_OK)
        status = resend->count_only ? nl_resend_count(office->store, &wanted, &counts, err)
                                    : nl_resend(office->store, &wanted, &counts, err);
    *out = (struct nl_issue_resent){counts.people, counts.ended};
    return status;
}
