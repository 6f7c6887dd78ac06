#include "newsletter/service/issue_rest.h"
#include "web/api.h"

/* ---- audiences ---- */

struct nl_audience nl_api_asked_audience(const struct nl_api_call *call) {
    return (struct nl_audience){.segment = nl_request_query(call->request, "segment"),
                                .language = nl_request_query(call->request, "language")};
}

struct nl_audience nl_api_told_audience(const struct nl_api_call *call) {
    return (struct nl_audience){.segment = nl_api_text(call->body, "segment"),
                                .language = nl_api_text(call->body, "language")};
}

/* ---- the rest of an audience ---- */

enum nl_status nl_api_get_rest(struct nl_api_call *call, struct nl_error *err) {
    const struct nl_audience audience = nl_api_asked_audience(call);
    json_t *readers = NULL;
    int64_t people = 0;
    enum nl_status status = nl_office_issue_rest(&call->office, call->id, &audience, &people, err);
    if (status == NL_OK)
        status = nl_office_issue_readers(&call->office, call->id, &readers, err);
    return status == NL_OK
               ? nl_api_answer(
                     call, 200,
                     json_pack("{s:I, s:o}", "people", (json_int_t)people, "readers", readers), err)
               : nl_api_failed(call, status, err);
}

enum nl_status nl_api_send_rest(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {
        {"segment", 's'}, {"language", 's'}, {"canary", 's'}, {0}};
    int64_t people = 0;
    int64_t deliveries = 0;
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    const struct nl_audience audience = nl_api_told_audience(call);
    status = nl_office_issue_rest(&call->office, call->id, &audience, &people, err);
    if (status == NL_OK)
        status = nl_office_issue_extend(&call->office, call->id, &audience,
                                        nl_api_text(call->body, "canary"), &deliveries, err);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    if (call->staff->sender != NULL)
        nl_mailer_wake(call->staff->sender, 0);
    return nl_api_answer(call, 202, json_pack("{s:I}", "people", (json_int_t)people), err);
}
