#include "db/sqlite/sqlite.h"

enum nl_status nl_sqlite_examine(struct nl_store *store, struct nl_buf *problem,
                                 struct nl_error *err) {
    enum nl_status status = nl_sql_list(store,
                                        "SELECT integrity_check FROM pragma_integrity_check(5) "
                                        "WHERE lower(integrity_check) <> 'ok'",
                                        problem, err);
    return status == NL_OK ? nl_sql_list(store,
                                         "SELECT DISTINCT 'a row refers to none, in ' || \"table\" "
                                         "FROM pragma_foreign_key_check LIMIT 5",
                                         problem, err)
                           : status;
}

/* ---- migrations ---- */

/* Cannot be changed within a transaction. */
enum nl_status nl_sqlite_migrating(struct nl_store *store, bool begins, struct nl_error *err) {
    return nl_sqlite_script(store,
                            begins ? "PRAGMA foreign_keys = OFF" : "PRAGMA foreign_keys = ON", err);
}

enum nl_status nl_sqlite_references_hold(struct nl_store *store, bool *hold, struct nl_error *err) {
    bool row = false;
    enum nl_status status =
        nl_sql_exists(store, err, &row, "PRAGMA foreign_key_check", NL_NO_VALUES);
    *hold = !row;
    return status;
}

/* ---- settings for a time ---- */

static void change(struct nl_store *store, const char *pragmas) {
    sqlite3_exec(nl_sqlite(store)->db, pragmas, NULL, NULL, NULL);
}

enum nl_status nl_sqlite_read_only(struct nl_store *store, struct nl_error *err) {
    return nl_sqlite_script(store, "PRAGMA query_only = ON", err);
}

/* New rows are spread over all indexes, so a larger cache helps. They refer only to rows that were
 * just found or made, so references need no check. A statement with many rows keeps what it may
 * have to undo in memory. */
void nl_sqlite_bulk_load(struct nl_store *store, bool begins) {
    struct nl_error ignored = {0};
    nl_sqlite(store)->bulk = begins;
    if (!begins) /* a search does it where this fails */
        nl_error_ignore(nl_sqlite_index_people(store, &ignored));
    nl_error_free(&ignored);
    change(store, begins ? "PRAGMA cache_size = -32768; PRAGMA foreign_keys = OFF; "
                           "PRAGMA temp_store = MEMORY;" NL_SQLITE_CHECKPOINTS_OF_LONG_WORK
                         : "PRAGMA cache_size = -2000; PRAGMA foreign_keys = ON; "
                           "PRAGMA temp_store = DEFAULT;" NL_SQLITE_CHECKPOINTS);
}

/* In the log, commits keep their order, so that a loss of power takes the last ones away and
 * damages nothing. */
void nl_sqlite_set_durable(struct nl_store *store, bool durable) {
    change(store, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
}

/* The index of people notes what was taken out of it, and keeps the letters until its parts are
 * merged. Where a reader prevents the checkpoint now, the next one does it. */
void nl_sqlite_empty_log(struct nl_store *store) {
    struct nl_error ignored = {0};
    nl_error_ignore(nl_sqlite_merge_people(store, &ignored));
    nl_error_free(&ignored);
    sqlite3_wal_checkpoint_v2(nl_sqlite(store)->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

enum nl_status nl_sqlite_reindex(struct nl_store *store, struct nl_error *err) {
    return nl_sqlite_script(store,
                            "REINDEX; INSERT INTO issue_text (issue_text) VALUES ('rebuild'); "
                            "INSERT INTO subscriber_text (subscriber_text) VALUES ('rebuild')",
                            err);
}
