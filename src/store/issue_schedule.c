#include "newsletter/store/issue.h"

#include "store/event.h"
#include "store/fan_out.h"
#include "store/subject_test_row.h"

#include <stdlib.h>

/* ---- reading ---- */

struct due {
    enum nl_status (*each)(int64_t issue, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_issue(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    const struct due *due = context;
    return due->each(nl_sql_int(row, 0), due->ctx, err);
}

enum nl_status nl_issue_due(struct nl_store *store,
                            enum nl_status (*each)(int64_t issue, void *ctx, struct nl_error *err),
                            void *ctx, struct nl_error *err) {
    struct due due = {each, ctx};
    return nl_sql_each(store, err, visit_issue, &due,
                       "SELECT id FROM issue WHERE state = 'scheduled' AND scheduled_at <= ? "
                       "ORDER BY scheduled_at",
                       NL_VALUES(NL_INT(nl_store_now(store))));
}

void nl_issue_plan_free(struct nl_issue_plan *plan) {
    free(plan->segment);
    free(plan->local_time);
    *plan = (struct nl_issue_plan){0};
}

enum nl_status nl_issue_read_plan(struct nl_store *store, int64_t issue, struct nl_issue_plan *out,
                                  struct nl_error *err) {
    enum nl_status status = nl_sql_first(
        store, err, NULL,
        "SELECT list, coalesce(scheduled_at, 0), segment, local_time FROM issue WHERE id = ?",
        NL_VALUES(NL_INT(issue)),
        NL_COLUMNS(NL_INTO(&out->list), NL_INTO(&out->scheduled_at), NL_INTO(&out->segment),
                   NL_INTO(&out->local_time)));
    if (status != NL_OK)
        nl_issue_plan_free(out);
    return status;
}

struct zones {
    enum nl_status (*each)(const char *zone, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_zone(const struct nl_sql_row *row, void *context,
                                 struct nl_error *err) {
    const struct zones *zones = context;
    return zones->each(nl_sql_text(row, 0), zones->ctx, err);
}

enum nl_status nl_issue_zones(struct nl_store *store, int64_t list,
                              enum nl_status (*each)(const char *zone, void *ctx,
                                                     struct nl_error *err),
                              void *ctx, struct nl_error *err) {
    struct zones zones = {each, ctx};
    return nl_sql_each(
        store, err, visit_zone, &zones,
        "SELECT DISTINCT json_extract(r.attributes, '$.timezone') FROM subscription s "
        "JOIN subscriber r ON r.id = s.subscriber WHERE s.list = ? AND s.state = 'active' "
        "AND json_type(r.attributes, '$.timezone') = 'text'",
        NL_VALUES(NL_INT(list)));
}

struct zone_people {
    enum nl_status (*each)(const char *zone, int64_t people, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_zone_people(const struct nl_sql_row *row, void *context,
                                        struct nl_error *err) {
    const struct zone_people *zones = context;
    return zones->each(nl_sql_text(row, 0), nl_sql_int(row, 1), zones->ctx, err);
}

enum nl_status nl_issue_audience_zones(struct nl_store *store, int64_t list,
                                       const struct nl_segment *segment,
                                       enum nl_status (*each)(const char *zone, int64_t people,
                                                              void *ctx, struct nl_error *err),
                                       void *ctx, struct nl_error *err) {
    struct zone_people zones = {each, ctx};
    return nl_audience_zones(store, list, segment, visit_zone_people, &zones, err);
}

/* ---- beginning ---- */

struct beginning {
    struct nl_fan_out fan_out;
    const struct nl_zone_hour *hours;
    size_t hour_count;
};

/* The last of the hours is for everybody else. */
static enum nl_status wait_for_hours(struct nl_store *store, const struct beginning *call,
                                     struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < call->hour_count; i++)
        status = nl_sql_run(
            store, err,
            "UPDATE delivery SET state = 'deferred', next_attempt_at = ?1 WHERE issue = ?2 AND "
            "state = 'queued' AND (?3 IS NULL OR subscription IN (SELECT s.id FROM subscription s "
            "JOIN subscriber r ON r.id = s.subscriber WHERE s.list = ?4 AND "
            "json_extract(r.attributes, '$.timezone') = ?3))",
            NL_VALUES(NL_INT(call->hours[i].at), NL_INT(call->fan_out.issue),
                      NL_STRING(i + 1 < call->hour_count ? call->hours[i].zone : NULL),
                      NL_INT(call->fan_out.list)));
    return status;
}

static enum nl_status begin_issue(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct beginning *call = ctx;
    int64_t one = 0;
    bool ours = false;
    enum nl_status status =
        nl_sql_number(store, err, &one, &ours,
                      "SELECT 1 FROM issue WHERE id = ? AND state = 'scheduled' "
                      "/*+ FOR UPDATE SKIP LOCKED */",
                      NL_VALUES(NL_INT(call->fan_out.issue)));
    if (status != NL_OK || !ours)
        return status; /* another process has begun, or it was withdrawn */
    status =
        nl_sql_run(store, err, "UPDATE issue SET state = 'sending', created_at = ? WHERE id = ?",
                   NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(call->fan_out.issue)));
    if (status == NL_OK)
        status = nl_fan_out(store, &call->fan_out, err);
    if (status == NL_OK)
        status = wait_for_hours(store, call, err);
    if (status == NL_OK)
        status = nl_subject_test_begin(store, call->fan_out.issue, err);
    return status == NL_OK ? nl_event_add(store, "issue-started", call->fan_out.list, 0,
                                          call->fan_out.issue, NULL, err)
                           : status;
}

enum nl_status nl_issue_start(struct nl_store *store, int64_t issue,
                              const struct nl_segment *segment, const struct nl_zone_hour *hours,
                              size_t hour_count, int64_t *deliveries, struct nl_error *err) {
    struct nl_issue_plan plan = {0};
    enum nl_status status = nl_issue_read_plan(store, issue, &plan, err);
    struct beginning call = {.fan_out = {.list = plan.list, .issue = issue, .segment = segment},
                             .hours = hours,
                             .hour_count = hour_count};
    nl_issue_plan_free(&plan);
    if (status == NL_OK)
        status = nl_sql_shared(store, begin_issue, &call, err);
    *deliveries = call.fan_out.deliveries;
    return status;
}
