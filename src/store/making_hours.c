/* An hour of each subscriber's own clock: the deliveries of an issue that is made in parts. */
#include "newsletter/base/memory.h"
#include "newsletter/base/zone.h"
#include "newsletter/db/sql.h"
#include "store/making.h"

#include <stdlib.h>
#include <string.h>

/* Deliveries of people in one zone, until a row of another one comes. */
struct zone_walk {
    struct nl_store *store;
    const char *local_time;
    char *zone;
    struct nl_buf ids;
    int64_t issue;
};

static enum nl_status set_time(struct zone_walk *walk, int64_t at, struct nl_error *err) {
    return nl_sql_run_ids(walk->store, err, (const int64_t *)(const void *)walk->ids.data,
                          nl_ids_count(&walk->ids), NULL,
                          "UPDATE delivery" NL_OF_ISSUE " SET next_attempt_at = ?2 WHERE id " NL_IDS
                          " AND state = 'deferred'" NL_IDS_CHANGED("id"),
                          NL_VALUES(NL_OF(walk->issue), NL_INT(at)));
}

/* Zones come from attributes, and so from strangers: people in one that does not exist wait for the
 * hour of everybody else. */
static enum nl_status end_zone(struct zone_walk *walk, struct nl_error *err) {
    int64_t at = 0;
    enum nl_status status = NL_OK;
    if (walk->zone != NULL && nl_zone_time(walk->local_time, walk->zone, &at))
        status = set_time(walk, at, err);
    nl_buf_clear(&walk->ids);
    free(walk->zone);
    walk->zone = NULL;
    return status;
}

static enum nl_status add_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct zone_walk *walk = context;
    const char *zone = nl_sql_text(row, 1);
    enum nl_status status = NL_OK;
    if (walk->zone == NULL || strcmp(walk->zone, zone) != 0) {
        status = end_zone(walk, err);
        walk->zone = nl_strdup(zone);
    }
    return status == NL_OK ? nl_sql_add_id(row, &walk->ids, err) : status;
}

enum nl_status nl_part_hours(struct nl_store *store, const struct nl_part *part,
                             const char *local_time, struct nl_error *err) {
    struct zone_walk walk = {.store = store, .issue = part->issue, .local_time = local_time};
    int64_t at = 0;
    if (!nl_zone_time(local_time, "UTC", &at))
        return nl_error_set(err, NL_DATA, "the issue's local time '%s' is not a time", local_time);
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE delivery" NL_OF_ISSUE
                   " SET next_attempt_at = ?4 WHERE issue = ?1 AND subscription > ?2 AND "
                   "subscription <= ?3 AND state = 'deferred' AND next_attempt_at IS NULL",
                   NL_VALUES(NL_OF(part->issue), NL_INT(part->issue), NL_INT(part->after),
                             NL_INT(part->last), NL_INT(at)));
    if (status == NL_OK)
        status = nl_sql_each(
            store, err, add_row, &walk,
            "SELECT d.id, json_extract(r.attributes, '$.timezone') FROM delivery" NL_OF_ISSUE " d "
            "JOIN subscription s ON s.id = d.subscription JOIN subscriber r ON r.id = s.subscriber "
            "WHERE d.issue = ?1 AND d.subscription > ?2 AND d.subscription <= ?3 AND d.state = "
            "'deferred' AND d.attempts = 0 AND "
            "json_type(r.attributes, '$.timezone') = 'text' ORDER BY 2",
            NL_VALUES(NL_OF(part->issue), NL_INT(part->issue), NL_INT(part->after),
                      NL_INT(part->last)));
    if (status == NL_OK)
        status = end_zone(&walk, err);
    free(walk.zone);
    nl_buf_free(&walk.ids);
    return status;
}

enum nl_status nl_part_wait_for_hours(struct nl_store *store, int64_t issue, const char *local_time,
                                      int64_t *changed, struct nl_error *err) {
    struct nl_part part = {.issue = issue};
    *changed = 0;
    enum nl_status status = nl_sql_first(
        store, err, NULL,
        "SELECT coalesce(min(subscription), 0) - 1, coalesce(max(subscription), 0), count(*) FROM "
        "(SELECT d.subscription FROM delivery" NL_OF_ISSUE
        " d WHERE d.issue = ?1 AND d.state = 'deferred' AND "
        "d.next_attempt_at IS NULL AND (SELECT c.state FROM canary c WHERE c.issue = ?1) IN "
        "('passed', 'overruled') ORDER BY d.subscription LIMIT ?2) AS next",
        NL_VALUES(NL_OF(issue), NL_INT(issue), NL_INT(NL_PART)),
        NL_COLUMNS(NL_INTO(&part.after), NL_INTO(&part.last), NL_INTO(changed)));
    return status == NL_OK && *changed > 0 ? nl_part_hours(store, &part, local_time, err) : status;
}
