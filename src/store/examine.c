#include "newsletter/store.h"

#include "newsletter/buf.h"
#include "store/sql.h"

/* Appends the first column of what a pragma returns, but for "ok". */
static enum nl_status add_rows(struct nl_store *store, const char *sql, const char *prefix,
                               struct nl_buf *problem, struct nl_error *err) {
    bool row = true;
    sqlite3_stmt *statement = nl_sql(store, err, sql, "");
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    while (status == NL_OK && row) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        if (text != NULL && sqlite3_stricmp(text, "ok") != 0)
            nl_buf_addf(problem, "%s%s%s", problem->len > 0 ? "; " : "", prefix, text);
        status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status;
}

enum nl_status nl_store_examine(struct nl_store *store, struct nl_buf *problem,
                                struct nl_error *err) {
    enum nl_status status = add_rows(store, "PRAGMA integrity_check(5)", "", problem, err);
    if (status == NL_OK)
        status = add_rows(store, "SELECT DISTINCT \"table\" FROM pragma_foreign_key_check LIMIT 5",
                          "a row refers to none, in ", problem, err);
    return status == NL_OK && problem->failed ? nl_error_nomem(err) : status;
}
