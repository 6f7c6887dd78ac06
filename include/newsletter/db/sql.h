/* What the files of this folder share: the open database and a short way to run a statement. SQL is
 * written so that every engine understands it; what stands in a comment that begins with a plus
 * sign is for those where many write at a time. */
#ifndef NEWSLETTER_DB_SQL_H
#define NEWSLETTER_DB_SQL_H

#include "newsletter/base/buf.h"
#include "newsletter/db/engine.h"
#include "newsletter/db/handle.h"

struct nl_statement;

struct nl_store {
    const struct nl_engine *engine;
    void *link; /* the engine's own */
    char *path; /* as messages call it */
    char *secret;
    struct nl_env env;
    struct nl_statement *statements; /* prepared once, by the address of their text */
    bool batch;                      /* one is open */
    bool rates_locked;               /* throttle.c: the rates are ours until the transaction ends */
};

/* Prepares `sql`, a string literal, or takes it from the cache, and binds by `types`: one letter
 * per parameter, i int64_t, s const char * (NULL binds NULL), b const void * and size_t. Returns
 * NULL and fills `err` on failure. The statement belongs to the store; finish with nl_sql_done. */
struct nl_statement *nl_sql(struct nl_store *store, struct nl_error *err, const char *sql,
                            const char *types, ...);

/* Steps. NL_OK with *row true on a row, false at the end. */
enum nl_status nl_sql_step(struct nl_store *store, struct nl_statement *statement, bool *row,
                           struct nl_error *err);

/* Resets a statement for its next use. NULL is harmless. */
void nl_sql_done(struct nl_statement *statement);

/* Runs a statement that returns no rows. */
enum nl_status nl_sql_run(struct nl_store *store, struct nl_error *err, const char *sql,
                          const char *types, ...);

/* Runs an INSERT of one row into a table with an id. *id is that of the row; 0 where none was made
 * (ON CONFLICT DO NOTHING). */
enum nl_status nl_sql_insert(struct nl_store *store, struct nl_error *err, int64_t *id,
                             const char *sql, const char *types, ...);

/* Changes many rows in the same way: `sql` is an UPDATE of the row NL_IDS, its parameter ?1, and
 * ends with NL_IDS_CHANGED("id"); `types` and what follows are for ?2 and on. changed[i], unless it
 * is NULL, tells whether the row ids[i] was changed. */
#define NL_IDS "= /*+ ANY (CAST( */ ?1 /*+ AS BIGINT[])) */"
#define NL_IDS_CHANGED(id) " /*+ RETURNING " id " */"
enum nl_status nl_sql_run_ids(struct nl_store *store, struct nl_error *err, const int64_t *ids,
                              size_t count, bool *changed, const char *sql, const char *types, ...);

/* Runs many statements at once: between begin and end nl_sql_run may only note what is to be run,
 * and no other function may be called. End it also after a failure, `status`, which is then
 * returned: what failed first is what is told. */
enum nl_status nl_sql_batch_begin(struct nl_store *store, struct nl_error *err);
enum nl_status nl_sql_batch_end(struct nl_store *store, enum nl_status status,
                                struct nl_error *err);

/* How many rows the last statement that was run has changed. */
int64_t nl_sql_changes(const struct nl_store *store);

/* Whether the last failure was that a row like it is there already. */
bool nl_sql_is_duplicate(const struct nl_store *store);

/* Runs a query for one number: the first column of the first row, 0 where there is none. *found, if
 * it is not NULL, tells whether there was a row. */
enum nl_status nl_sql_number(struct nl_store *store, struct nl_error *err, int64_t *out,
                             bool *found, const char *sql, const char *types, ...);

/* A column of the row; 0, NULL or true where there is no row. nl_sql_borrow and nl_sql_bytes are
 * for the time until the next step. */
int64_t nl_sql_int64(const struct nl_statement *statement, int column);
bool nl_sql_bool(const struct nl_statement *statement, int column);
double nl_sql_double(const struct nl_statement *statement, int column);
bool nl_sql_is_null(const struct nl_statement *statement, int column);
const char *nl_sql_borrow(const struct nl_statement *statement, int column);
const void *nl_sql_bytes(const struct nl_statement *statement, int column, size_t *len);

/* Copies a text column; NULL stays NULL. Sets *failed when memory ran out. */
char *nl_sql_text(const struct nl_statement *statement, int column, bool *failed);

/* Copies a text column into `size` bytes; "" where it is NULL or does not fit. */
void nl_sql_short(const struct nl_statement *statement, int column, char *out, size_t size);

/* Copies a blob column, with a NUL behind it. Sets *failed when memory ran out. */
char *nl_sql_blob(const struct nl_statement *statement, int column, size_t *len, bool *failed);

/* A statement made at run time, with its values. Zero it, free with nl_query_free. */
struct nl_query {
    struct nl_buf sql;
    struct nl_buf values; /* struct nl_value */
    struct nl_buf owned;  /* char *, what nl_query_own took */
};
void nl_query_number(struct nl_query *query, int64_t number);
void nl_query_text(struct nl_query *query, const char *borrowed);
void nl_query_own(struct nl_query *query, char *text);
void nl_query_free(struct nl_query *query);

/* A statement that is run again and again with values at hand, also in a batch. End with
 * nl_sql_end. */
struct nl_statement *nl_sql_prepare(struct nl_store *store, const char *sql, struct nl_error *err);
enum nl_status nl_sql_put(struct nl_store *store, struct nl_statement *statement,
                          const struct nl_value *values, size_t count, struct nl_error *err);

/* Prepares and binds it. End with nl_sql_end. */
struct nl_statement *nl_sql_query(struct nl_store *store, const struct nl_query *query,
                                  struct nl_error *err);
void nl_sql_end(struct nl_statement *statement);

/* Appends the first column of each row, with "; " between them. */
enum nl_status nl_sql_list(struct nl_store *store, const char *sql, struct nl_buf *out,
                           struct nl_error *err);

/* "LIMIT ?" for 0, which is no limit. */
int64_t nl_sql_limit(int64_t limit);

/* Runs `body` between begin and commit, alone or beside others; rolls back when it fails. */
typedef enum nl_status nl_sql_body(struct nl_store *store, void *ctx, struct nl_error *err);
enum nl_status nl_sql_transaction(struct nl_store *store, nl_sql_body *body, void *ctx,
                                  struct nl_error *err);
enum nl_status nl_sql_transaction_beside(struct nl_store *store, nl_sql_body *body, void *ctx,
                                         struct nl_error *err);

/* Drops every cached statement, before the database is closed. */
void nl_sql_finalize(struct nl_store *store);

/* Removes a database that nl_store_create has made, and nobody has used. */
void nl_store_discard(const char *path);

/* migrate.c. `create`: whether there may be no tables yet. */
enum nl_status nl_store_migrate(struct nl_store *store, bool create, struct nl_error *err);

#endif
