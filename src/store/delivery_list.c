#include "newsletter/store/delivery.h"

#include "newsletter/db/sql.h"

static struct nl_delivery_row row_of(struct nl_statement *statement) {
    struct nl_delivery_row row = {
        .subscription = nl_sql_int64(statement, 0),
        .address = nl_sql_borrow(statement, 1),
        .state = nl_sql_borrow(statement, 2),
        .attempts = nl_sql_int64(statement, 3),
        .updated_at = nl_sql_int64(statement, 4),
        .result = {.next_attempt_at = nl_sql_int64(statement, 5),
                   .code = (int)nl_sql_int64(statement, 6),
                   .text = nl_sql_borrow(statement, 8)},
    };
    nl_sql_short(statement, 7, row.result.status, sizeof row.result.status);
    return row;
}

enum nl_status nl_delivery_each(struct nl_store *store, int64_t issue, const char *state,
                                int64_t after, int64_t limit,
                                enum nl_status (*each)(const struct nl_delivery_row *row, void *ctx,
                                                       struct nl_error *err),
                                void *ctx, struct nl_error *err) {
    bool row = false;
    struct nl_statement *statement = nl_sql(
        store, err,
        "SELECT d.subscription, r.address, d.state, d.attempts, d.updated_at, d.next_attempt_at, "
        "d.reply_code, d.reply_status, d.reply_text FROM delivery d "
        "JOIN subscription s ON s.id = d.subscription JOIN subscriber r ON r.id = s.subscriber "
        "WHERE d.issue = ?1 AND d.subscription > ?2 AND (?3 IS NULL OR d.state = ?3) "
        "ORDER BY d.subscription LIMIT ?4",
        "iisi", issue, after, state, nl_sql_limit(limit));
    enum nl_status status =
        statement != NULL ? nl_sql_step(store, statement, &row, err) : err->status;
    while (status == NL_OK && row) {
        const struct nl_delivery_row delivery = row_of(statement);
        status = each(&delivery, ctx, err);
        if (status == NL_OK)
            status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}
