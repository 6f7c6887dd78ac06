#include "newsletter/base/memory.h"
#include "newsletter/report/facts.h"
#include "newsletter/service/receipts.h"
#include "newsletter/service/subscribers.h"
#include "web/api.h"

enum { HISTORY = 100 };

static struct nl_who who_of(const struct nl_api_call *call) {
    return (struct nl_who){.id = call->id};
}

/* ---- finding and reading ---- */

enum nl_status nl_api_find_subscribers(struct nl_api_call *call, struct nl_error *err) {
    struct nl_subscriber_page page = {0};
    char *after = NULL;
    enum nl_status status = NL_OK;
    struct nl_subscriber_query query = {
        .part = nl_request_query(call->request, "part"),
        .address = nl_request_query(call->request, "address"),
        .list = nl_request_query(call->request, "list"),
        .state = nl_request_query(call->request, "state"),
    };
    if (!nl_api_page(call, &query.limit, &after, &status, err))
        return status;
    query.after = after;
    status = nl_office_subscribers_find(&call->office, &query, &page, err);
    free(after);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    json_t *answer =
        json_pack("{s:O, s:o}", "subscribers", page.subscribers, "next", nl_api_cursor(page.next));
    nl_subscriber_page_free(&page);
    return nl_api_answer(call, 200, answer, err);
}

static enum nl_status answer_subscriber(const struct nl_api_call *call, const struct nl_who *who,
                                        struct nl_error *err) {
    struct nl_subscriber found = {0};
    enum nl_status status = nl_office_subscriber_read(&call->office, who, &found, err);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    status = nl_api_answer_revised(call, 200, json_incref(found.facts), &found.revision, err);
    nl_subscriber_free(&found);
    return status;
}

enum nl_status nl_api_get_subscriber(struct nl_api_call *call, struct nl_error *err) {
    const struct nl_who who = who_of(call);
    return answer_subscriber(call, &who, err);
}

enum nl_status nl_api_get_history(struct nl_api_call *call, struct nl_error *err) {
    const struct nl_who who = who_of(call);
    struct nl_subscriber found = {0};
    json_t *history = NULL;
    int64_t limit = 0;
    if (!nl_api_number(call, "limit", HISTORY, 1, NL_API_PAGE_MOST, &limit))
        return nl_api_bad_value(call, "limit is a number from 1 to 1000.", err);
    enum nl_status status = nl_office_subscriber_read(&call->office, &who, &found, err);
    if (status == NL_OK)
        status = nl_office_subscriber_history(&call->office, &who, limit, &history, err);
    nl_subscriber_free(&found);
    return status == NL_OK ? nl_api_answer(call, 200, history, err)
                           : nl_api_failed(call, status, err);
}

enum nl_status nl_api_get_receipts(struct nl_api_call *call, struct nl_error *err) {
    const struct nl_who who = who_of(call);
    json_t *receipts = NULL;
    enum nl_status status = nl_office_receipts(&call->office, &who, &receipts, err);
    return status == NL_OK ? nl_api_answer(call, 200, json_pack("{s:o}", "receipts", receipts), err)
                           : nl_api_failed(call, status, err);
}

/* ---- adding ---- */

static const struct nl_api_member join_members[] = {
    {"address", 'S'}, {"name", 's'},   {"language", 's'}, {"attributes", 'o'}, {"list", 's'},
    {"consent", 's'}, {"source", 's'}, {"ip", 's'},       {"wording", 's'},    {0}};

/* In a batch the list, the consent and the rest of `common` stand once for all. */
static struct nl_subscriber_join join_of(const json_t *object, const json_t *common) {
    const char *list = nl_api_text(object, "list");
    const char *consent = nl_api_text(object, "consent");
    const char *wording = nl_api_text(object, "wording");
    return (struct nl_subscriber_join){
        .address = nl_api_text(object, "address"),
        .name = nl_api_text(object, "name"),
        .language = nl_api_text(object, "language"),
        .attributes = json_object_get(object, "attributes"),
        .list = list != NULL ? list : nl_api_text(common, "list"),
        .consent = consent != NULL ? consent : nl_api_text(common, "consent"),
        .source = nl_api_text(object, "source"),
        .ip = nl_api_text(object, "ip"),
        .wording = wording != NULL ? wording : nl_api_text(common, "wording"),
    };
}

static json_t *joined_facts(const struct nl_subscriber_joined *joined) {
    return json_pack("{s:s, s:o}", "outcome", nl_joined_words[joined->outcome], "id",
                     joined->subscriber != 0 ? json_integer((json_int_t)joined->subscriber)
                                             : json_null());
}

enum nl_status nl_api_add_subscriber(struct nl_api_call *call, struct nl_error *err) {
    struct nl_subscriber_joined joined = {0};
    enum nl_status status = NL_OK;
    char id[24];
    if (!nl_api_takes(call, call->body, "", join_members, &status, err))
        return status;
    const struct nl_subscriber_join join = join_of(call->body, NULL);
    status = nl_office_subscriber_join(&call->office, &join, &joined, err);
    if (status != NL_OK)
        return nl_api_failed(call, status, err);
    if (call->staff->notices != NULL && joined.notice != 0)
        nl_mailer_wake(call->staff->notices, joined.notice);
    snprintf(id, sizeof id, "%lld", (long long)joined.subscriber);
    if (joined.subscriber != 0)
        nl_api_locate(call, "subscribers", id);
    bool added = joined.outcome == NL_JOINED_ACTIVE || joined.outcome == NL_JOINED_PENDING;
    return nl_api_answer(call, added ? 201 : 200, joined_facts(&joined), err);
}

struct batch {
    struct nl_api_call *call;
    json_t *results;
    bool notices; /* mails are to be sent */
};

static void add_result(size_t row, const struct nl_subscriber_joined *joined, const char *reason,
                       void *ctx) {
    struct batch *batch = ctx;
    json_t *result = joined_facts(joined);
    (void)row;
    batch->notices = batch->notices || joined->notice != 0;
    if (reason != NULL)
        json_object_set_new(result, "reason", json_string(reason));
    json_array_append_new(batch->results, result);
}

/* Whether every row has the members that a subscriber may have; its list must be one of the
 * token's. */
static bool check_rows(const struct nl_api_call *call, const json_t *rows, enum nl_status *status,
                       struct nl_error *err) {
    size_t at = 0;
    json_t *row = NULL;
    char where[40];
    json_array_foreach(rows, at, row) {
        snprintf(where, sizeof where, "/subscribers/%zu", at);
        if (!json_is_object(row)) {
            *status = nl_api_problem(call, 422, "Not acceptable content",
                                     "/subscribers: each of them must be an object.", err);
            return false;
        }
        if (!nl_api_takes(call, row, where, join_members, status, err))
            return false;
        if (json_object_get(row, "list") != NULL &&
            !nl_api_may_list(call, nl_api_text(row, "list"))) {
            *status = nl_api_problem(call, 403, "Forbidden",
                                     "This token is not valid for all of these lists.", err);
            return false;
        }
    }
    return true;
}

static enum nl_status run_batch(struct nl_api_call *call, const json_t *rows,
                                struct nl_error *err) {
    struct batch batch = {.call = call, .results = json_array()};
    size_t count = json_array_size(rows);
    struct nl_subscriber_join *joins = nl_calloc(count + 1, sizeof *joins);
    const struct nl_subscriber_batch wanted = {joins, count, add_result, &batch};
    for (size_t i = 0; i < count; i++)
        joins[i] = join_of(json_array_get(rows, i), call->body);
    enum nl_status status = nl_office_subscribers_join(&call->office, &wanted, err);
    free(joins);
    if (batch.notices && call->staff->notices != NULL)
        nl_mailer_wake(call->staff->notices, 0);
    return nl_api_answer_named(call, status, "results", batch.results, err);
}

enum nl_status nl_api_add_subscribers(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {
        {"list", 's'}, {"consent", 's'}, {"wording", 's'}, {"subscribers", 'A'}, {0}};
    enum nl_status status = NL_OK;
    const json_t *rows = json_object_get(call->body, "subscribers");
    if (!nl_api_takes(call, call->body, "", members, &status, err) ||
        !check_rows(call, rows, &status, err))
        return status;
    return run_batch(call, rows, err);
}

/* ---- changing ---- */

enum nl_status nl_api_change_subscriber(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {
        {"name", 'z'}, {"language", 'z'}, {"attributes", 'o'}, {0}};
    const struct nl_who who = who_of(call);
    struct nl_revision expected;
    bool stale = false;
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    nl_api_expected(call, &expected);
    const struct nl_subscriber_change change = {
        .expected = &expected,
        .name = nl_api_text(call->body, "name"),
        .language = nl_api_text(call->body, "language"),
        .attributes = json_object_get(call->body, "attributes"),
    };
    status = nl_office_subscriber_change(&call->office, &who, &change, &stale, err);
    return status != NL_OK ? nl_api_failed(call, status, err)
           : stale         ? nl_api_stale(call, err)
                           : answer_subscriber(call, &who, err);
}

enum nl_status nl_api_end_subscription(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {{"list", 's'}, {0}};
    const struct nl_who who = who_of(call);
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    status =
        nl_office_subscriber_unsubscribe(&call->office, &who, nl_api_text(call->body, "list"), err);
    return status == NL_OK ? answer_subscriber(call, &who, err) : nl_api_failed(call, status, err);
}

enum nl_status nl_api_suppress_subscriber(struct nl_api_call *call, struct nl_error *err) {
    static const struct nl_api_member members[] = {{"reason", 'S'}, {0}};
    const struct nl_who who = who_of(call);
    bool added = false;
    enum nl_status status = NL_OK;
    if (!nl_api_takes(call, call->body, "", members, &status, err))
        return status;
    status = nl_office_subscriber_suppress(&call->office, &who, nl_api_text(call->body, "reason"),
                                           &added, err);
    return status == NL_OK ? answer_subscriber(call, &who, err) : nl_api_failed(call, status, err);
}

enum nl_status nl_api_erase_subscriber(struct nl_api_call *call, struct nl_error *err) {
    const struct nl_who who = who_of(call);
    enum nl_status status = nl_office_subscriber_erase(&call->office, &who, err);
    return status == NL_OK ? nl_api_answer_nothing(call) : nl_api_failed(call, status, err);
}
