#include "newsletter/base/timestamp.h"
#include "newsletter/report/facts.h"
#include "newsletter/report/provider_report.h"
#include "newsletter/service/issues.h"
#include "newsletter/service/planner.h"
#include "newsletter/service/subjects.h"
#include "web/api.h"

#include <string.h>

enum { MINUTE = 60, DAY = 86400 };

static const char bad_limit[] = "limit is a number from 1 to 1000.";

enum nl_status nl_api_get_issues(struct nl_api_call *call, struct nl_error *err) {
    struct nl_issue_query query = {.list = nl_request_query(call->request, "list"),
                                   .state = nl_request_query(call->request, "state")};
    json_t *issues = NULL;
    enum nl_status status = NL_OK;
    if (!nl_api_page_before(call, "an issue", &query.limit, &query.before, &status, err))
        return status;
    status = nl_office_issues(&call->office, &query, &issues, err);
    return status == NL_DATA ? nl_api_bad_query(call, err)
                             : nl_api_answer_named(call, status, "issues", issues, err);
}

enum nl_status nl_api_get_issue(struct nl_api_call *call, struct nl_error *err) {
    const struct nl_issue_query query = {.id = call->id};
    json_t *issues = NULL;
    enum nl_status status = nl_office_issues(&call->office, &query, &issues, err);
    json_t *issue = json_incref(json_array_get(issues, 0));
    json_decref(issues);
    if (status != NL_OK)
        return status;
    return issue != NULL ? nl_api_answer(call, 200, issue, err) : nl_api_not_found(call, err);
}

enum nl_status nl_api_get_domains(struct nl_api_call *call, struct nl_error *err) {
    int64_t limit = 0;
    if (!nl_api_number(call, "limit", NL_API_PAGE, 1, NL_API_PAGE_MOST, &limit))
        return nl_api_bad_value(call, bad_limit, err);
    json_t *array = json_array();
    return nl_api_answer_named(call,
                               nl_facts_domains(call->office.store, call->id, limit, array, err),
                               "domains", array, err);
}

enum nl_status nl_api_get_reasons(struct nl_api_call *call, struct nl_error *err) {
    json_t *array = json_array();
    return nl_api_answer_named(call, nl_facts_reasons(call->office.store, call->id, array, err),
                               "reasons", array, err);
}

enum nl_status nl_api_get_timeline(struct nl_api_call *call, struct nl_error *err) {
    int64_t seconds = 0;
    if (!nl_api_number(call, "seconds", MINUTE, 1, DAY, &seconds))
        return nl_api_bad_value(call, "seconds is a number from 1 to 86400.", err);
    json_t *array = json_array();
    return nl_api_answer_named(call,
                               nl_facts_timeline(call->office.store, call->id, seconds, array, err),
                               "periods", array, err);
}

enum nl_status nl_api_get_deliveries(struct nl_api_call *call, struct nl_error *err) {
    const char *state = nl_request_query(call->request, "state");
    json_t *deliveries = NULL;
    int64_t after = 0;
    int64_t limit = 0;
    if (!nl_api_number(call, "limit", NL_API_PAGE, 1, NL_API_PAGE_MOST, &limit) ||
        !nl_api_number(call, "after", 0, 0, INT64_MAX, &after))
        return nl_api_bad_value(call, "limit is a number from 1 to 1000, after a subscription's.",
                                err);
    enum nl_status status =
        nl_office_issue_deliveries(&call->office, call->id, state, after, limit, &deliveries, err);
    return status == NL_DATA ? nl_api_bad_query(call, err)
                             : nl_api_answer_named(call, status, "deliveries", deliveries, err);
}

enum nl_status nl_api_get_subjects(struct nl_api_call *call, struct nl_error *err) {
    json_t *object = json_object();
    enum nl_status status = nl_facts_subjects(call->office.store, call->id, object, err);
    if (status == NL_OK)
        return nl_api_answer(call, 200, object, err);
    json_decref(object);
    return status;
}

enum nl_status nl_api_decide_subject(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {{"subject", 'I'}, {0}};
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    int64_t choice = json_integer_value(json_object_get(call->body, "subject"));
    status = nl_office_subject_decide(&call->office, call->id, choice, err);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    if (call->staff->sender != NULL)
        nl_mailer_wake(call->staff->sender, 0);
    return nl_api_get_subjects(call, err);
}

enum nl_status nl_api_control_issue(struct nl_api_call *call, struct nl_error *err) {
    enum nl_action_result result = NL_ACTION_UNKNOWN;
    static const struct nl_api_member none[] = {{0}};
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", none, &status, err))
        return status;
    status =
        nl_staff_control_issue(call->staff, call->id, call->words[2], &call->actor, &result, err);
    if (status != NL_OK)
        return status;
    switch (result) {
    case NL_ACTION_WITHDRAWN:
        return nl_api_answer_nothing(call);
    case NL_ACTION_DONE:
        return nl_api_get_issue(call, err);
    case NL_ACTION_UNKNOWN:
        return nl_api_not_found(call, err);
    default:
        return nl_api_problem(call, 409, "Conflict", "The state of the issue does not allow it.",
                              err);
    }
}

enum nl_status nl_api_move_issue(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {{"at", 'S'}, {"zone", 's'}, {"from", 's'}, {0}};
    enum nl_status status = NL_OK;
    int64_t at = 0;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    struct nl_calendar_move move = {.issue = call->id,
                                    .at = nl_api_text(call->body, "at"),
                                    .zone = nl_api_text(call->body, "zone")};
    const char *from = nl_api_text(call->body, "from");
    if (from != NULL && !nl_timestamp_parse(from, &move.from))
        return nl_api_problem(call, 422, "Unprocessable Content",
                              "from is a time such as 2026-12-01T04:00:00Z.", err);
    status = nl_office_calendar_move(&call->office, &move, &at, err);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    if (call->staff->sender != NULL)
        nl_mailer_wake_at(call->staff->sender, at);
    return nl_api_answer(
        call, 200, json_pack("{s:I, s:o}", "issue", (json_int_t)call->id, "at", nl_facts_time(at)),
        err);
}

enum nl_status nl_api_resend_issue(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {
        {"state", 'S'}, {"reply", 's'}, {"since", 's'}, {"count_only", 'b'}, {0}};
    enum nl_status status = NL_OK;
    struct nl_issue_resent resent = {0};
    struct nl_issue_resend resend = {.issue = call->id};
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    const char *since = nl_api_text(call->body, "since");
    resend.state = nl_api_text(call->body, "state");
    resend.reply = nl_api_text(call->body, "reply");
    resend.count_only = json_is_true(json_object_get(call->body, "count_only"));
    if (since != NULL && !nl_timestamp_parse(since, &resend.since))
        return nl_api_problem(call, 422, "Not acceptable content",
                              "/since: it must be a time such as 2026-11-26T09:00:00Z.", err);
    status = nl_office_issue_resend(&call->office, &resend, &resent, err);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    if (!resend.count_only && call->staff->sender != NULL)
        nl_mailer_wake(call->staff->sender, 0);
    return nl_api_answer(call, 200,
                         json_pack("{s:I, s:I}", "people", (json_int_t)resent.people, "ended",
                                   (json_int_t)resent.ended),
                         err);
}

enum nl_status nl_api_get_notices(struct nl_api_call *call, struct nl_error *err) {
    json_t *counts = NULL;
    enum nl_status status = nl_facts_counts(call->office.store, 0, &counts, err);
    return nl_api_answer_named(call, status, "deliveries", counts, err);
}

enum nl_status nl_api_get_providers(struct nl_api_call *call, struct nl_error *err) {
    json_t *facts = NULL;
    enum nl_status status = nl_provider_facts(call->office.store, &facts, err);
    if (status == NL_OK)
        return nl_api_answer(call, 200, facts, err);
    json_decref(facts);
    return status;
}
