#include "newsletter/store/issue.h"

#include "store/event.h"
#include "store/fan_out.h"
#include "store/making.h"
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

enum nl_status nl_issue_audience_languages(
    struct nl_store *store, int64_t list, const struct nl_segment *segment,
    enum nl_status (*each)(const char *language, int64_t people, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) {
    struct zone_people languages = {each, ctx};
    return nl_audience_languages(store, list, segment, visit_zone_people, &languages, err);
}

/* ---- beginning ---- */

struct beginning {
    struct nl_making_plan making;
    int64_t deliveries;
};

static enum nl_status begin_issue(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct beginning *call = ctx;
    int64_t issue = call->making.issue;
    int64_t one = 0;
    bool ours = false;
    enum nl_status status =
        nl_sql_number(store, err, &one, &ours,
                      "SELECT 1 FROM issue WHERE id = ? AND state = 'scheduled' AND "
                      "coalesce(scheduled_at, 0) <= ? /*+ FOR UPDATE SKIP LOCKED */",
                      NL_VALUES(NL_INT(issue), NL_INT(nl_store_now(store))));
    if (status != NL_OK || !ours)
        return status; /* another process has begun, or it was withdrawn or moved */
    status =
        nl_sql_run(store, err, "UPDATE issue SET state = 'sending', created_at = ? WHERE id = ?",
                   NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(issue)));
    if (status == NL_OK)
        status = nl_subject_test_begin(store, issue, err);
    if (status == NL_OK)
        status = nl_making_begin(store, &call->making, &call->deliveries, err);
    return status == NL_OK
               ? nl_event_add(store, "issue-started", call->making.list, 0, issue, NULL, err)
               : status;
}

enum nl_status nl_issue_start(struct nl_store *store, int64_t issue, int64_t *deliveries,
                              struct nl_error *err) {
    struct nl_issue_plan plan = {0};
    enum nl_status status = nl_issue_read_plan(store, issue, &plan, err);
    struct beginning call = {
        .making = {.list = plan.list, .issue = issue, .segment = plan.segment}};
    if (status == NL_OK)
        status = nl_making_measure(store, plan.list, &call.making.people, err);
    if (status == NL_OK)
        status = nl_sql_shared(store, begin_issue, &call, err);
    *deliveries = call.deliveries;
    nl_issue_plan_free(&plan);
    return status;
}
