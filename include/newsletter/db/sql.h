/* Running statements. SQL is written so that every engine understands it; what stands in a comment
 * that begins with a plus sign is only for engines where many processes write at a time.
 *
 * Every function that takes a statement as `sql` keeps it prepared, by the address of its text:
 * give it a string literal or a constant. `values` are its parameters (NL_VALUES or NL_NO_VALUES);
 * the texts and bytes in them must live until the function returns. */
#ifndef NEWSLETTER_DB_SQL_H
#define NEWSLETTER_DB_SQL_H

#include "newsletter/base/buf.h"
#include "newsletter/db/handle.h"
#include "newsletter/db/value.h"

/* ---- rows ---- */

struct nl_sql_row;

/* Called for each row, which is valid until it returns. Other statements may be run meanwhile.
 * Anything but NL_OK ends the walk. */
typedef enum nl_status nl_sql_visit(const struct nl_sql_row *row, void *context,
                                    struct nl_error *err);

/* Runs a query and calls `each` for every row, in order. */
NL_CHECKED enum nl_status nl_sql_each(struct nl_store *store, struct nl_error *err,
                                      nl_sql_visit *each, void *context, const char *sql,
                                      const struct nl_value *values) NL_NONNULL(1, 2, 3, 5, 6);

/* As nl_sql_each; in a transaction that was begun together the rows come at the latest with its
 * commit, so `context` lives until then, and `each` neither fails nor runs statements. */
NL_CHECKED enum nl_status nl_sql_later(struct nl_store *store, struct nl_error *err,
                                       nl_sql_visit *each, void *context, const char *sql,
                                       const struct nl_value *values) NL_NONNULL(1, 2, 3, 5, 6);

/* Runs a query for its first row. `*found`, unless `found` is NULL, tells whether there was one;
 * where there was none, all columns are 0 or NULL. After a failure, copies that were made are in
 * place: free them as after success. */
NL_CHECKED enum nl_status nl_sql_first(struct nl_store *store, struct nl_error *err, bool *found,
                                       const char *sql, const struct nl_value *values,
                                       const struct nl_column *columns) NL_NONNULL(1, 2, 4, 5, 6);

/* Whether a query has any row. */
NL_CHECKED enum nl_status nl_sql_exists(struct nl_store *store, struct nl_error *err, bool *found,
                                        const char *sql,
                                        const struct nl_value *values) NL_ALL_NONNULL;

/* Runs a query for one number: the first column of the first row, 0 where there is none. `*found`,
 * unless `found` is NULL, tells whether there was a row. */
NL_CHECKED enum nl_status nl_sql_number(struct nl_store *store, struct nl_error *err, int64_t *out,
                                        bool *found, const char *sql, const struct nl_value *values)
    NL_NONNULL(1, 2, 3, 5, 6);

/* Appends the first column of each row to a text, with "; " between them. */
NL_CHECKED enum nl_status nl_sql_list(struct nl_store *store, const char *sql, struct nl_buf *out,
                                      struct nl_error *err) NL_ALL_NONNULL;

/* Reads a row's columns, from the first on. Copies are the caller's to free, also after NL_OS. */
NL_CHECKED enum nl_status nl_sql_read(const struct nl_sql_row *row, const struct nl_column *columns,
                                      struct nl_error *err) NL_ALL_NONNULL;

/* One column of the row, counted from 0. NULL is 0 or NULL. A text or bytes end with the row. */
int64_t nl_sql_int(const struct nl_sql_row *row, int column) NL_ALL_NONNULL;
bool nl_sql_bool(const struct nl_sql_row *row, int column) NL_ALL_NONNULL;
double nl_sql_real(const struct nl_sql_row *row, int column) NL_ALL_NONNULL;
bool nl_sql_is_null(const struct nl_sql_row *row, int column) NL_ALL_NONNULL;
const char *nl_sql_text(const struct nl_sql_row *row, int column) NL_ALL_NONNULL;
const void *nl_sql_bytes(const struct nl_sql_row *row, int column, size_t *len) NL_ALL_NONNULL;

/* An nl_sql_visit that appends the first column to `ids`, a struct nl_buf of int64_t: for walks
 * whose rows are to be changed afterwards. */
nl_sql_visit nl_sql_add_id;

/* An nl_sql_visit that appends the bytes of the first column to a struct nl_buf; none where it is
 * NULL. */
nl_sql_visit nl_sql_add_bytes;

/* How many ids there are in such a buffer, and one of them. */
size_t nl_ids_count(const struct nl_buf *ids) NL_ALL_NONNULL;
int64_t nl_ids_at(const struct nl_buf *ids, size_t at) NL_ALL_NONNULL;

/* ---- changes ---- */

/* Runs a statement that returns no rows. */
NL_CHECKED enum nl_status nl_sql_run(struct nl_store *store, struct nl_error *err, const char *sql,
                                     const struct nl_value *values) NL_ALL_NONNULL;

/* Runs an INSERT of one row into a table with an id. *id is that of the row; 0 where none was made
 * (ON CONFLICT DO NOTHING). */
NL_CHECKED enum nl_status nl_sql_insert(struct nl_store *store, struct nl_error *err, int64_t *id,
                                        const char *sql,
                                        const struct nl_value *values) NL_ALL_NONNULL;

/* Changes many rows in the same way: `sql` is an UPDATE of the row NL_IDS, its parameter ?1, and
 * ends with NL_IDS_CHANGED("id"); `values` are for ?2 and on. changed[i], unless it is NULL, tells
 * whether the row ids[i] was changed; in a transaction that was begun together it does so after the
 * commit, and `ids` and `changed` live until then. */
#define NL_IDS "= /*+ ANY (CAST( */ ?1 /*+ AS BIGINT[])) */"
#define NL_IDS_CHANGED(id) " /*+ RETURNING " id " */"
NL_CHECKED enum nl_status nl_sql_run_ids(struct nl_store *store, struct nl_error *err,
                                         const int64_t *ids, size_t count, bool *changed,
                                         const char *sql, const struct nl_value *values)
    NL_NONNULL(1, 2, 3, 6, 7);

/* Whether a parameter may be an array, "{1,2}", that stands for many rows. */
bool nl_sql_has_arrays(const struct nl_store *store) NL_ALL_NONNULL;

/* Appends an element to an array, which begins as an empty buffer. NULL is NULL. */
void nl_array_add_int(struct nl_buf *array, int64_t number) NL_ALL_NONNULL;
void nl_array_add_text(struct nl_buf *array, const char *text) NL_NONNULL(1);

/* Ends the array. The value borrows the buffer. */
struct nl_value nl_array_value(struct nl_buf *array) NL_ALL_NONNULL;

/* ---- deliveries of one issue ----
 *
 * A server keeps deliveries in partitions by issue. A statement that has NL_OF_ISSUE right after
 * the name "delivery" is run on one of them, so that it costs the same however many there are. Its
 * values begin with NL_OF(issue) or NL_OF_DELIVERY(id), which say on which one; without either it
 * fails, with any engine. It finds nothing of other issues, and nothing where there is no such
 * delivery. */
#define NL_OF_ISSUE "/*+%*/"

/* Drops partitions of issues that no longer exist. Where others are at it, the next call does. */
NL_CHECKED enum nl_status nl_sql_drop_parts(struct nl_store *store,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Has the server's planner learn what is in all partitions together, where that has changed much.
 * Not within a transaction. */
NL_CHECKED enum nl_status nl_sql_analyze_parts(struct nl_store *store,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Runs many statements at once: between begin and end nl_sql_run may only note what is to be run,
 * and no other function may be called. End it also after a failure, `status`, which is then
 * returned: the first failure is the one that is reported. */
NL_CHECKED enum nl_status nl_sql_batch_begin(struct nl_store *store,
                                             struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_sql_batch_end(struct nl_store *store, enum nl_status status,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* How many rows the last statement that was run has changed. */
int64_t nl_sql_changes(const struct nl_store *store) NL_ALL_NONNULL;

/* Whether the last failure was that such a row exists already. */
bool nl_sql_is_duplicate(const struct nl_store *store) NL_ALL_NONNULL;

/* Several statements without parameters, whose rows are of no interest. */
NL_CHECKED enum nl_status nl_sql_script(struct nl_store *store, const char *sql,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* ---- statements made at run time ---- */

/* Text and values of a statement. Zero it, free with nl_query_free. */
struct nl_query {
    struct nl_buf sql;
    struct nl_buf values; /* struct nl_value */
    struct nl_buf owned;  /* char *, what nl_query_own took */
};

/* Appends values. */
void nl_query_add(struct nl_query *query, const struct nl_value *values) NL_ALL_NONNULL;

/* Appends a text, which becomes the query's to free. */
void nl_query_own(struct nl_query *query, char *text) NL_ALL_NONNULL;

void nl_query_free(struct nl_query *query) NL_ALL_NONNULL;

/* As nl_sql_each and nl_sql_number. */
NL_CHECKED enum nl_status nl_query_each(struct nl_store *store, struct nl_error *err,
                                        nl_sql_visit *each, void *context, struct nl_query *query)
    NL_NONNULL(1, 2, 3, 5);
NL_CHECKED enum nl_status nl_query_number(struct nl_store *store, struct nl_error *err,
                                          int64_t *out, struct nl_query *query) NL_ALL_NONNULL;

/* A statement for many runs, also in a batch. End it with nl_sql_end. */
struct nl_statement;
NL_CHECKED enum nl_status nl_sql_prepare(struct nl_store *store, const char *sql,
                                         struct nl_statement **out,
                                         struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_sql_put(struct nl_store *store, struct nl_statement *statement,
                                     const struct nl_value *values,
                                     struct nl_error *err) NL_ALL_NONNULL;
void nl_sql_end(struct nl_statement *statement);

/* ---- words that engines say differently ---- */

struct nl_dialect {
    const char *number_from;  /* around a text that is to be a real number; any other text */
    const char *number_end;   /* counts as 0 */
    const char *search;       /* issues i whose text holds the words ?7, each in quotes */
    const char *people;       /* tables with the rows r of subscriber, */
    const char *people_found; /* the condition that they are after the id ?1 and hold the parts */
                              /* ?5 or ?6 */
    const char *people_order; /* by id, as the index has it */
    const char *people_near;  /* the last of the ids after ?1 that are better walked through than */
                              /* found by the index; NULL: none */
    bool people_by_trigrams;  /* a part is written as its parts of three letters, each in quotes */
    const char *people_indexed;  /* a query whether an index finds them */
    const char *attribute;       /* a function of a text of JSON and a path; an index may hold it */
    const char *segment_indexes; /* a query for the names of indexes of attributes */
    const char *migrations_table; /* the table of migrations, made where it is missing */
    const char *known_tables;     /* whether that table exists, and how many tables exist */
    const char *revision;         /* a query for a text that changes when anybody else commits */
};
const struct nl_dialect *nl_sql_dialect(const struct nl_store *store) NL_ALL_NONNULL;

/* The parameter of "LIMIT ?" for 0, which is not a limit. */
int64_t nl_sql_limit(int64_t limit);

/* ---- transactions ---- */

/* Runs `body` in a transaction; rolls back when it fails. Within another transaction it is a part
 * of that, which is undone alone when it fails. Exclusive: no other exclusive transaction runs
 * meanwhile, so the rows it has read stay the same. Shared: others may write at the same time; for
 * a body that changes only its own rows. */
typedef enum nl_status nl_sql_body(struct nl_store *store, void *context, struct nl_error *err);
NL_CHECKED enum nl_status nl_sql_exclusive(struct nl_store *store, nl_sql_body *body, void *context,
                                           struct nl_error *err) NL_NONNULL(1, 2, 4);
NL_CHECKED enum nl_status nl_sql_shared(struct nl_store *store, nl_sql_body *body, void *context,
                                        struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Runs the body in the transaction that is open, whichever it is; without one, in an exclusive one.
 */
NL_CHECKED enum nl_status nl_sql_within(struct nl_store *store, nl_sql_body *body, void *context,
                                        struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Appends to what this transaction gathers: the returned buffer, which `write` gets right before
 * the commit, in the same transaction. A savepoint that is undone takes back what was appended in
 * it. NULL where no transaction is open. */
typedef enum nl_status nl_sql_write_gathered(struct nl_store *store, const struct nl_buf *gathered,
                                             struct nl_error *err);
struct nl_buf *nl_sql_gather(struct nl_store *store, nl_sql_write_gathered *write) NL_ALL_NONNULL;

/* The stream to which this transaction may append records in an order of their own: 0 where all
 * others that do so wait for its end, else one that only this store appends to. */
int64_t nl_sql_stream(struct nl_store *store) NL_ALL_NONNULL;

/* Runs a query for its effect, once in each transaction: does nothing if the last call in this
 * transaction gave the same statement. */
NL_CHECKED enum nl_status nl_sql_once(struct nl_store *store, const char *sql,
                                      struct nl_error *err) NL_ALL_NONNULL;

#endif
