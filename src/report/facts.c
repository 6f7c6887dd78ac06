#include "newsletter/report/facts.h"

#include "newsletter/base/timestamp.h"
#include "newsletter/store/delivery.h"
#include "newsletter/store/list.h"
#include "newsletter/store/statistics.h"
#include "newsletter/store/subject_test.h"

#include <string.h>

struct gathering {
    struct nl_store *store;
    const char *name; /* of the one list wanted; NULL for all */
    json_t *array;
};

const char *nl_facts_word(const json_t *object, const char *name) {
    const char *value = json_string_value(json_object_get(object, name));
    return value != NULL ? value : "";
}

int64_t nl_facts_number(const json_t *object, const char *name) {
    return (int64_t)json_integer_value(json_object_get(object, name));
}

json_t *nl_facts_time(int64_t at) {
    char text[NL_TIMESTAMP_LEN];
    nl_timestamp_text(at, text);
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *number(int64_t value) {
    return json_integer((json_int_t)value);
}

/* null where there is no text, and where it is not UTF-8, as a server's words may be. */
static json_t *text(const char *value) {
    json_t *string = value != NULL ? json_string(value) : NULL;
    return string != NULL ? string : json_null();
}

/* ---- lists ---- */

static enum nl_status add_list(const struct nl_list *list, void *ctx, struct nl_error *err) {
    struct gathering *gathering = ctx;
    struct nl_list_counts counts = {0};
    if (gathering->name != NULL && strcmp(gathering->name, list->name) != 0)
        return NL_OK;
    enum nl_status status = nl_list_count(gathering->store, list->id, &counts, err);
    if (status != NL_OK)
        return status;
    json_array_append_new(
        gathering->array,
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:{s:o, s:o, s:o, s:o, s:o}}", "name",
                  text(list->name), "title", text(list->title), "list_id", text(list->list_id),
                  "sender", text(list->sender), "language", text(list->language), "private",
                  list->is_private, "subscriptions", "pending", number(counts.pending), "active",
                  number(counts.active), "unsubscribed", number(counts.unsubscribed), "bounced",
                  number(counts.bounced), "complained", number(counts.complained)));
    return NL_OK;
}

enum nl_status nl_facts_lists(struct nl_store *store, const char *name, json_t *out,
                              struct nl_error *err) {
    struct gathering gathering = {store, name, out};
    return nl_list_each(store, add_list, &gathering, err);
}

static enum nl_status add_day(int64_t day, int64_t joined, int64_t left, int64_t active, void *ctx,
                              struct nl_error *err) {
    (void)err;
    json_array_append_new(ctx, json_pack("{s:o, s:o, s:o, s:o}", "day", nl_facts_time(day),
                                         "joined", number(joined), "left", number(left), "active",
                                         number(active)));
    return NL_OK;
}

enum nl_status nl_facts_growth(struct nl_store *store, int64_t list, json_t *out,
                               struct nl_error *err) {
    return nl_statistics_growth(store, list, add_day, out, err);
}

/* ---- issues ---- */

enum nl_status nl_facts_counts(struct nl_store *store, int64_t issue, json_t **out,
                               struct nl_error *err) {
    struct nl_counts counts = {0};
    enum nl_status status = nl_issue_count(store, issue, &counts, err);
    *out = status == NL_OK
               ? json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "queued",
                           number(counts.queued), "leased", number(counts.leased), "sent",
                           number(counts.sent), "deferred", number(counts.deferred), "bounced",
                           number(counts.bounced), "failed", number(counts.failed), "unknown",
                           number(counts.unknown), "skipped", number(counts.skipped))
               : NULL;
    return status == NL_OK && *out == NULL ? nl_error_nomem(err) : status;
}

static enum nl_status add_issue(const struct nl_issue_summary *issue, void *ctx,
                                struct nl_error *err) {
    const struct gathering *gathering = ctx;
    json_t *counts = NULL;
    enum nl_status status = nl_facts_counts(gathering->store, issue->id, &counts, err);
    if (status != NL_OK)
        return status;
    json_array_append_new(
        gathering->array,
        json_pack(
            "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
            "id", number(issue->id), "list", text(issue->list_name), "slug", text(issue->slug),
            "series", text(issue->series), "number", text(issue->number), "title",
            text(issue->title), "subject", text(issue->subject), "category", text(issue->category),
            "posted_by", text(issue->posted_by), "date", text(issue->date), "language",
            text(issue->language), "state", text(issue->state), "pause_note",
            text(issue->pause_note), "created_at", nl_facts_time(issue->created_at), "ended_at",
            nl_facts_time(issue->ended_at), "scheduled_at", nl_facts_time(issue->scheduled_at),
            "deliveries", counts));
    return NL_OK;
}

enum nl_status nl_facts_issues(struct nl_store *store, const struct nl_issue_filter *filter,
                               json_t *out, struct nl_error *err) {
    struct gathering gathering = {store, NULL, out};
    return nl_issue_summaries(store, filter, add_issue, &gathering, err);
}

/* ---- what became of an issue ---- */

/* Rows of one domain follow one another. */
static enum nl_status add_domain(const char *domain, const char *state, int64_t count, void *ctx,
                                 struct nl_error *err) {
    json_t *array = ctx;
    json_t *last = json_array_get(array, json_array_size(array) - 1);
    const char *known = json_string_value(json_object_get(last, "domain"));
    (void)err;
    if (known == NULL || strcmp(known, domain) != 0) {
        last = json_pack("{s:o, s:{}}", "domain", text(domain), "deliveries");
        json_array_append_new(array, last);
    }
    json_object_set_new(json_object_get(last, "deliveries"), state, number(count));
    return NL_OK;
}

enum nl_status nl_facts_domains(struct nl_store *store, int64_t issue, int64_t limit, json_t *out,
                                struct nl_error *err) {
    return nl_statistics_domains(store, issue, limit, add_domain, out, err);
}

static enum nl_status add_reason(const char *kind, const char *reason, int64_t count, void *ctx,
                                 struct nl_error *err) {
    (void)err;
    json_array_append_new(ctx, json_pack("{s:o, s:o, s:o}", "kind", text(kind), "reason",
                                         text(reason), "count", number(count)));
    return NL_OK;
}

enum nl_status nl_facts_reasons(struct nl_store *store, int64_t issue, json_t *out,
                                struct nl_error *err) {
    return nl_statistics_reasons(store, issue, add_reason, out, err);
}

static enum nl_status add_period(int64_t from, const char *state, int64_t count, void *ctx,
                                 struct nl_error *err) {
    (void)err;
    json_array_append_new(ctx, json_pack("{s:o, s:o, s:o}", "from", nl_facts_time(from), "state",
                                         text(state), "count", number(count)));
    return NL_OK;
}

enum nl_status nl_facts_timeline(struct nl_store *store, int64_t issue, int64_t seconds,
                                 json_t *out, struct nl_error *err) {
    return nl_statistics_timeline(store, issue, seconds, add_period, out, err);
}

static enum nl_status add_delivery(const struct nl_delivery_row *row, void *ctx,
                                   struct nl_error *err) {
    const struct nl_result *result = &row->result;
    (void)err;
    json_array_append_new(
        ctx, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "subscription",
                       number(row->subscription), "address", text(row->address), "state",
                       text(row->state), "attempts", number(row->attempts), "updated_at",
                       nl_facts_time(row->updated_at), "next_attempt_at",
                       nl_facts_time(result->next_attempt_at), "reply_code",
                       result->code != 0 ? number(result->code) : json_null(), "reply_status",
                       text(result->status[0] != '\0' ? result->status : NULL), "reply_text",
                       text(result->text)));
    return NL_OK;
}

enum nl_status nl_facts_deliveries(struct nl_store *store, int64_t issue, const char *state,
                                   int64_t after, int64_t limit, json_t *out,
                                   struct nl_error *err) {
    return nl_delivery_each(store, issue, state, after, limit, add_delivery, out, err);
}

enum nl_status nl_facts_subjects(struct nl_store *store, int64_t issue, json_t *out,
                                 struct nl_error *err) {
    struct nl_subject_test test = {0};
    bool found = false;
    json_t *array = json_array();
    enum nl_status status = nl_subject_test_read(store, issue, &found, &test, err);
    for (int64_t i = 0; status == NL_OK && found && i < NL_SUBJECTS; i++) {
        const struct nl_subject_score *score = &test.scores[i];
        json_array_append_new(
            array, json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "subject", text(test.subjects[i]),
                             "people", number(score->people), "sent", number(score->sent), "left",
                             number(score->left), "replied", number(score->replied), "chosen",
                             (int)(test.winner == i + 1)));
    }
    json_object_set_new(out, "subjects", array);
    nl_subject_test_free(&test);
    return status;
}
