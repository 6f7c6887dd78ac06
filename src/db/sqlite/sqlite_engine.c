#include "db/sqlite/sqlite.h"

#include <errno.h>

/* A full disk shows as SQLITE_FULL when pages are written, and as an I/O error when the shared
 * memory of the write-ahead log cannot grow. */
static int error_code(sqlite3 *db) {
    int code = sqlite3_errcode(db) & 0xff;
    bool full =
        sqlite3_system_errno(db) == ENOSPC || sqlite3_extended_errcode(db) == SQLITE_IOERR_SHMSIZE;
    return code == SQLITE_IOERR && full ? SQLITE_FULL : code;
}

enum nl_status nl_sqlite_error(struct nl_store *store, struct nl_error *err) {
    sqlite3 *db = nl_sqlite(store)->db;
    const char *path = store->path;
    switch (error_code(db)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return nl_error_set(err, NL_BUSY, "%s is locked by another process: try again", path);
    case SQLITE_FULL:
        return nl_error_set(err, NL_IO, "the disk of %s is full: make room, then run it again",
                            path);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return nl_error_set(err, NL_NOPERM,
                            "%s cannot be written: check the owner and mode of the file and its "
                            "folder",
                            path);
    case SQLITE_CANTOPEN:
        return nl_error_set(err, NL_NOPERM,
                            "cannot open %s: check the path, and the owner and mode of its folder",
                            path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return nl_error_set(
            err, NL_IO,
            "%s is damaged, or is not a newsletter database (%s): restore it from a backup", path,
            sqlite3_errmsg(db));
    case SQLITE_IOERR:
        return nl_error_set(err, NL_IO, "reading or writing %s failed (%s): check the disk", path,
                            sqlite3_errmsg(db));
    case SQLITE_NOMEM:
        return nl_error_nomem(err);
    default:
        return nl_error_set(err, NL_INTERNAL, "%s: %s", path, sqlite3_errmsg(db));
    }
}

/* ---- statements ---- */

static enum nl_status prepare(struct nl_store *store, const char *sql, bool insert, void **handle,
                              struct nl_error *err) {
    sqlite3_stmt *statement = NULL;
    (void)insert;
    if (sqlite3_prepare_v3(nl_sqlite(store)->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
                           NULL) != SQLITE_OK)
        return nl_sqlite_error(store, err);
    *handle = statement;
    return NL_OK;
}

static enum nl_status sqlite_bind(struct nl_store *store, void *handle,
                                  const struct nl_value *values, size_t count,
                                  struct nl_error *err) {
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < count; i++) {
        const struct nl_value *value = &values[i];
        int at = (int)i + 1;
        if (value->null)
            rc = sqlite3_bind_null(handle, at);
        else if (value->type == 'd')
            rc = sqlite3_bind_double(handle, at, value->real);
        else if (value->type == 'i')
            rc = sqlite3_bind_int64(handle, at, value->number);
        else if (value->type == 's')
            rc = sqlite3_bind_text(handle, at, value->data, -1, SQLITE_STATIC);
        else
            rc = sqlite3_bind_blob64(handle, at, value->data, value->len, SQLITE_STATIC);
    }
    return rc == SQLITE_OK ? NL_OK : nl_sqlite_error(store, err);
}

static enum nl_status sqlite_step(struct nl_store *store, void *handle, bool *row,
                                  struct nl_error *err) {
    int rc = sqlite3_step(handle);
    nl_sqlite_end_waiting(store);
    *row = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? NL_OK : nl_sqlite_error(store, err);
}

static void sqlite_reset(void *handle) {
    sqlite3_reset(handle);
    sqlite3_clear_bindings(handle);
}

static void finalize(void *handle) {
    sqlite3_finalize(handle);
}

static int64_t inserted(struct nl_store *store, void *handle) {
    (void)handle;
    return sqlite3_last_insert_rowid(nl_sqlite(store)->db);
}

static int64_t changes(const struct nl_store *store) {
    return sqlite3_changes64(nl_sqlite(store)->db);
}

static bool is_duplicate(const struct nl_store *store) {
    return (sqlite3_errcode(nl_sqlite(store)->db) & 0xff) == SQLITE_CONSTRAINT;
}

enum nl_status nl_sqlite_script(struct nl_store *store, const char *sql, struct nl_error *err) {
    int rc = sqlite3_exec(nl_sqlite(store)->db, sql, NULL, NULL, NULL);
    nl_sqlite_end_waiting(store);
    return rc == SQLITE_OK ? NL_OK : nl_sqlite_error(store, err);
}

/* ---- columns ---- */

static int64_t number(void *handle, int column) {
    return sqlite3_column_int64(handle, column);
}

static double real(void *handle, int column) {
    return sqlite3_column_double(handle, column);
}

static const char *sqlite_text(void *handle, int column) {
    return (const char *)sqlite3_column_text(handle, column);
}

static const void *bytes(void *handle, int column, size_t *len) {
    const void *data = sqlite3_column_blob(handle, column);
    *len = (size_t)sqlite3_column_bytes(handle, column);
    return data;
}

static bool is_null(void *handle, int column) {
    return sqlite3_column_type(handle, column) == SQLITE_NULL;
}

/* ---- transactions ---- */

/* There is one writer at a time in any case. */
static enum nl_status sqlite_begin(struct nl_store *store, bool exclusive, struct nl_error *err) {
    (void)exclusive;
    return nl_sql_run(store, err, "BEGIN IMMEDIATE", NL_NO_VALUES);
}

static enum nl_status commit(struct nl_store *store, struct nl_error *err) {
    enum nl_status status = nl_sqlite_index_words(store, err);
    return status == NL_OK ? nl_sql_run(store, err, "COMMIT", NL_NO_VALUES) : status;
}

static void rollback(struct nl_store *store) {
    struct nl_error ignored = {0};
    if (sqlite3_get_autocommit(nl_sqlite(store)->db) == 0)
        nl_error_ignore(nl_sql_run(store, &ignored, "ROLLBACK", NL_NO_VALUES));
    nl_error_free(&ignored);
}

/* Readers of the log see one state in any case; a writer keeps all other writers waiting. */
static enum nl_status snapshot(struct nl_store *store, bool exclusive, struct nl_error *err) {
    return nl_sqlite_script(store, exclusive ? "BEGIN IMMEDIATE" : "BEGIN", err);
}

/* One file by itself, without a write-ahead log, until it is opened for work. */
static enum nl_status after_copy(struct nl_store *store, struct nl_error *err) {
    return nl_sqlite_script(store, "PRAGMA journal_mode = DELETE", err);
}

const struct nl_engine nl_engine_sqlite = {
    .dialect = {.number_from = "CAST(",
                .number_end = " AS REAL)",
                .search = "i.id IN (SELECT rowid FROM issue_text WHERE issue_text MATCH ?7)",
                .people = "subscriber_text t CROSS JOIN subscriber r",
                .people_found = "subscriber_text MATCH '(' || ?5 || ') OR (' || ?6 || ')' AND "
                                "t.rowid > ?1 AND t.rowid <= ?7 AND r.id = t.rowid",
                .people_order = "t.rowid",
                .people_by_trigrams = true,
                .people_indexed =
                    "SELECT count(*) FROM sqlite_schema WHERE name = 'subscriber_text'",
                .attribute = "attribute",
                .segment_indexes =
                    "SELECT name FROM sqlite_schema WHERE type = 'index' AND (name LIKE "
                    "'subscriber!_attribute!_%' ESCAPE '!' OR name LIKE "
                    "'subscriber!_number!_%' ESCAPE '!')",
                .migrations_table =
                    "CREATE TABLE IF NOT EXISTS schema_migration (number INTEGER PRIMARY "
                    "KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER "
                    "NOT NULL) STRICT",
                .known_tables =
                    "SELECT (SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migration'), "
                    "(SELECT count(*) FROM sqlite_schema)",
                .revision = "PRAGMA data_version"},
    .migrations = nl_embedded_migrations,
    .locks_issues = true,
    .begin_reading = "BEGIN",
    .create = nl_sqlite_create,
    .discard = nl_sqlite_discard,
    .check = nl_sqlite_check,
    .open = nl_sqlite_open,
    .close = nl_sqlite_close,
    .prepare = prepare,
    .bind = sqlite_bind,
    .step = sqlite_step,
    .reset = sqlite_reset,
    .finalize = finalize,
    .inserted = inserted,
    .changes = changes,
    .is_duplicate = is_duplicate,
    .script = nl_sqlite_script,
    .number = number,
    .real = real,
    .text = sqlite_text,
    .bytes = bytes,
    .is_null = is_null,
    .begin = sqlite_begin,
    .commit = commit,
    .rollback = rollback,
    .lock = nl_sqlite_lock,
    .unlock = nl_sqlite_unlock,
    .take_permit = nl_sqlite_take_permit,
    .return_permit = nl_sqlite_return_permit,
    .wait = nl_sqlite_wait,
    .examine = nl_sqlite_examine,
    .backup = nl_sqlite_backup,
    .is_backup = nl_sqlite_is_backup,
    .settle = nl_sqlite_settle,
    .hold = nl_sqlite_hold,
    .copy_file = nl_sqlite_copy_file,
    .replace = nl_sqlite_replace,
    .sync_start = nl_sqlite_sync_start,
    .sync_request = nl_sqlite_sync_request,
    .sync_fd = nl_sqlite_sync_fd,
    .sync_poll = nl_sqlite_sync_poll,
    .sync_stop = nl_sqlite_sync_stop,
    .migrating = nl_sqlite_migrating,
    .references_hold = nl_sqlite_references_hold,
    .set_patience = nl_sqlite_set_patience,
    .read_only = nl_sqlite_read_only,
    .give_way = nl_sqlite_give_way,
    .series = nl_sqlite_series,
    .bulk_load = nl_sqlite_bulk_load,
    .set_durable = nl_sqlite_set_durable,
    .empty_log = nl_sqlite_empty_log,
    .index_people = nl_sqlite_index_people,
    .confine = nl_sqlite_confine,
    .snapshot = snapshot,
    .after_copy = after_copy,
    .reindex = nl_sqlite_reindex,
};
