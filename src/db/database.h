/* The open database, as the files of this room and the engines know it. */
#ifndef NL_DB_DATABASE_H
#define NL_DB_DATABASE_H

#include "db/engine.h"
#include "newsletter/db/handle.h"
#include "newsletter/db/sql.h"

enum { NL_PART_SIZE = 24 };

struct nl_store {
    const struct nl_engine *engine;
    void *link; /* the engine's own */
    char *path; /* as messages call it */
    char *secret;
    struct nl_env env;
    struct nl_statement *statements; /* prepared, by the address of their text */
    bool batch;                      /* one is open */
    int depth;                       /* of transactions: one within another is a savepoint */
    bool exclusive;                  /* the outermost is so */
    bool empty_log_later;            /* once it has ended */
    bool together;                   /* the transaction was begun so */
    bool reading;                    /* nl_store_read_together: statements share one */
    struct nl_marks *marks;          /* sql.c: of the transaction, until their rows have come */
    bool leave_settings;             /* those that the database itself keeps stay as they are */
    const char *once;                /* the last statement of nl_sql_once in this transaction */
    struct nl_buf gathered;          /* nl_sql_gather: in this transaction, */
    size_t gathered_at[8];           /* at the beginning of each savepoint, */
    nl_sql_write_gathered *write_gathered; /* and what takes it at the commit */
    int64_t stream;                        /* of nl_sql_stream; 0: none was chosen yet */
    char part[NL_PART_SIZE];               /* part.c: what takes the place of NL_OF_ISSUE, */
    struct nl_value part_of;               /* whose it is, */
    bool part_asked;                       /* asked for in this transaction */
};

/* Drops every prepared statement, before the database is closed. */
void nl_sql_finalize(struct nl_store *store) NL_ALL_NONNULL;

/* sql.c. Drops statements that name partitions, except the newest ones of each. Between
 * transactions that were begun together. */
void nl_sql_drop_statements(struct nl_store *store) NL_ALL_NONNULL;

/* many.c. Forgets store->marks. */
void nl_sql_forget_marks(struct nl_store *store) NL_ALL_NONNULL;

/* Removes a database that nl_store_create has made and nobody has used. */
void nl_store_discard(const char *path) NL_ALL_NONNULL;

/* migrate.c. `create`: whether there may be no tables yet. */
NL_CHECKED enum nl_status nl_store_migrate(struct nl_store *store, bool create,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* migrate.c. Compares the schema with this binary's. */
NL_CHECKED enum nl_status nl_store_compare(struct nl_store *store, struct nl_schema *out,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
