#include "newsletter/report/facts.h"

#include "newsletter/base/timestamp.h"
#include "newsletter/store/canary.h"
#include "newsletter/store/delivery.h"
#include "newsletter/store/list.h"
#include "newsletter/store/making.h"
#include "newsletter/store/removal.h"
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

static json_t *json_number(int64_t value) {
    return json_integer((json_int_t)value);
}

/* null if there is no text or it is not UTF-8, as can happen in a server's reply. */
static json_t *json_text(const char *value) {
    json_t *string = value != NULL ? json_string(value) : NULL;
    return string != NULL ? string : json_null();
}

/* ---- lists ---- */

static enum nl_status add_list_facts(const struct nl_list *list, void *ctx, struct nl_error *err) {
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
                  json_text(list->name), "title", json_text(list->title), "list_id",
                  json_text(list->list_id), "sender", json_text(list->sender), "language",
                  json_text(list->language), "private", list->is_private, "subscriptions",
                  "pending", json_number(counts.pending), "active", json_number(counts.active),
                  "unsubscribed", json_number(counts.unsubscribed), "bounced",
                  json_number(counts.bounced), "complained", json_number(counts.complained)));
    return NL_OK;
}

enum nl_status nl_facts_lists(struct nl_store *store, const char *name, json_t *out,
                              struct nl_error *err) {
    struct gathering gathering = {store, name, out};
    return nl_list_each(store, add_list_facts, &gathering, err);
}

static enum nl_status add_day_facts(int64_t day, int64_t joined, int64_t left, int64_t active,
                                    void *ctx, struct nl_error *err) {
    (void)err;
    json_array_append_new(ctx, json_pack("{s:o, s:o, s:o, s:o}", "day", nl_facts_time(day),
                                         "joined", json_number(joined), "left", json_number(left),
                                         "active", json_number(active)));
    return NL_OK;
}

enum nl_status nl_facts_growth(struct nl_store *store, int64_t list, json_t *out,
                               struct nl_error *err) {
    return nl_statistics_growth(store, list, add_day_facts, out, err);
}

/* ---- issues ---- */

enum nl_status nl_facts_counts(struct nl_store *store, int64_t issue, json_t **out,
                               struct nl_error *err) {
    struct nl_counts counts = {0};
    enum nl_status status = nl_issue_count(store, issue, &counts, err);
    *out = status == NL_OK
               ? json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "queued",
                           json_number(counts.queued), "leased", json_number(counts.leased), "sent",
                           json_number(counts.sent), "deferred", json_number(counts.deferred),
                           "bounced", json_number(counts.bounced), "failed",
                           json_number(counts.failed), "unknown", json_number(counts.unknown),
                           "skipped", json_number(counts.skipped))
               : NULL;
    return status;
}

static json_t *canary_facts(const struct nl_canary *canary) {
    char plan[NL_CANARY_TEXT];
    json_t *seed = NULL;
    size_t at = 0;
    json_t *kept = canary->facts != NULL ? json_loads(canary->facts, 0, NULL) : NULL;
    nl_canary_text(&canary->plan, plan);
    json_t *facts =
        json_pack("{s:s, s:s, s:o, s:o, s:[], s:n, s:[]}", "first", plan, "state",
                  nl_canary_state_text(canary->state), "look_at", nl_facts_time(canary->look_at),
                  "look_until", nl_facts_time(canary->until), "seeds", "sample", "findings");
    if (kept != NULL)
        json_object_update_existing(facts, kept);
    json_decref(kept);
    json_array_foreach(json_object_get(facts, "seeds"), at, seed) { /* for pages alone */
        json_object_del(seed, "reason_said");
        json_object_del(seed, "problem_said");
    }
    return facts;
}

enum nl_status nl_facts_canary(struct nl_store *store, int64_t issue, json_t **out,
                               struct nl_error *err) {
    struct nl_canary canary = {0};
    bool found = false;
    enum nl_status status = nl_canary_read(store, issue, &found, &canary, err);
    *out = status == NL_OK && found ? canary_facts(&canary) : json_null();
    nl_canary_free(&canary);
    return status;
}

static enum nl_status add_issue_facts(const struct nl_issue_summary *issue, void *ctx,
                                      struct nl_error *err) {
    const struct gathering *gathering = ctx;
    json_t *counts = NULL;
    json_t *canary = NULL;
    struct nl_making making = {0};
    enum nl_status status = nl_making_read(gathering->store, issue->id, &making, err);
    if (status == NL_OK)
        status = nl_facts_canary(gathering->store, issue->id, &canary, err);
    if (status == NL_OK)
        status = nl_facts_counts(gathering->store, issue->id, &counts, err);
    if (status != NL_OK) {
        json_decref(canary);
        return status;
    }
    json_array_append_new(
        gathering->array,
        json_pack(
            "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
            "s:o, s:o}",
            "id", json_number(issue->id), "list", json_text(issue->list_name), "slug",
            json_text(issue->slug), "series", json_text(issue->series), "number",
            json_text(issue->number), "title", json_text(issue->title), "subject",
            json_text(issue->subject), "category", json_text(issue->category), "posted_by",
            json_text(issue->posted_by), "date", json_text(issue->date), "language",
            json_text(issue->language), "state", json_text(nl_issue_state_text(issue->state)),
            "pause_note", json_text(issue->pause_note), "created_at",
            nl_facts_time(issue->created_at), "ended_at", nl_facts_time(issue->ended_at),
            "scheduled_at", nl_facts_time(issue->scheduled_at), "deliveries", counts, "canary",
            canary, "being_made",
            making.unfinished ? json_pack("{s:o, s:o}", "made", json_number(making.made), "about",
                                          json_number(making.about))
                              : json_null()));
    return NL_OK;
}

enum nl_status nl_facts_issues(struct nl_store *store, const struct nl_issue_filter *filter,
                               json_t *out, struct nl_error *err) {
    struct gathering gathering = {store, NULL, out};
    return nl_issue_summaries(store, filter, add_issue_facts, &gathering, err);
}

/* ---- results of an issue ---- */

/* The rows of one domain come one after another. */
static enum nl_status add_domain(const char *domain, const char *state, int64_t count, void *ctx,
                                 struct nl_error *err) {
    json_t *array = ctx;
    json_t *last = json_array_get(array, json_array_size(array) - 1);
    const char *known = json_string_value(json_object_get(last, "domain"));
    (void)err;
    if (known == NULL || strcmp(known, domain) != 0) {
        last = json_pack("{s:o, s:{}}", "domain", json_text(domain), "deliveries");
        json_array_append_new(array, last);
    }
    json_object_set_new(json_object_get(last, "deliveries"), state, json_number(count));
    return NL_OK;
}

enum nl_status nl_facts_domains(struct nl_store *store, int64_t issue, int64_t limit, json_t *out,
                                struct nl_error *err) {
    return nl_statistics_domains(store, issue, limit, add_domain, out, err);
}

static enum nl_status add_reason(const char *kind, const char *reason, int64_t count, void *ctx,
                                 struct nl_error *err) {
    (void)err;
    json_array_append_new(ctx, json_pack("{s:o, s:o, s:o}", "kind", json_text(kind), "reason",
                                         json_text(reason), "count", json_number(count)));
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
                                         json_text(state), "count", json_number(count)));
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
                       json_number(row->subscription), "address", json_text(row->address), "state",
                       json_text(nl_delivery_state_text(row->state)), "attempts",
                       json_number(row->attempts), "updated_at", nl_facts_time(row->updated_at),
                       "next_attempt_at", nl_facts_time(result->next_attempt_at), "reply_code",
                       result->code != 0 ? json_number(result->code) : json_null(), "reply_status",
                       json_text(result->status[0] != '\0' ? result->status : NULL), "reply_text",
                       json_text(result->text)));
    return NL_OK;
}

enum nl_status nl_facts_deliveries(struct nl_store *store, int64_t issue,
                                   enum nl_delivery_state state, int64_t after, int64_t limit,
                                   json_t *out, struct nl_error *err) {
    enum nl_status status = nl_removal_check(store, issue, err);
    return status == NL_OK
               ? nl_delivery_each(store, issue, state, after, limit, add_delivery, out, err)
               : status;
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
            array,
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "subject", json_text(test.subjects[i]),
                      "people", json_number(score->people), "sent", json_number(score->sent),
                      "left", json_number(score->left), "replied", json_number(score->replied),
                      "chosen", (int)(test.winner == i + 1)));
    }
    json_object_set_new(out, "subjects", array);
    nl_subject_test_free(&test);
    return status;
}
