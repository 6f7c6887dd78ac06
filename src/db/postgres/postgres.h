/* PostgreSQL: what the files of this folder share. */
#ifndef NL_DB_POSTGRES_POSTGRES_H
#define NL_DB_POSTGRES_POSTGRES_H

#include "db/database.h"

#include <libpq-fe.h>

struct nl_postgres {
    PGconn *connection;
    char *url;
    struct nl_buf waiting; /* postgres_pipeline.c: whose replies are still expected */
    int64_t offset;        /* milliseconds by which the server's clock is ahead of ours */
    int64_t clock_at;      /* when, by our clock, that was found out */
    int64_t changes;       /* of the last statement that changed rows */
    bool duplicate;        /* the last failure was that a row is there already */
    bool open;             /* a transaction is */
    bool read_only;        /* every session of this store is */
    uint64_t listens;      /* postgres_wait.c: the session that hears of changes */
    uint64_t sessions;     /* how often we connected: prepared statements end with their session */
    uint64_t plans;      /* postgres_pipeline.c: the session that keeps to the plans it has made */
    uint64_t statements; /* for their names */
    int64_t planned_at;  /* since when the session may have kept plans */
    struct nl_buf dropped; /* words that end statements which are no longer needed */
};

struct nl_postgres_statement {
    struct nl_buf sql; /* translated */
    char name[24];
    struct nl_postgres *link;
    uint64_t session; /* in which it is prepared; 0: in none */
    bool used;        /* once, at least: from then on it is worth preparing */
    PGresult *result;
    int row;
};

/* The values as the protocol wants them; all in one piece of memory, which begins with `numbers`.
 */
struct nl_postgres_parameters {
    uint64_t *numbers; /* in network order */
    const char **data;
    Oid *types;
    int *lengths, *formats;
};

enum { NL_POSTGRES_BINARY = 1 };

static inline struct nl_postgres *nl_postgres(const struct nl_store *store) {
    return store->link;
}

/* The status of a failed statement or connection, with what to do about it. `result` may be NULL.
 * A server that is away is NL_TEMPFAIL. */
enum nl_status nl_postgres_error(struct nl_store *store, const PGresult *result,
                                 struct nl_error *err);

void nl_postgres_confine(struct nl_store *store, nl_store_visit_path *visit, void *ctx);

/* Runs statements without parameters. */
enum nl_status nl_postgres_script(struct nl_store *store, const char *sql, struct nl_error *err);

/* Connects again where the connection is lost and no transaction was open. */
enum nl_status nl_postgres_ensure(struct nl_store *store, struct nl_error *err);

/* postgres_connection.c: the server's time, and taking it from a result. */
#define NL_POSTGRES_CLOCK "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
void nl_postgres_set_clock(struct nl_postgres *link, const PGresult *result);

/* postgres_dialect.c: `sql` with parameters written $1, $2; an insert returns its id. `part` takes
 * the place of NL_OF_ISSUE. */
void nl_postgres_translate(const char *sql, const char *part, bool insert, struct nl_buf *out);

/* postgres_discard.c */
void nl_postgres_discard(const char *path);

/* postgres_connection.c */
enum nl_status nl_postgres_create(const char *path, bool *created, struct nl_error *err);
PGconn *nl_postgres_connect(const char *url);
enum nl_status nl_postgres_check(const char *path, struct nl_error *err);
enum nl_status nl_postgres_open(struct nl_store *store, const char *path, struct nl_error *err);
void nl_postgres_close(struct nl_store *store);
enum nl_status nl_postgres_begin(struct nl_store *store, bool exclusive, struct nl_error *err);
void nl_postgres_set_durable(struct nl_store *store, bool durable);
enum nl_status nl_postgres_read_only(struct nl_store *store, struct nl_error *err);
enum nl_status nl_postgres_commit(struct nl_store *store, struct nl_error *err);
void nl_postgres_rollback(struct nl_store *store);

/* postgres_statement.c */
enum nl_status nl_postgres_prepare(struct nl_store *store, const char *sql, bool insert,
                                   void **handle, struct nl_error *err);
enum nl_status nl_postgres_bind(struct nl_store *store, void *handle, const struct nl_value *values,
                                size_t count, struct nl_error *err);
enum nl_status nl_postgres_step(struct nl_store *store, void *handle, bool *row,
                                struct nl_error *err);
void nl_postgres_reset(void *handle);
void nl_postgres_finalize(void *handle);
int64_t nl_postgres_inserted(struct nl_store *store, void *handle);
int64_t nl_postgres_number(void *handle, int column);
double nl_postgres_real(void *handle, int column);
const char *nl_postgres_text(void *handle, int column);
const void *nl_postgres_bytes(void *handle, int column, size_t *len);
bool nl_postgres_is_null(void *handle, int column);

/* To be freed by out->numbers. */
enum nl_status nl_postgres_parameters(struct nl_postgres_parameters *out,
                                      const struct nl_value *values, size_t count,
                                      struct nl_error *err);
/* Gives a statement that is about to be prepared a name of its own. */
void nl_postgres_name(struct nl_postgres *link, struct nl_postgres_statement *statement);
/* Whether statement->result is a success, and of types that we can read. */
enum nl_status nl_postgres_judge(struct nl_store *store, struct nl_postgres_statement *statement,
                                 struct nl_error *err);

/* Has the server forget statements that are no longer needed. Before a transaction begins. */
void nl_postgres_drop_statements(struct nl_postgres *link);

/* postgres_pipeline.c */
enum nl_status nl_postgres_begin_later(struct nl_store *store, struct nl_error *err);
enum nl_status nl_postgres_later(struct nl_store *store, void *handle,
                                 const struct nl_value *values, size_t count, nl_sql_visit *each,
                                 void *context, struct nl_error *err);
/* Runs a statement together with those that wait. */
enum nl_status nl_postgres_join(struct nl_store *store, struct nl_postgres_statement *statement,
                                const struct nl_postgres_parameters *parameters, int count,
                                struct nl_error *err);
/* Commits together with what waits. */
enum nl_status nl_postgres_join_commit(struct nl_store *store, struct nl_error *err);
enum nl_status nl_postgres_flush(struct nl_store *store, struct nl_error *err);

/* postgres_wait.c */
enum nl_status nl_postgres_wait(struct nl_store *store, int64_t seconds,
                                const volatile sig_atomic_t *stop, struct nl_error *err);

/* postgres_upkeep.c */
enum nl_status nl_postgres_lock(struct nl_store *store, int64_t what, int64_t *holder,
                                struct nl_error *err);
void nl_postgres_unlock(struct nl_store *store, int64_t what);
enum nl_status nl_postgres_take_permit(struct nl_store *store, uint32_t key, bool *taken,
                                       struct nl_error *err);
void nl_postgres_return_permit(struct nl_store *store, uint32_t key);
enum nl_status nl_postgres_examine(struct nl_store *store, struct nl_buf *problem,
                                   struct nl_error *err);
enum nl_status nl_postgres_backup(struct nl_store *store, const char *path, struct nl_error *err);
enum nl_status nl_postgres_snapshot(struct nl_store *store, bool exclusive, struct nl_error *err);
enum nl_status nl_postgres_after_copy(struct nl_store *store, struct nl_error *err);
enum nl_status nl_postgres_reindex(struct nl_store *store, struct nl_error *err);

#endif
