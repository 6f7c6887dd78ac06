#include "newsletter/store/delivery.h"

#include "newsletter/db/sql.h"

struct visit {
    enum nl_status (*each)(const struct nl_delivery_row *row, void *ctx, struct nl_error *err);
    void *ctx;
};

static enum nl_status visit_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    const struct visit *visit = context;
    struct nl_delivery_row item = {0};
    char state[16];
    enum nl_status status =
        nl_sql_read(row,
                    NL_COLUMNS(NL_INTO(&item.subscription), NL_INTO(&item.address),
                               NL_INTO_FIXED(state, sizeof state), NL_INTO(&item.attempts),
                               NL_INTO(&item.updated_at), NL_INTO(&item.result.next_attempt_at),
                               NL_INTO(&item.result.code),
                               NL_INTO_FIXED(item.result.status, sizeof item.result.status),
                               NL_INTO(&item.result.text)),
                    err);
    nl_delivery_state_parse(state, &item.state);
    return status == NL_OK ? visit->each(&item, visit->ctx, err) : status;
}

/* The condition of an index, delivery_told, word by word: so these deliveries are found by it. */
#define TOLD                                                                                       \
    "(d.state = 'bounced' OR d.state = 'failed' OR d.state = 'skipped' OR d.state = 'deferred' "   \
    "OR d.state = 'unknown')"

#define ROWS(condition)                                                                            \
    "SELECT d.subscription, r.address, d.state, d.attempts, d.updated_at, d.next_attempt_at, "     \
    "d.reply_code, d.reply_status, d.reply_text FROM delivery d "                                  \
    "JOIN subscription s ON s.id = d.subscription JOIN subscriber r ON r.id = s.subscriber "       \
    "WHERE d.issue = ?1 AND d.subscription > ?2 AND " condition                                    \
    " ORDER BY d.subscription LIMIT ?4"

enum nl_status nl_delivery_each(struct nl_store *store, int64_t issue, enum nl_delivery_state state,
                                int64_t after, int64_t limit,
                                enum nl_status (*each)(const struct nl_delivery_row *row, void *ctx,
                                                       struct nl_error *err),
                                void *ctx, struct nl_error *err) {
    struct visit visit = {each, ctx};
    const struct nl_value *values =
        NL_VALUES(NL_INT(issue), NL_INT(after), NL_STRING(nl_delivery_state_text(state)),
                  NL_INT(nl_sql_limit(limit)));
    switch (state) {
    case NL_DELIVERY_BOUNCED:
    case NL_DELIVERY_FAILED:
    case NL_DELIVERY_SKIPPED:
    case NL_DELIVERY_DEFERRED:
    case NL_DELIVERY_UNKNOWN:
        return nl_sql_each(store, err, visit_row, &visit, ROWS(TOLD " AND d.state = ?3"), values);
    default:
        return nl_sql_each(store, err, visit_row, &visit, ROWS("(?3 IS NULL OR d.state = ?3)"),
                           values);
    }
}
