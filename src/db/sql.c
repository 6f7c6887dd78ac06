#include "newsletter/db/sql.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_LIMIT = 32 };

struct nl_statement {
    struct nl_store *store;
    const char *sql;
    void *handle; /* the engine's */
    struct nl_statement *next;
};

/* ---- preparing ---- */

static struct nl_statement *make(struct nl_store *store, const char *sql, bool insert,
                                 struct nl_error *err) {
    struct nl_statement *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        nl_error_nomem(err);
        return NULL;
    }
    entry->store = store;
    entry->sql = sql;
    if (store->engine->prepare(store, sql, insert, &entry->handle, err) == NL_OK)
        return entry;
    free(entry);
    return NULL;
}

static struct nl_statement *prepared(struct nl_store *store, const char *sql, bool insert,
                                     struct nl_error *err) {
    struct nl_statement *entry = store->statements;
    while (entry != NULL && entry->sql != sql)
        entry = entry->next;
    if (entry != NULL)
        return entry;
    entry = make(store, sql, insert, err);
    if (entry != NULL) {
        entry->next = store->statements;
        store->statements = entry;
    }
    return entry;
}

static size_t read_values(const char *types, va_list args, struct nl_value values[VALUES_LIMIT]) {
    size_t count = 0;
    for (; types[count] != '\0' && count < VALUES_LIMIT; count++) {
        struct nl_value *value = &values[count];
        *value = (struct nl_value){.type = types[count]};
        if (value->type == 'i') {
            value->number = va_arg(args, int64_t);
        } else {
            value->data = va_arg(args, const void *);
            value->len = value->type == 'b' ? va_arg(args, size_t) : 0;
        }
    }
    return count;
}

struct use {
    bool kept, insert;
};

static struct nl_statement *bound(struct nl_store *store, struct nl_error *err, const char *sql,
                                  const char *types, struct use use, va_list args) {
    struct nl_value values[VALUES_LIMIT];
    size_t count = read_values(types, args, values);
    struct nl_statement *statement = prepared(store, sql, use.insert, err);
    if (statement == NULL ||
        store->engine->bind(store, statement->handle, values, count, use.kept, err) == NL_OK)
        return statement;
    nl_sql_done(statement);
    return NULL;
}

struct nl_statement *nl_sql(struct nl_store *store, struct nl_error *err, const char *sql,
                            const char *types, ...) {
    va_list args;
    va_start(args, types);
    struct nl_statement *statement = bound(store, err, sql, types, (struct use){0}, args);
    va_end(args);
    return statement;
}

/* ---- running ---- */

enum nl_status nl_sql_step(struct nl_store *store, struct nl_statement *statement, bool *row,
                           struct nl_error *err) {
    return store->engine->step(store, statement->handle, row, err);
}

void nl_sql_done(struct nl_statement *statement) {
    if (statement != NULL)
        statement->store->engine->reset(statement->handle);
}

static enum nl_status run_through(struct nl_store *store, struct nl_statement *statement,
                                  struct nl_error *err) {
    bool row = true;
    enum nl_status status = statement != NULL ? NL_OK : err->status;
    while (status == NL_OK && row)
        status = nl_sql_step(store, statement, &row, err);
    return status;
}

enum nl_status nl_sql_put(struct nl_store *store, struct nl_statement *statement,
                          const struct nl_value *values, size_t count, struct nl_error *err) {
    if (store->batch && store->engine->batch_add != NULL)
        return store->engine->batch_add(store, statement->handle, values, count, err);
    enum nl_status status = store->engine->bind(store, statement->handle, values, count, true, err);
    if (status == NL_OK)
        status = run_through(store, statement, err);
    nl_sql_done(statement);
    return status;
}

static enum nl_status put(struct nl_store *store, struct nl_error *err, const char *sql,
                          const struct nl_value *values, size_t count) {
    struct nl_statement *statement = prepared(store, sql, false, err);
    return statement != NULL ? nl_sql_put(store, statement, values, count, err) : err->status;
}

enum nl_status nl_sql_run(struct nl_store *store, struct nl_error *err, const char *sql,
                          const char *types, ...) {
    struct nl_value values[VALUES_LIMIT];
    va_list args;
    va_start(args, types);
    size_t count = read_values(types, args, values);
    va_end(args);
    return put(store, err, sql, values, count);
}

enum nl_status nl_sql_batch_begin(struct nl_store *store, struct nl_error *err) {
    store->batch = true;
    return store->engine->batch_begin != NULL ? store->engine->batch_begin(store, err) : NL_OK;
}

enum nl_status nl_sql_batch_end(struct nl_store *store, enum nl_status status,
                                struct nl_error *err) {
    struct nl_error ignored = {0};
    enum nl_status ended = NL_OK;
    store->batch = false;
    if (store->engine->batch_end != NULL)
        ended = store->engine->batch_end(store, status == NL_OK ? err : &ignored);
    nl_error_free(&ignored);
    return status == NL_OK ? ended : status;
}

/* ---- many rows ---- */

static enum nl_status run_for_each(struct nl_store *store, struct nl_error *err, const int64_t *ids,
                                   size_t count, bool *changed, const char *sql,
                                   struct nl_value *values, size_t value_count) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < count; i++) {
        values[0] = (struct nl_value){.type = 'i', .number = ids[i]};
        status = put(store, err, sql, values, value_count);
        if (changed != NULL)
            changed[i] = status == NL_OK && nl_sql_changes(store) > 0;
    }
    return status;
}

static void mark(const int64_t *ids, size_t count, bool *changed, int64_t id) {
    for (size_t i = 0; changed != NULL && i < count; i++)
        if (ids[i] == id)
            changed[i] = true;
}

/* In one statement: its first parameter is an array. */
static enum nl_status run_for_all(struct nl_store *store, struct nl_error *err, const int64_t *ids,
                                  size_t count, bool *changed, const char *sql,
                                  struct nl_value *values, size_t value_count) {
    struct nl_buf array = {0};
    bool row = true;
    for (size_t i = 0; i < count; i++)
        nl_buf_addf(&array, "%c%lld", i == 0 ? '{' : ',', (long long)ids[i]);
    nl_buf_adds(&array, "}");
    values[0] = (struct nl_value){.type = 's', .data = nl_buf_text(&array)};
    struct nl_statement *statement = array.failed ? NULL : prepared(store, sql, false, err);
    enum nl_status status = statement != NULL ? store->engine->bind(store, statement->handle,
                                                                    values, value_count, true, err)
                                              : nl_error_nomem(err);
    for (size_t i = 0; changed != NULL && i < count; i++)
        changed[i] = false;
    while (status == NL_OK && row) {
        status = nl_sql_step(store, statement, &row, err);
        if (row)
            mark(ids, count, changed, nl_sql_int64(statement, 0));
    }
    nl_sql_done(statement);
    nl_buf_free(&array);
    return status;
}

enum nl_status nl_sql_run_ids(struct nl_store *store, struct nl_error *err, const int64_t *ids,
                              size_t count, bool *changed, const char *sql, const char *types,
                              ...) {
    struct nl_value values[VALUES_LIMIT + 1];
    va_list args;
    va_start(args, types);
    size_t value_count = 1 + read_values(types, args, values + 1);
    va_end(args);
    if (count == 0)
        return NL_OK;
    return (store->engine->has_arrays ? run_for_all : run_for_each)(store, err, ids, count, changed,
                                                                    sql, values, value_count);
}

enum nl_status nl_sql_insert(struct nl_store *store, struct nl_error *err, int64_t *id,
                             const char *sql, const char *types, ...) {
    va_list args;
    va_start(args, types);
    struct nl_statement *statement =
        bound(store, err, sql, types, (struct use){.kept = true, .insert = true}, args);
    va_end(args);
    enum nl_status status = run_through(store, statement, err);
    *id = status == NL_OK && nl_sql_changes(store) > 0
              ? store->engine->inserted(store, statement->handle)
              : 0;
    nl_sql_done(statement);
    return status;
}

int64_t nl_sql_changes(const struct nl_store *store) {
    return store->engine->changes(store);
}

bool nl_sql_is_duplicate(const struct nl_store *store) {
    return store->engine->is_duplicate(store);
}

enum nl_status nl_sql_number(struct nl_store *store, struct nl_error *err, int64_t *out,
                             bool *found, const char *sql, const char *types, ...) {
    bool row = false;
    va_list args;
    va_start(args, types);
    struct nl_statement *statement =
        bound(store, err, sql, types, (struct use){.kept = true}, args);
    va_end(args);
    *out = 0;
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    if (status == NL_OK && row)
        *out = nl_sql_int64(statement, 0);
    if (found != NULL)
        *found = status == NL_OK && row;
    nl_sql_done(statement);
    return status;
}

/* ---- reading columns ---- */

int64_t nl_sql_int64(const struct nl_statement *statement, int column) {
    return statement->store->engine->number(statement->handle, column);
}

bool nl_sql_bool(const struct nl_statement *statement, int column) {
    return nl_sql_int64(statement, column) != 0;
}

double nl_sql_double(const struct nl_statement *statement, int column) {
    return statement->store->engine->real(statement->handle, column);
}

bool nl_sql_is_null(const struct nl_statement *statement, int column) {
    return statement->store->engine->is_null(statement->handle, column);
}

const char *nl_sql_borrow(const struct nl_statement *statement, int column) {
    return statement->store->engine->text(statement->handle, column);
}

const void *nl_sql_bytes(const struct nl_statement *statement, int column, size_t *len) {
    return statement->store->engine->bytes(statement->handle, column, len);
}

char *nl_sql_text(const struct nl_statement *statement, int column, bool *failed) {
    const char *text = nl_sql_borrow(statement, column);
    if (text == NULL) {
        *failed = *failed || !nl_sql_is_null(statement, column);
        return NULL;
    }
    char *copy = strdup(text);
    *failed = *failed || copy == NULL;
    return copy;
}

void nl_sql_short(const struct nl_statement *statement, int column, char *out, size_t size) {
    const char *text = nl_sql_borrow(statement, column);
    out[0] = '\0';
    if (text != NULL && strlen(text) < size)
        memcpy(out, text, strlen(text) + 1);
}

char *nl_sql_blob(const struct nl_statement *statement, int column, size_t *len, bool *failed) {
    const void *data = nl_sql_bytes(statement, column, len);
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

/* ---- statements made at run time ---- */

void nl_query_number(struct nl_query *query, int64_t number) {
    const struct nl_value value = {.type = 'i', .number = number};
    nl_buf_add(&query->values, &value, sizeof value);
}

void nl_query_text(struct nl_query *query, const char *borrowed) {
    const struct nl_value value = {.type = 's', .data = borrowed};
    nl_buf_add(&query->values, &value, sizeof value);
}

void nl_query_own(struct nl_query *query, char *text) {
    nl_buf_add(&query->owned, &text, sizeof text);
    if (query->owned.failed)
        free(text);
    nl_query_text(query, text);
    query->sql.failed = query->sql.failed || query->owned.failed || text == NULL;
}

void nl_query_free(struct nl_query *query) {
    for (size_t at = 0; !query->owned.failed && at < query->owned.len; at += sizeof(char *)) {
        char *text = NULL;
        memcpy(&text, query->owned.data + at, sizeof text);
        free(text);
    }
    nl_buf_free(&query->sql);
    nl_buf_free(&query->values);
    nl_buf_free(&query->owned);
}

struct nl_statement *nl_sql_query(struct nl_store *store, const struct nl_query *query,
                                  struct nl_error *err) {
    const struct nl_value *values = (const struct nl_value *)(const void *)query->values.data;
    size_t count = query->values.len / sizeof *values;
    if (query->sql.failed || query->values.failed) {
        nl_error_nomem(err);
        return NULL;
    }
    struct nl_statement *statement = make(store, query->sql.data, false, err);
    if (statement == NULL ||
        store->engine->bind(store, statement->handle, values, count, false, err) == NL_OK)
        return statement;
    nl_sql_end(statement);
    return NULL;
}

struct nl_statement *nl_sql_prepare(struct nl_store *store, const char *sql, struct nl_error *err) {
    return make(store, sql, false, err);
}

void nl_sql_end(struct nl_statement *statement) {
    if (statement == NULL)
        return;
    statement->store->engine->finalize(statement->handle);
    free(statement);
}

enum nl_status nl_sql_list(struct nl_store *store, const char *sql, struct nl_buf *out,
                           struct nl_error *err) {
    bool row = true;
    struct nl_statement *statement = nl_sql(store, err, sql, "");
    enum nl_status status = statement != NULL ? NL_OK : err->status;
    while (status == NL_OK && (status = nl_sql_step(store, statement, &row, err)) == NL_OK && row)
        nl_buf_addf(out, "%s%s", out->len > 0 ? "; " : "", nl_sql_borrow(statement, 0));
    nl_sql_done(statement);
    return status == NL_OK && out->failed ? nl_error_nomem(err) : status;
}

int64_t nl_sql_limit(int64_t limit) {
    return limit != 0 ? limit : INT64_MAX;
}

/* ---- transactions ---- */

static enum nl_status begin(struct nl_store *store, bool alone, struct nl_error *err) {
    store->rates_locked = false;
    return store->engine->begin(store, alone, err);
}

enum nl_status nl_store_begin(struct nl_store *store, struct nl_error *err) {
    return begin(store, true, err);
}

enum nl_status nl_store_begin_beside(struct nl_store *store, struct nl_error *err) {
    return begin(store, false, err);
}

enum nl_status nl_store_commit(struct nl_store *store, struct nl_error *err) {
    return store->engine->commit(store, err);
}

void nl_store_rollback(struct nl_store *store) {
    store->engine->rollback(store);
}

static enum nl_status transact(struct nl_store *store, bool alone, nl_sql_body *body, void *ctx,
                               struct nl_error *err) {
    enum nl_status status = begin(store, alone, err);
    if (status != NL_OK)
        return status;
    status = body(store, ctx, err);
    if (status == NL_OK)
        status = nl_store_commit(store, err);
    if (status != NL_OK)
        nl_store_rollback(store);
    return status;
}

enum nl_status nl_sql_transaction(struct nl_store *store, nl_sql_body *body, void *ctx,
                                  struct nl_error *err) {
    return transact(store, true, body, ctx, err);
}

enum nl_status nl_sql_transaction_beside(struct nl_store *store, nl_sql_body *body, void *ctx,
                                         struct nl_error *err) {
    return transact(store, false, body, ctx, err);
}

void nl_sql_finalize(struct nl_store *store) {
    while (store->statements != NULL) {
        struct nl_statement *entry = store->statements;
        store->statements = entry->next;
        nl_sql_end(entry);
    }
}
