/* A prepared statement, as the files of this room know it. */
#ifndef NL_DB_STATEMENT_H
#define NL_DB_STATEMENT_H

#include "db/database.h"

/* The row that a statement stands on. */
struct nl_sql_row {
    const struct nl_engine *engine;
    void *handle; /* the engine's */
};

struct nl_statement {
    struct nl_sql_row row;
    const char *sql;
    bool busy;               /* its rows are being read */
    bool of_issue;           /* it has NL_OF_ISSUE */
    bool has_part;           /* it names a partition, */
    char part[NL_PART_SIZE]; /* this one */
    struct nl_statement *next;
};

/* Prepares `sql`, which must outlive the statement. NULL with `err` after a failure,
 * such as NL_OF_ISSUE in `sql` unless `of_issue`. Free it with
 * nl_sql_end. */
struct nl_statement *nl_statement_new(struct nl_store *store, const char *sql, bool insert,
                                      bool of_issue, struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` with every row. */
NL_CHECKED enum nl_status nl_statement_walk(struct nl_store *store, struct nl_statement *statement,
                                            const struct nl_value *values, nl_sql_visit *each,
                                            void *context, struct nl_error *err)
    NL_NONNULL(1, 2, 3, 4, 6);

/* Takes the first row and reads it. `found` may be NULL. */
NL_CHECKED enum nl_status nl_statement_first(struct nl_store *store, struct nl_statement *statement,
                                             const struct nl_value *values, bool *found,
                                             const struct nl_column *columns, struct nl_error *err)
    NL_NONNULL(1, 2, 3, 5, 6);

/* Whether a value is one of NL_OF, which is not a parameter. */
static inline bool nl_value_is_part(const struct nl_value *value) {
    return value->type == 'p' || value->type == 'q';
}

/* Takes what NL_OF says off the values, and chooses that partition. `*given`: whether there was
 * one. */
NL_CHECKED enum nl_status nl_part_take(struct nl_store *store, const struct nl_value **values,
                                       bool *given, struct nl_error *err) NL_ALL_NONNULL;

/* The number of values up to their end. */
size_t nl_values_count(const struct nl_value *values) NL_ALL_NONNULL;

/* Sets the targets of columns to zero, NULL or "". */
void nl_sql_clear(const struct nl_column *columns) NL_ALL_NONNULL;

#endif
