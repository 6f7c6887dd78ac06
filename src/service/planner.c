#include "newsletter/service/planner.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/zone.h"
#include "newsletter/service/issues.h"

#include <stdlib.h>

static enum nl_status add(const struct nl_planned_issue *issue, void *ctx, struct nl_error *err) {
    json_t *one = json_pack("{s:I, s:s, s:s, s:s, s:I, s:s?}", "id", (json_int_t)issue->id, "list",
                            issue->list_name, "title", issue->title, "state",
                            nl_issue_state_text(issue->state), "at", (json_int_t)issue->at,
                            "local_time", issue->local_time);
    return json_array_append_new(ctx, one) == 0 ? NL_OK : nl_error_nomem(err);
}

enum nl_status nl_office_calendar(const struct nl_office *office, int64_t from, int64_t to,
                                  json_t **out, struct nl_error *err) {
    *out = json_array();
    enum nl_status status = nl_issue_planned(office->store, from, to, add, *out, err);
    if (status != NL_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}

/* When the first clocks on Earth show the hour, for an issue by each reader's own. */
static enum nl_status read_time(const struct nl_office *office, const struct nl_calendar_move *move,
                                bool local, int64_t *at, struct nl_error *err) {
    const char *zone = local || (move->zone != NULL && move->zone[0] == '\0') ? "UTC" : move->zone;
    enum nl_status status = nl_zone_read(move->at, zone, at, err);
    if (local)
        *at -= (int64_t)NL_ZONE_FIRST * 3600;
    return status == NL_OK && *at <= nl_store_now(office->store)
               ? nl_error_set(err, NL_DATA,
                              local ? NL_TEXT("%s is past somewhere on Earth: choose a later time")
                                    : NL_TEXT("%s is past: choose a later time"),
                              move->at)
               : status;
}

enum nl_status nl_office_calendar_move(const struct nl_office *office,
                                       const struct nl_calendar_move *move, int64_t *at,
                                       struct nl_error *err) {
    struct nl_issue_plan plan = {0};
    char *list = NULL;
    *at = 0;
    enum nl_status status = nl_office_issue_list(office, move->issue, &list, err);
    if (status == NL_OK && list == NULL)
        status = nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such issue"));
    if (status == NL_OK)
        status = nl_issue_read_plan(office->store, move->issue, &plan, err);
    bool local = plan.local_time != NULL;
    if (status == NL_OK)
        status = read_time(office, move, local, at, err);
    if (status == NL_OK) {
        const struct nl_issue_move change = {.issue = move->issue,
                                             .from =
                                                 move->from != 0 ? move->from : plan.scheduled_at,
                                             .at = *at,
                                             .local_time = local ? move->at : NULL,
                                             .approvals = nl_config_approvals(office->config, list),
                                             .by = office->by};
        status = nl_issue_reschedule(office->store, &change, err);
    }
    nl_issue_plan_free(&plan);
    free(list);
    return status;
}
