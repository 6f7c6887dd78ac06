#include "store/sql.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct nl_statement {
    const char *sql;
    sqlite3_stmt *handle;
    struct nl_statement *next;
};

/* A full disk shows as SQLITE_FULL when pages are written, and as an I/O error when the shared
 * memory of the write-ahead log cannot grow. */
static int error_code(sqlite3 *db) {
    int code = sqlite3_errcode(db) & 0xff;
    bool full =
        sqlite3_system_errno(db) == ENOSPC || sqlite3_extended_errcode(db) == SQLITE_IOERR_SHMSIZE;
    return code == SQLITE_IOERR && full ? SQLITE_FULL : code;
}

enum nl_status nl_sql_error(struct nl_store *store, struct nl_error *err) {
    const char *path = store->path;
    switch (error_code(store->db)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return nl_error_set(err, NL_BUSY, "%s is locked by another process: try again", path);
    case SQLITE_FULL:
        return nl_error_set(err, NL_IO, "the disk under %s is full: make room, then run again",
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
        return nl_error_set(err, NL_IO,
                            "%s is damaged or no newsletter database (%s): restore it from a "
                            "backup",
                            path, sqlite3_errmsg(store->db));
    case SQLITE_IOERR:
        return nl_error_set(err, NL_IO, "reading or writing %s failed (%s): check the disk", path,
                            sqlite3_errmsg(store->db));
    case SQLITE_NOMEM:
        return nl_error_nomem(err);
    default:
        return nl_error_set(err, NL_INTERNAL, "%s: %s", path, sqlite3_errmsg(store->db));
    }
}

bool nl_sql_is_duplicate(const struct nl_store *store) {
    return (sqlite3_errcode(store->db) & 0xff) == SQLITE_CONSTRAINT;
}

static sqlite3_stmt *prepared(struct nl_store *store, const char *sql, struct nl_error *err) {
    struct nl_statement *entry = store->statements;
    while (entry != NULL && entry->sql != sql)
        entry = entry->next;
    if (entry != NULL)
        return entry->handle;
    entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        nl_error_nomem(err);
        return NULL;
    }
    if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &entry->handle, NULL) !=
        SQLITE_OK) {
        nl_sql_error(store, err);
        free(entry);
        return NULL;
    }
    entry->sql = sql;
    entry->next = store->statements;
    store->statements = entry;
    return entry->handle;
}

/* `keep`: SQLITE_STATIC where the values outlive the statement's run, else SQLITE_TRANSIENT. */
static sqlite3_stmt *bound(struct nl_store *store, struct nl_error *err, const char *sql,
                           const char *types, sqlite3_destructor_type keep, va_list args) {
    sqlite3_stmt *statement = prepared(store, sql, err);
    for (int at = 1; statement != NULL && types[at - 1] != '\0'; at++) {
        int rc = SQLITE_OK;
        if (types[at - 1] == 'i') {
            rc = sqlite3_bind_int64(statement, at, va_arg(args, int64_t));
        } else if (types[at - 1] == 's') {
            rc = sqlite3_bind_text(statement, at, va_arg(args, const char *), -1, keep);
        } else if (types[at - 1] == 'b') {
            const void *data = va_arg(args, const void *);
            rc = sqlite3_bind_blob64(statement, at, data, va_arg(args, size_t), keep);
        } else {
            rc = sqlite3_bind_null(statement, at);
        }
        if (rc != SQLITE_OK) {
            nl_sql_error(store, err);
            nl_sql_done(statement);
            statement = NULL;
        }
    }
    return statement;
}

sqlite3_stmt *nl_sql(struct nl_store *store, struct nl_error *err, const char *sql,
                     const char *types, ...) {
    va_list args;
    va_start(args, types);
    sqlite3_stmt *statement = bound(store, err, sql, types, SQLITE_TRANSIENT, args);
    va_end(args);
    return statement;
}

enum nl_status nl_sql_step(struct nl_store *store, sqlite3_stmt *statement, bool *row,
                           struct nl_error *err) {
    int rc = sqlite3_step(statement);
    *row = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? NL_OK : nl_sql_error(store, err);
}

void nl_sql_done(sqlite3_stmt *statement) {
    if (statement == NULL)
        return;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

enum nl_status nl_sql_run(struct nl_store *store, struct nl_error *err, const char *sql,
                          const char *types, ...) {
    bool row = true;
    va_list args;
    va_start(args, types);
    sqlite3_stmt *statement = bound(store, err, sql, types, SQLITE_STATIC, args);
    va_end(args);
    if (statement == NULL)
        return err->status;
    enum nl_status status = NL_OK;
    while (status == NL_OK && row)
        status = nl_sql_step(store, statement, &row, err);
    nl_sql_done(statement);
    return status;
}

enum nl_status nl_sql_number(struct nl_store *store, struct nl_error *err, int64_t *out,
                             bool *found, const char *sql, const char *types, ...) {
    bool row = false;
    va_list args;
    va_start(args, types);
    sqlite3_stmt *statement = bound(store, err, sql, types, SQLITE_STATIC, args);
    va_end(args);
    *out = 0;
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    if (status == NL_OK && row)
        *out = sqlite3_column_int64(statement, 0);
    if (found != NULL)
        *found = status == NL_OK && row;
    nl_sql_done(statement);
    return status;
}

char *nl_sql_text(sqlite3_stmt *statement, int column, bool *failed) {
    const char *text = (const char *)sqlite3_column_text(statement, column);
    if (text == NULL) {
        *failed = *failed || sqlite3_column_type(statement, column) != SQLITE_NULL;
        return NULL;
    }
    char *copy = strdup(text);
    *failed = *failed || copy == NULL;
    return copy;
}

void nl_sql_short(sqlite3_stmt *statement, int column, char *out, size_t size) {
    const char *text = (const char *)sqlite3_column_text(statement, column);
    out[0] = '\0';
    if (text != NULL && strlen(text) < size)
        memcpy(out, text, strlen(text) + 1);
}

char *nl_sql_blob(sqlite3_stmt *statement, int column, size_t *len, bool *failed) {
    const void *data = sqlite3_column_blob(statement, column);
    *len = (size_t)sqlite3_column_bytes(statement, column);
    char *copy = malloc(*len + 1);
    if (copy == NULL) {
        *failed = true;
        return NULL;
    }
    if (*len > 0)
        memcpy(copy, data, *len);
    copy[*len] = '\0';
    return copy;
}

enum nl_status nl_event_add(struct nl_store *store, const char *kind, int64_t list,
                            int64_t subscriber, int64_t issue, const char *detail,
                            struct nl_error *err) {
    return nl_sql_run(store, err,
                      "INSERT INTO event (at, kind, list, subscriber, issue, detail) "
                      "VALUES (?, ?, nullif(?, 0), nullif(?, 0), nullif(?, 0), ?)",
                      "isiiis", nl_env_now(&store->env), kind, list, subscriber, issue, detail);
}

enum nl_status nl_notice_add(struct nl_store *store, const char *kind, int64_t subscription,
                             int64_t *id, struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err,
                   "INSERT INTO delivery (kind, subscription, state, created_at, updated_at) "
                   "VALUES (?, ?, 'queued', ?3, ?3)",
                   "sii", kind, subscription, nl_env_now(&store->env));
    *id = sqlite3_last_insert_rowid(store->db);
    return status;
}

enum nl_status nl_store_begin(struct nl_store *store, struct nl_error *err) {
    return nl_sql_run(store, err, "BEGIN IMMEDIATE", "");
}

enum nl_status nl_store_commit(struct nl_store *store, struct nl_error *err) {
    return nl_sql_run(store, err, "COMMIT", "");
}

void nl_store_rollback(struct nl_store *store) {
    struct nl_error ignored = {0};
    if (sqlite3_get_autocommit(store->db) == 0)
        nl_sql_run(store, &ignored, "ROLLBACK", "");
    nl_error_free(&ignored);
}

enum nl_status nl_sql_transaction(struct nl_store *store,
                                  enum nl_status (*body)(struct nl_store *, void *,
                                                         struct nl_error *),
                                  void *ctx, struct nl_error *err) {
    enum nl_status status = nl_store_begin(store, err);
    if (status != NL_OK)
        return status;
    status = body(store, ctx, err);
    if (status == NL_OK)
        status = nl_store_commit(store, err);
    if (status != NL_OK)
        nl_store_rollback(store);
    return status;
}

void nl_sql_finalize(struct nl_store *store) {
    while (store->statements != NULL) {
        struct nl_statement *entry = store->statements;
        store->statements = entry->next;
        sqlite3_finalize(entry->handle);
        free(entry);
    }
}
