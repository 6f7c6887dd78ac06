#include "newsletter/store/event_feed.h"

#include "newsletter/db/sql.h"

enum { SETTLING_SECONDS = 30 };

struct visit {
    enum nl_status (*each)(const struct nl_event_row *row, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    const struct visit *visit = context;
    struct nl_event_row event = {0};
    enum nl_status status =
        nl_sql_read(row,
                    NL_COLUMNS(NL_INTO(&event.id), NL_INTO(&event.at), NL_INTO(&event.kind),
                               NL_INTO(&event.list), NL_INTO(&event.subscriber),
                               NL_INTO(&event.address), NL_INTO(&event.issue), NL_INTO(&event.slug),
                               NL_INTO(&event.detail), NL_INTO(&event.message)),
                    err);
    return status == NL_OK ? visit->each(&event, visit->ctx, err) : status;
}

enum nl_status nl_events_each(struct nl_store *store, const struct nl_event_query *query,
                              enum nl_status (*each)(const struct nl_event_row *row, void *ctx,
                                                     struct nl_error *err),
                              void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    int64_t settled =
        nl_store_locks_issues(store) ? INT64_MAX : nl_store_now(store) - SETTLING_SECONDS;
    return nl_sql_each(
        store, err, visit_row, &visit,
        "SELECT e.id, e.at, e.kind, l.name, e.subscriber, CASE WHEN r.address_key LIKE '%@%' THEN "
        "r.address ELSE m.address END, e.issue, i.slug, e.detail, e.message FROM event e LEFT JOIN "
        "list l ON l.id = e.list LEFT JOIN transactional m ON m.delivery = e.message "
        "LEFT JOIN subscriber r ON r.id = e.subscriber LEFT JOIN issue i ON i.id = e.issue "
        "WHERE e.id > ?1 AND e.at <= ?2 AND (?3 IS NULL OR e.kind = ?3) AND "
        "(?4 IS NULL OR l.name = ?4) ORDER BY e.id LIMIT ?5",
        NL_VALUES(NL_INT(query->after), NL_INT(settled), NL_STRING(query->kind),
                  NL_STRING(query->list), NL_INT(query->limit)));
}

enum nl_status nl_events_last(struct nl_store *store, int64_t *id, struct nl_error *err) {
    return nl_sql_number(store, err, id, NULL, "SELECT coalesce(max(id), 0) FROM event",
                         NL_NO_VALUES);
}
