#include "newsletter/store/issue.h"

#include "store/event.h"
#include "store/fan_out.h"
#include "store/subject_test_row.h"

#include <stdlib.h>

/* ---- reading ---- */

enum nl_status nl_issue_due(struct nl_store *store,
                            enum nl_status (*each)(int64_t issue, void *ctx, struct nl_error *err),
                            void *ctx, struct nl_error *err) {
    bool row = false;
    struct nl_statement *statement =
        nl_sql(store, err,
               "SELECT id FROM issue WHERE state = 'scheduled' AND scheduled_at <= ? "
               "ORDER BY scheduled_at",
               "i", nl_env_now(&store->env));
    enum nl_status status =
        statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    while (status == NL_OK && row) {
        status = each(nl_sql_int64(statement, 0), ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}

void nl_issue_plan_free(struct nl_issue_plan *plan) {
    free(plan->segment);
    free(plan->local_time);
    *plan = (struct nl_issue_plan){0};
}

enum nl_status nl_issue_read_plan(struct nl_store *store, int64_t issue, struct nl_issue_plan *out,
                                  struct nl_error *err) {
    bool row = false;
    bool failed = false;
    *out = (struct nl_issue_plan){0};
    struct nl_statement *statement = nl_sql(
        store, err,
        "SELECT list, coalesce(scheduled_at, 0), segment, local_time FROM issue WHERE id = ?", "i",
        issue);
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    out->list = nl_sql_int64(statement, 0);
    out->scheduled_at = nl_sql_int64(statement, 1);
    out->segment = nl_sql_text(statement, 2, &failed);
    out->local_time = nl_sql_text(statement, 3, &failed);
    nl_sql_done(statement);
    if (failed) {
        nl_issue_plan_free(out);
        return nl_error_nomem(err);
    }
    return status;
}

enum nl_status nl_issue_zones(struct nl_store *store, int64_t list,
                              enum nl_status (*each)(const char *zone, void *ctx,
                                                     struct nl_error *err),
                              void *ctx, struct nl_error *err) {
    bool row = false;
    struct nl_statement *statement =
        nl_sql(store, err,
               "SELECT DISTINCT json_extract(r.attributes, '$.timezone') FROM subscription s "
               "JOIN subscriber r ON r.id = s.subscriber WHERE s.list = ? AND s.state = 'active' "
               "AND json_type(r.attributes, '$.timezone') = 'text'",
               "i", list);
    enum nl_status status =
        statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    while (status == NL_OK && row) {
        status = each(nl_sql_borrow(statement, 0), ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}

/* ---- beginning, withdrawing ---- */

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
            "iisi", call->hours[i].at, call->fan_out.issue,
            i + 1 < call->hour_count ? call->hours[i].zone : NULL, call->fan_out.list);
    return status;
}

static enum nl_status begin(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct beginning *call = ctx;
    int64_t one = 0;
    bool ours = false;
    enum nl_status status =
        nl_sql_number(store, err, &one, &ours,
                      "SELECT 1 FROM issue WHERE id = ? AND state = 'scheduled' "
                      "/*+ FOR UPDATE SKIP LOCKED */",
                      "i", call->fan_out.issue);
    if (status != NL_OK || !ours)
        return status; /* another process has begun, or it was withdrawn */
    status =
        nl_sql_run(store, err, "UPDATE issue SET state = 'sending', created_at = ? WHERE id = ?",
                   "ii", nl_env_now(&store->env), call->fan_out.issue);
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
        status = nl_sql_transaction_beside(store, begin, &call, err);
    *deliveries = call.fan_out.deliveries;
    return status;
}

static enum nl_status withdraw(struct nl_store *store, void *ctx, struct nl_error *err) {
    static const char *const steps[] = {
        "DELETE FROM edition WHERE issue = ?",
        "DELETE FROM subject_test WHERE issue = ?",
        "DELETE FROM issue_text WHERE rowid = ?",
        "DELETE FROM issue WHERE id = ?",
    };
    int64_t issue = *(const int64_t *)ctx;
    bool row = false;
    struct nl_statement *statement = nl_sql(
        store, err, "SELECT 1 FROM issue WHERE id = ? AND state = 'scheduled' /*+ FOR UPDATE */",
        "i", issue);
    enum nl_status status =
        statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    nl_sql_done(statement);
    if (status == NL_OK && !row)
        return nl_error_set(err, NL_EXISTS, "the issue has just begun to go out");
    for (size_t i = 0; status == NL_OK && i < sizeof steps / sizeof steps[0]; i++)
        status = nl_sql_run(store, err, steps[i], "i", issue);
    return status;
}

enum nl_status nl_issue_withdraw(struct nl_store *store, int64_t issue, struct nl_error *err) {
    return nl_sql_transaction(store, withdraw, &issue, err);
}
