#include "db/statement.h"

#include <stdlib.h>
#include <string.h>

/* Statements that are put together at run time. */

void nl_query_add(struct nl_query *query, const struct nl_value *values) {
    nl_buf_add(&query->values, values, nl_values_count(values) * sizeof *values);
}

void nl_query_own(struct nl_query *query, char *text) {
    nl_buf_add(&query->owned, &text, sizeof text);
    nl_query_add(query, NL_VALUES(NL_STRING(text)));
}

void nl_query_free(struct nl_query *query) {
    for (size_t at = 0; at < query->owned.len; at += sizeof(char *)) {
        char *text = NULL;
        memcpy(&text, query->owned.data + at, sizeof text);
        free(text);
    }
    nl_buf_free(&query->sql);
    nl_buf_free(&query->values);
    nl_buf_free(&query->owned);
}

/* Prepares it; *values are its values with their end. */
static struct nl_statement *make_query(struct nl_store *store, struct nl_query *query,
                                       const struct nl_value **values, struct nl_error *err) {
    static const struct nl_value end = {.type = '\0'};
    nl_buf_add(&query->values, &end, sizeof end);
    *values = (const struct nl_value *)(const void *)query->values.data;
    return nl_statement_new(store, nl_buf_text(&query->sql), false, false, err);
}

enum nl_status nl_query_each(struct nl_store *store, struct nl_error *err, nl_sql_visit *each,
                             void *context, struct nl_query *query) {
    const struct nl_value *values = NULL;
    struct nl_statement *statement = make_query(store, query, &values, err);
    enum nl_status status = statement != NULL
                                ? nl_statement_walk(store, statement, values, each, context, err)
                                : err->status;
    nl_sql_end(statement);
    return status;
}

enum nl_status nl_query_number(struct nl_store *store, struct nl_error *err, int64_t *out,
                               struct nl_query *query) {
    const struct nl_value *values = NULL;
    struct nl_statement *statement = make_query(store, query, &values, err);
    *out = 0;
    enum nl_status status = statement != NULL ? nl_statement_first(store, statement, values, NULL,
                                                                   NL_COLUMNS(NL_INTO(out)), err)
                                              : err->status;
    nl_sql_end(statement);
    return status;
}
