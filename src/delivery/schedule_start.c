#include "newsletter/delivery/schedule_start.h"

#include "newsletter/base/zone.h"
#include "newsletter/store/issue.h"

#include <stdlib.h>
#include <string.h>

enum { DUE_LIMIT = 100, ZONES_LIMIT = 600 };

struct due {
    int64_t ids[DUE_LIMIT];
    size_t count;
};

static enum nl_status note_due(int64_t id, void *ctx, struct nl_error *err) {
    struct due *due = ctx;
    (void)err;
    if (due->count < DUE_LIMIT) /* the others begin with the next call */
        due->ids[due->count++] = id;
    return NL_OK;
}

/* ---- the hours of an issue ---- */

struct hours {
    struct nl_zone_hour items[ZONES_LIMIT];
    size_t count;
    const char *local_time;
};

static enum nl_status add_zone(const char *zone, void *ctx, struct nl_error *err) {
    struct hours *hours = ctx;
    int64_t at = 0;
    const char *found = nl_zone_find(zone);
    if (hours->count == ZONES_LIMIT || found == NULL ||
        !nl_zone_time(hours->local_time, found, &at))
        return NL_OK; /* a name that is no zone counts as none */
    hours->items[hours->count] = (struct nl_zone_hour){.zone = strdup(zone), .at = at};
    return hours->items[hours->count++].zone != NULL ? NL_OK : nl_error_nomem(err);
}

static enum nl_status start(struct nl_store *store, int64_t id, struct nl_error *err) {
    struct nl_issue_plan plan = {0};
    struct nl_segment *segment = NULL;
    struct hours *hours = calloc(1, sizeof *hours);
    int64_t deliveries = 0;
    enum nl_status status =
        hours != NULL ? nl_issue_read_plan(store, id, &plan, err) : nl_error_nomem(err);
    if (status == NL_OK && plan.segment != NULL)
        status = nl_segment_parse(plan.segment, nl_env_now(nl_store_env(store)), &segment, err);
    if (status == NL_OK && plan.local_time != NULL) {
        hours->local_time = plan.local_time;
        status = nl_issue_zones(store, plan.list, add_zone, hours, err);
        if (status == NL_OK)
            status = add_zone("UTC", hours, err); /* the last one is for everybody else */
    }
    if (status == NL_OK)
        status = nl_issue_start(store, id, segment, hours->items, hours->count, &deliveries, err);
    for (size_t i = 0; hours != NULL && i < hours->count; i++)
        free(hours->items[i].zone);
    free(hours);
    nl_segment_free(segment);
    nl_issue_plan_free(&plan);
    return status;
}

enum nl_status nl_schedule_start(struct nl_store *store, size_t *count, struct nl_error *err) {
    struct due due = {0};
    enum nl_status status = nl_issue_due(store, note_due, &due, err);
    for (size_t i = 0; status == NL_OK && i < due.count; i++)
        status = start(store, due.ids[i], err);
    *count = due.count;
    return status;
}
