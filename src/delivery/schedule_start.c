#include "newsletter/delivery/schedule_start.h"

#include "newsletter/base/zone.h"
#include "newsletter/store/issue.h"

#include <stdlib.h>
#include <string.h>

enum { DUE_LIMIT = 100 };

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
    struct nl_zone_hour *items;
    size_t count, room;
    const char *local_time;
};

static bool grow(struct hours *hours) {
    size_t room = hours->room > 0 ? 2 * hours->room : 16;
    if (hours->count < hours->room)
        return true;
    struct nl_zone_hour *grown = realloc(hours->items, room * sizeof hours->items[0]);
    if (grown == NULL)
        return false;
    hours->items = grown;
    hours->room = room;
    return true;
}

/* Zones come from attributes, and so from strangers: only names of zones that exist are added. */
static enum nl_status add_zone(const char *zone, void *ctx, struct nl_error *err) {
    struct hours *hours = ctx;
    int64_t at = 0;
    if (!nl_zone_time(hours->local_time, zone, &at))
        return NL_OK;
    char *name = grow(hours) ? strdup(zone) : NULL;
    if (name == NULL)
        return nl_error_nomem(err);
    hours->items[hours->count++] = (struct nl_zone_hour){.zone = name, .at = at};
    return NL_OK;
}

static enum nl_status start_due(struct nl_store *store, int64_t id, struct nl_error *err) {
    struct nl_issue_plan plan = {0};
    struct nl_segment *segment = NULL;
    struct hours hours = {0};
    int64_t deliveries = 0;
    enum nl_status status = nl_issue_read_plan(store, id, &plan, err);
    if (status == NL_OK && plan.segment != NULL)
        status = nl_segment_parse(plan.segment, nl_env_now(nl_store_env(store)), &segment, err);
    if (status == NL_OK && plan.local_time != NULL) {
        hours.local_time = plan.local_time;
        status = nl_issue_zones(store, plan.list, add_zone, &hours, err);
        if (status == NL_OK)
            status = add_zone("UTC", &hours, err); /* the last one is for everybody else */
    }
    if (status == NL_OK)
        status = nl_issue_start(store, id, segment, hours.items, hours.count, &deliveries, err);
    for (size_t i = 0; i < hours.count; i++)
        free(hours.items[i].zone);
    free(hours.items);
    nl_segment_free(segment);
    nl_issue_plan_free(&plan);
    return status;
}

enum nl_status nl_schedule_start(struct nl_store *store, size_t *count, struct nl_error *err) {
    struct due due = {0};
    enum nl_status status = nl_issue_due(store, note_due, &due, err);
    for (size_t i = 0; status == NL_OK && i < due.count; i++)
        status = start_due(store, due.ids[i], err);
    *count = due.count;
    return status;
}
