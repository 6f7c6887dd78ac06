#include "newsletter/service/issues.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/catalog.h"
#include "newsletter/report/facts.h"
#include "newsletter/store/draft.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/resend.h"

#include <stdlib.h>
#include <string.h>

enum nl_status nl_office_issue_control(const struct nl_office *office, int64_t issue,
                                       enum nl_issue_action action, struct nl_issue_change *out,
                                       struct nl_error *err) {
    const char *why = action == NL_ISSUE_PAUSE ? NL_PAUSED_BY_HAND : NULL;
    return nl_issue_control(office->store, issue, action, why, office->by, out, err);
}

enum nl_status nl_office_issues(const struct nl_office *office, const struct nl_issue_query *query,
                                json_t **out, struct nl_error *err) {
    struct nl_issue_filter filter = {
        .id = query->id, .list = query->list, .before = query->before, .limit = query->limit};
    *out = NULL;
    if (query->state != NULL && !nl_issue_state_parse(query->state, &filter.state))
        return nl_error_set(err, NL_DATA, "there is no state '%s' of an issue", query->state);
    *out = json_array();
    enum nl_status status = nl_facts_issues(office->store, &filter, *out, err);
    if (status != NL_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}

static enum nl_status add_name(const struct nl_issue_summary *issue, void *ctx,
                               struct nl_error *err) {
    return json_array_append_new(ctx, json_string(issue->slug)) == 0 ? NL_OK : nl_error_nomem(err);
}

enum nl_status nl_office_issue_names(const struct nl_office *office, json_t **out,
                                     struct nl_error *err) {
    const struct nl_issue_filter all = {0};
    *out = json_array();
    enum nl_status status = nl_issue_summaries(office->store, &all, add_name, *out, err);
    if (status != NL_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}

static enum nl_status note_list(const struct nl_issue_summary *issue, void *ctx,
                                struct nl_error *err) {
    (void)err;
    char **list = ctx;
    free(*list);
    *list = nl_strdup(issue->list_name);
    return NL_OK;
}

enum nl_status nl_office_issue_list(const struct nl_office *office, int64_t issue, char **list,
                                    struct nl_error *err) {
    const struct nl_issue_filter filter = {.id = issue};
    *list = NULL;
    return nl_issue_summaries(office->store, &filter, note_list, list, err);
}

enum nl_status nl_office_issue_deliveries(const struct nl_office *office, int64_t issue,
                                          const char *state, int64_t after, int64_t limit,
                                          json_t **out, struct nl_error *err) {
    enum nl_delivery_state wanted = NL_DELIVERY_ANY;
    *out = NULL;
    if (state != NULL && !nl_delivery_state_parse(state, &wanted))
        return nl_error_set(err, NL_DATA, "there is no state '%s' of a delivery", state);
    *out = json_array();
    enum nl_status status =
        nl_facts_deliveries(office->store, issue, wanted, after, limit, *out, err);
    if (status != NL_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
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
        return nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such issue"));
    if (status == NL_OK && state == NL_ISSUE_CANCELLED)
        return nl_error_set(err, NL_EXISTS, NL_TEXT("the issue is cancelled already"));
    return status;
}

enum nl_status nl_office_issue_resend(const struct nl_office *office,
                                      const struct nl_issue_resend *resend,
                                      struct nl_issue_resent *out, struct nl_error *err) {
    struct nl_resend wanted = {
        .issue = resend->issue, .reply = resend->reply, .since = resend->since, .by = office->by};
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

enum nl_status nl_office_issue_draft(const struct nl_office *office, int64_t issue, int64_t *draft,
                                     struct nl_error *err) {
    return nl_draft_of_issue(office->store, issue, draft, err);
}
