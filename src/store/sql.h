/* What the files of this folder share: the open database and a short way to run a statement. */
#ifndef NL_STORE_SQL_H
#define NL_STORE_SQL_H

#include "newsletter/buf.h"
#include "newsletter/store.h"

#include <sqlite3.h>

struct nl_store {
    sqlite3 *db;
    char *path;
    char *secret;
    struct nl_env env;
    int lock_fd;                     /* lock.c; -1 until the first lock */
    struct nl_statement *statements; /* prepared once, by the address of their text */
};

/* Prepares `sql`, a string literal, or takes it from the cache, and binds by `types`: one letter
 * per parameter, i int64_t, s const char * (NULL binds NULL), b const void * and size_t, n nothing
 * (NULL). Returns NULL and fills `err` on failure. The statement belongs to the store; finish with
 * nl_sql_done. */
sqlite3_stmt *nl_sql(struct nl_store *store, struct nl_error *err, const char *sql,
                     const char *types, ...);

/* Steps. NL_OK with *row true on a row, false at the end. */
enum nl_status nl_sql_step(struct nl_store *store, sqlite3_stmt *statement, bool *row,
                           struct nl_error *err);

/* Resets a statement for its next use. NULL is harmless. */
void nl_sql_done(sqlite3_stmt *statement);

/* Runs a statement that returns no rows. */
enum nl_status nl_sql_run(struct nl_store *store, struct nl_error *err, const char *sql,
                          const char *types, ...);

/* The status of the database's last failure, with what to do about it. */
enum nl_status nl_sql_error(struct nl_store *store, struct nl_error *err);

/* Whether the last failure was that a row like it is there already. */
bool nl_sql_is_duplicate(const struct nl_store *store);

/* Runs a query for one number: the first column of the first row, 0 where there is none. *found, if
 * it is not NULL, tells whether there was a row. */
enum nl_status nl_sql_number(struct nl_store *store, struct nl_error *err, int64_t *out,
                             bool *found, const char *sql, const char *types, ...);

/* Copies a text column; NULL stays NULL. Sets *failed when memory ran out. */
char *nl_sql_text(sqlite3_stmt *statement, int column, bool *failed);

/* Copies a text column into `size` bytes; "" where it is NULL or does not fit. */
void nl_sql_short(sqlite3_stmt *statement, int column, char *out, size_t size);

/* Copies a blob column, with a NUL behind it. Sets *failed when memory ran out. */
char *nl_sql_blob(sqlite3_stmt *statement, int column, size_t *len, bool *failed);

/* Appends to the history. `detail` may be NULL; ids of 0 are stored as NULL. */
enum nl_status nl_event_add(struct nl_store *store, const char *kind, int64_t list,
                            int64_t subscriber, int64_t issue, const char *detail,
                            struct nl_error *err);

/* Queues a notice to the holder of a subscription; *id is the delivery. */
enum nl_status nl_notice_add(struct nl_store *store, const char *kind, int64_t subscription,
                             int64_t *id, struct nl_error *err);

/* Runs `body` between begin and commit; rolls back when it fails. */
enum nl_status nl_sql_transaction(struct nl_store *store,
                                  enum nl_status (*body)(struct nl_store *, void *,
                                                         struct nl_error *),
                                  void *ctx, struct nl_error *err);

/* Drops every cached statement, before the database is closed. */
void nl_sql_finalize(struct nl_store *store);

/* migrate.c */
enum nl_status nl_store_migrate(struct nl_store *store, struct nl_error *err);

#endif
