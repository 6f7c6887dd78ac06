#include "db/postgres/postgres.h"

#include "db/tables.h"
#include "newsletter/db/copy.h"

#define KEY "hashtext('newsletter ' || current_schema())"

/* Every process may send an issue, each with leases of its own. Work that only one process may do
 * is locked by the session, and free when that ends. */
enum nl_status nl_postgres_lock(struct nl_store *store, int64_t what, int64_t *holder,
                                struct nl_error *err) {
    int64_t locked = 0;
    if (what != NL_LOCK_RETRY)
        return NL_OK;
    enum nl_status status = nl_sql_number(store, err, &locked, NULL,
                                          "SELECT pg_try_advisory_lock(" KEY ", 1)", NL_NO_VALUES);
    if (status != NL_OK || locked != 0)
        return status;
    status =
        nl_sql_number(store, err, holder, NULL,
                      "SELECT CAST(coalesce(substring(a.application_name FROM '[0-9]+$'), '0') "
                      "AS BIGINT) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
                      "WHERE l.locktype = 'advisory' AND l.classid = CAST(" KEY
                      " AS BIGINT) & 4294967295 AND l.objid = 1 AND l.granted",
                      NL_NO_VALUES);
    return status == NL_OK ? NL_BUSY : status;
}

void nl_postgres_unlock(struct nl_store *store, int64_t what) {
    struct nl_error ignored = {0};
    int64_t unlocked = 0;
    if (what == NL_LOCK_RETRY)
        nl_error_ignore(nl_sql_number(store, &ignored, &unlocked, NULL,
                                      "SELECT pg_advisory_unlock(" KEY ", 1)", NL_NO_VALUES));
    nl_error_free(&ignored);
}

#define PERMIT "(hashtext('newsletter slots ' || current_schema()), CAST(? AS INTEGER))"

enum nl_status nl_postgres_take_permit(struct nl_store *store, uint32_t key, bool *taken,
                                       struct nl_error *err) {
    int64_t locked = 0;
    enum nl_status status =
        nl_sql_number(store, err, &locked, NULL, "SELECT pg_try_advisory_lock" PERMIT,
                      NL_VALUES(NL_INT((int32_t)key)));
    *taken = locked != 0;
    return status;
}

void nl_postgres_return_permit(struct nl_store *store, uint32_t key) {
    struct nl_error ignored = {0};
    int64_t left = 0;
    nl_error_ignore(nl_sql_number(store, &ignored, &left, NULL, "SELECT pg_advisory_unlock" PERMIT,
                                  NL_VALUES(NL_INT((int32_t)key))));
    nl_error_free(&ignored);
}

/* The server guards references and constraints. An index that was never finished is the one fault
 * that can be seen from here. */
enum nl_status nl_postgres_examine(struct nl_store *store, struct nl_buf *problem,
                                   struct nl_error *err) {
    return nl_sql_list(store,
                       "SELECT 'the index ' || c.relname || ' is not whole' FROM pg_index i "
                       "JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON "
                       "n.oid = c.relnamespace WHERE n.nspname = current_schema() AND "
                       "NOT i.indisvalid ORDER BY 1 LIMIT 5",
                       problem, err);
}

/* A backup is a SQLite file: it can be kept anywhere and used as it is. */
enum nl_status nl_postgres_backup(struct nl_store *store, const char *path, struct nl_error *err) {
    return nl_store_copy(store, path, NULL, NULL, err);
}

/* ---- copies ---- */

static void lock_tables(struct nl_buf *sql) {
    for (const struct nl_table *table = nl_tables; table->name != NULL; table++)
        nl_buf_addf(sql, "%s %s", table == nl_tables ? "; LOCK TABLE" : ",", table->name);
    nl_buf_adds(sql, " IN SHARE ROW EXCLUSIVE MODE");
}

enum nl_status nl_postgres_snapshot(struct nl_store *store, bool exclusive, struct nl_error *err) {
    struct nl_buf sql = {0};
    nl_buf_adds(&sql, "BEGIN ISOLATION LEVEL REPEATABLE READ");
    if (exclusive)
        lock_tables(&sql);
    enum nl_status status = nl_postgres_ensure(store, err);
    if (status == NL_OK) {
        nl_postgres(store)->open = true;
        status = nl_postgres_script(store, nl_buf_text(&sql), err);
    }
    nl_buf_free(&sql);
    return status;
}

/* New ids continue after those that were copied, and the planner learns the sizes of our tables: a
 * bare ANALYZE would also lock the tables of other programs in this database. */
enum nl_status nl_postgres_after_copy(struct nl_store *store, struct nl_error *err) {
    return nl_postgres_script(
        store,
        "DO $$ DECLARE t record; BEGIN FOR t IN SELECT table_name AS name FROM "
        "information_schema.columns WHERE table_schema = current_schema() AND (is_identity = 'YES' "
        "OR (table_name = 'delivery' AND column_name = 'id')) "
        "LOOP EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, ''id''), "
        "(SELECT coalesce(max(id), 0) + 1 FROM %I), false)', "
        "format('%I.%I', current_schema(), t.name), t.name); END LOOP; "
        "FOR t IN SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() "
        "LOOP EXECUTE format('ANALYZE %I', t.name); END LOOP; END $$",
        err);
}

enum nl_status nl_postgres_reindex(struct nl_store *store, struct nl_error *err) {
    return nl_postgres_script(
        store, /* a transaction can rebuild no whole schema or partitioned table, but each table */
        "DO $$ DECLARE t record; BEGIN FOR t IN SELECT c.relname AS name FROM pg_class c JOIN "
        "pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND "
        "c.relkind = 'r' LOOP EXECUTE format('REINDEX TABLE %I', t.name); "
        "END LOOP; END $$; SELECT make_subscriber_text()",
        err);
}
