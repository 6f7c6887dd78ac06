#include "newsletter/db/sql.h"

#include "db/statement.h"

#include <stdlib.h>
#include <string.h>

/* ---- preparing ---- */

struct nl_statement *nl_statement_new(struct nl_store *store, const char *sql, bool insert,
                                      struct nl_error *err) {
    struct nl_statement *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        nl_error_nomem(err);
        return NULL;
    }
    entry->row.engine = store->engine;
    entry->sql = sql;
    if (store->engine->prepare(store, sql, insert, &entry->row.handle, err) == NL_OK)
        return entry;
    free(entry);
    return NULL;
}

/* A busy statement belongs to a walk further up on the stack: this call gets another one. */
static struct nl_statement *prepared(struct nl_store *store, const char *sql, bool insert,
                                     struct nl_error *err) {
    struct nl_statement *entry = store->statements;
    while (entry != NULL && (entry->sql != sql || entry->busy))
        entry = entry->next;
    if (entry != NULL)
        return entry;
    entry = nl_statement_new(store, sql, insert, err);
    if (entry != NULL) {
        entry->next = store->statements;
        store->statements = entry;
    }
    return entry;
}

size_t nl_values_count(const struct nl_value *values) {
    size_t count = 0;
    while (values[count].type != '\0')
        count++;
    return count;
}

/* ---- walking ---- */

static enum nl_status begin_walk(struct nl_store *store, struct nl_statement *statement,
                                 const struct nl_value *values, struct nl_error *err) {
    statement->busy = true;
    return store->engine->bind(store, statement->row.handle, values, nl_values_count(values), err);
}

static enum nl_status step_statement(struct nl_store *store, struct nl_statement *statement,
                                     bool *row, struct nl_error *err) {
    return store->engine->step(store, statement->row.handle, row, err);
}

static void end_walk(struct nl_statement *statement) {
    statement->row.engine->reset(statement->row.handle);
    statement->busy = false;
}

enum nl_status nl_statement_walk(struct nl_store *store, struct nl_statement *statement,
                                 const struct nl_value *values, nl_sql_visit *each, void *context,
                                 struct nl_error *err) {
    bool row = true;
    enum nl_status status = begin_walk(store, statement, values, err);
    while (status == NL_OK && (status = step_statement(store, statement, &row, err)) == NL_OK &&
           row)
        status = each(&statement->row, context, err);
    end_walk(statement);
    return status;
}

enum nl_status nl_statement_first(struct nl_store *store, struct nl_statement *statement,
                                  const struct nl_value *values, bool *found,
                                  const struct nl_column *columns, struct nl_error *err) {
    bool row = false;
    enum nl_status status = begin_walk(store, statement, values, err);
    if (status == NL_OK)
        status = step_statement(store, statement, &row, err);
    if (status == NL_OK && row)
        status = nl_sql_read(&statement->row, columns, err);
    end_walk(statement);
    if (found != NULL)
        *found = row;
    return status;
}

enum nl_status nl_sql_each(struct nl_store *store, struct nl_error *err, nl_sql_visit *each,
                           void *context, const char *sql, const struct nl_value *values) {
    struct nl_statement *statement = prepared(store, sql, false, err);
    return statement != NULL ? nl_statement_walk(store, statement, values, each, context, err)
                             : err->status;
}

enum nl_status nl_sql_first(struct nl_store *store, struct nl_error *err, bool *found,
                            const char *sql, const struct nl_value *values,
                            const struct nl_column *columns) {
    struct nl_statement *statement = prepared(store, sql, false, err);
    nl_sql_clear(columns);
    if (found != NULL)
        *found = false;
    return statement != NULL ? nl_statement_first(store, statement, values, found, columns, err)
                             : err->status;
}

enum nl_status nl_sql_exists(struct nl_store *store, struct nl_error *err, bool *found,
                             const char *sql, const struct nl_value *values) {
    return nl_sql_first(store, err, found, sql, values, NL_COLUMNS(NL_SKIP));
}

enum nl_status nl_sql_number(struct nl_store *store, struct nl_error *err, int64_t *out,
                             bool *found, const char *sql, const struct nl_value *values) {
    return nl_sql_first(store, err, found, sql, values, NL_COLUMNS(NL_INTO(out)));
}

static enum nl_status add_to_list(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    struct nl_buf *out = context;
    nl_buf_addf(out, "%s%s", out->len > 0 ? "; " : "", nl_sql_text(row, 0));
    return out->failed ? nl_error_nomem(err) : NL_OK;
}

enum nl_status nl_sql_list(struct nl_store *store, const char *sql, struct nl_buf *out,
                           struct nl_error *err) {
    return nl_sql_each(store, err, add_to_list, out, sql, NL_NO_VALUES);
}

/* ---- changing ---- */

static enum nl_status pass_over(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    (void)row;
    (void)context;
    (void)err;
    return NL_OK;
}

enum nl_status nl_sql_put(struct nl_store *store, struct nl_statement *statement,
                          const struct nl_value *values, struct nl_error *err) {
    if (store->batch && store->engine->batch_add != NULL)
        return store->engine->batch_add(store, statement->row.handle, values,
                                        nl_values_count(values), err);
    return nl_statement_walk(store, statement, values, pass_over, NULL, err);
}

enum nl_status nl_sql_run(struct nl_store *store, struct nl_error *err, const char *sql,
                          const struct nl_value *values) {
    struct nl_statement *statement = prepared(store, sql, false, err);
    return statement != NULL ? nl_sql_put(store, statement, values, err) : err->status;
}

enum nl_status nl_sql_insert(struct nl_store *store, struct nl_error *err, int64_t *id,
                             const char *sql, const struct nl_value *values) {
    struct nl_statement *statement = prepared(store, sql, true, err);
    bool row = true;
    *id = 0;
    if (statement == NULL)
        return err->status;
    enum nl_status status = begin_walk(store, statement, values, err);
    while (status == NL_OK && row)
        status = step_statement(store, statement, &row, err);
    if (status == NL_OK && nl_sql_changes(store) > 0)
        *id = store->engine->inserted(store, statement->row.handle);
    end_walk(statement);
    return status;
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

int64_t nl_sql_changes(const struct nl_store *store) {
    return store->engine->changes(store);
}

bool nl_sql_is_duplicate(const struct nl_store *store) {
    return store->engine->is_duplicate(store);
}

enum nl_status nl_sql_script(struct nl_store *store, const char *sql, struct nl_error *err) {
    return store->engine->script(store, sql, err);
}

/* ---- many rows ---- */

enum { VALUES_LIMIT = 32 };

struct many {
    const int64_t *ids;
    size_t count;
    bool *changed; /* may be NULL */
    const char *sql;
    struct nl_value *values; /* the first is for the ids */
};

static enum nl_status run_for_each(struct nl_store *store, const struct many *many,
                                   struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < many->count; i++) {
        many->values[0] = NL_INT(many->ids[i]);
        status = nl_sql_run(store, err, many->sql, many->values);
        if (many->changed != NULL)
            many->changed[i] = status == NL_OK && nl_sql_changes(store) > 0;
    }
    return status;
}

static enum nl_status mark_changed(const struct nl_sql_row *row, void *context,
                                   struct nl_error *err) {
    const struct many *many = context;
    int64_t id = nl_sql_int(row, 0);
    (void)err;
    for (size_t i = 0; many->changed != NULL && i < many->count; i++)
        if (many->ids[i] == id)
            many->changed[i] = true;
    return NL_OK;
}

/* In one statement: its first parameter is an array. */
static enum nl_status run_for_all(struct nl_store *store, struct many *many, struct nl_error *err) {
    struct nl_buf array = {0};
    for (size_t i = 0; i < many->count; i++)
        nl_buf_addf(&array, "%c%lld", i == 0 ? '{' : ',', (long long)many->ids[i]);
    nl_buf_adds(&array, "}");
    many->values[0] = NL_STRING(nl_buf_text(&array));
    for (size_t i = 0; many->changed != NULL && i < many->count; i++)
        many->changed[i] = false;
    enum nl_status status =
        array.failed ? nl_error_nomem(err)
                     : nl_sql_each(store, err, mark_changed, many, many->sql, many->values);
    nl_buf_free(&array);
    return status;
}

enum nl_status nl_sql_run_ids(struct nl_store *store, struct nl_error *err, const int64_t *ids,
                              size_t count, bool *changed, const char *sql,
                              const struct nl_value *values) {
    struct nl_value all[VALUES_LIMIT + 2] = {{0}};
    struct many many = {.ids = ids, .count = count, .sql = sql, .values = all};
    size_t given = nl_values_count(values);
    many.changed = changed;
    if (count == 0)
        return NL_OK;
    many.changed = changed;
    if (given > VALUES_LIMIT)
        return nl_error_set(err, NL_INTERNAL, "more than %d values for: %s", VALUES_LIMIT, sql);
    memcpy(all + 1, values, given * sizeof *values);
    return store->engine->has_arrays ? run_for_all(store, &many, err)
                                     : run_for_each(store, &many, err);
}

enum nl_status nl_sql_prepare(struct nl_store *store, const char *sql, struct nl_statement **out,
                              struct nl_error *err) {
    *out = nl_statement_new(store, sql, false, err);
    return *out != NULL ? NL_OK : err->status;
}

void nl_sql_end(struct nl_statement *statement) {
    if (statement == NULL)
        return;
    statement->row.engine->finalize(statement->row.handle);
    free(statement);
}

void nl_sql_finalize(struct nl_store *store) {
    while (store->statements != NULL) {
        struct nl_statement *entry = store->statements;
        store->statements = entry->next;
        nl_sql_end(entry);
    }
}

const struct nl_dialect *nl_sql_dialect(const struct nl_store *store) {
    return &store->engine->dialect;
}

int64_t nl_sql_limit(int64_t limit) {
    return limit != 0 ? limit : INT64_MAX;
}
