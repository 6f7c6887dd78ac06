#include "store/postgres/postgres.h"

#include <stdlib.h>

#define KEY "hashtext('newsletter ' || current_schema())"

/* An issue is everybody's to send, each with leases of its own. What runs once in all installations
 * is locked by the session, and free when that ends. */
enum nl_status nl_postgres_lock(struct nl_store *store, int64_t what, int64_t *holder,
                                struct nl_error *err) {
    int64_t locked = 0;
    if (what != NL_LOCK_RETRY)
        return NL_OK;
    enum nl_status status =
        nl_sql_number(store, err, &locked, NULL, "SELECT pg_try_advisory_lock(" KEY ", 1)", "");
    if (status != NL_OK || locked != 0)
        return status;
    status =
        nl_sql_number(store, err, holder, NULL,
                      "SELECT CAST(coalesce(substring(a.application_name FROM '[0-9]+$'), '0') "
                      "AS BIGINT) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
                      "WHERE l.locktype = 'advisory' AND l.classid = CAST(" KEY
                      " AS BIGINT) & 4294967295 AND l.objid = 1 AND l.granted",
                      "");
    return status == NL_OK
               ? nl_error_set(err, NL_BUSY, "process %lld is already sending it: let it finish",
                              (long long)*holder)
               : status;
}

void nl_postgres_unlock(struct nl_store *store, int64_t what) {
    struct nl_error ignored = {0};
    int64_t unlocked = 0;
    if (what == NL_LOCK_RETRY)
        nl_sql_number(store, &ignored, &unlocked, NULL, "SELECT pg_advisory_unlock(" KEY ", 1)",
                      "");
    nl_error_free(&ignored);
}

/* References and constraints are the server's to keep; what can be told from here is an index that
 * was never finished. */
enum nl_status nl_postgres_examine(struct nl_store *store, struct nl_buf *problem,
                                   struct nl_error *err) {
    bool row = true;
    struct nl_statement *statement =
        nl_sql(store, err,
               "SELECT CAST(c.relname AS TEXT) FROM pg_index i JOIN pg_class c ON "
               "c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
               "n.nspname = current_schema() AND NOT i.indisvalid ORDER BY 1 LIMIT 5",
               "");
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    while (status == NL_OK && row) {
        nl_buf_addf(problem, "%sthe index %s is not whole", problem->len > 0 ? "; " : "",
                    nl_sql_borrow(statement, 0));
        status = nl_sql_step(store, statement, &row, err);
    }
    nl_sql_done(statement);
    return status == NL_OK && problem->failed ? nl_error_nomem(err) : status;
}

enum nl_status nl_postgres_backup(struct nl_store *store, const char *path, struct nl_error *err) {
    (void)path;
    return nl_error_set(err, NL_CONFIG,
                        "%s is a database of a server: copy it with pg_dump, or with 'newsletter "
                        "migrate-store' into a file",
                        store->path);
}

enum nl_status nl_postgres_reindex(struct nl_store *store, struct nl_error *err) {
    return nl_postgres_script(
        store, "DO $$ BEGIN EXECUTE format('REINDEX SCHEMA %I', current_schema()); END $$", err);
}
