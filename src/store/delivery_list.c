#include "newsletter/delivery.h"

#include "store/sql.h"

static struct nl_delivery_row row_of(sqlite3_stmt *statement) {
    struct nl_delivery_row row = {
        .subscription = sqlite3_column_int64(statement, 0),
        .address = (const char *)sqlite3_column_text(statement, 1),
        .state = (const char *)sqlite3_column_text(statement, 2),
        .attempts = sqlite3_column_int64(statement, 3),
        .updated_at = sqlite3_column_int64(statement, 4),
        .result = {.next_attempt_at = sqlite3_column_int64(statement, 5),
                   .code = sqlite3_column_int(statement, 6),
                   .text = (const char *)sqlite3_column_text(statement, 8)},
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
    sqlite3_stmt *statement = nl_sql(
        store, err,
        "SELECT d.subscription, r.address, d.state, d.attempts, d.updated_at, d.next_attempt_at, "
        "d.reply_code, d.reply_status, d.reply_text FROM delivery d "
        "JOIN subscription s ON s.id = d.subscription JOIN subscriber r ON r.id = s.subscriber "
        "WHERE d.issue = ?1 AND d.subscription > ?2 AND (?3 IS NULL OR d.state = ?3) "
        "ORDER BY d.subscription LIMIT CASE ?4 WHEN 0 THEN -1 ELSE ?4 END",
        "iisi", issue, after, state, limit);
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
