#include "newsletter/db/sql.h"

#include "db/database.h"

#include <stdlib.h>
#include <string.h>

/* A statement, and the row that it stands on. */
struct nl_sql_row {
    const struct nl_engine *engine;
    void *handle; /* the engine's */
};

struct nl_statement {
    struct nl_sql_row row;
    const char *sql;
    bool busy; /* it is being walked through */
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
    entry->row.engine = store->engine;
    entry->sql = sql;
    if (store->engine->prepare(store, sql, insert, &entry->row.handle, err) == NL_OK)
        return entry;
    free(entry);
    return NULL;
}

/* One that is busy belongs to a walk further up on the stack: this call gets another. */
static struct nl_statement *prepared(struct nl_store *store, const char *sql, bool insert,
                                     struct nl_error *err) {
    struct nl_statement *entry = store->statements;
    while (entry != NULL && (entry->sql != sql || entry->busy))
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

static size_t count_values(const struct nl_value *values) {
    size_t count = 0;
    while (values[count].type != '\0')
        count++;
    return count;
}

/* ---- walking ---- */

static enum nl_status begin_walk(struct nl_store *store, struct nl_statement *statement,
                                 const struct nl_value *values, struct nl_error *err) {
    statement->busy = true;
    return store->engine->bind(store, statement->row.handle, values, count_values(values), err);
}

static enum nl_status step(struct nl_store *store, struct nl_statement *statement, bool *row,
                           struct nl_error *err) {
    return store->engine->step(store, statement->row.handle, row, err);
}

static void end_walk(struct nl_statement *statement) {
    statement->row.engine->reset(statement->row.handle);
    statement->busy = false;
}

static enum nl_status walk(struct nl_store *store, struct nl_statement *statement,
                           const struct nl_value *values, nl_sql_visit *each, void *context,
                           struct nl_error *err) {
    bool row = true;
    enum nl_status status = begin_walk(store, statement, values, err);
    while (status == NL_OK && (status = step(store, statement, &row, err)) == NL_OK && row)
        status = each(&statement->row, context, err);
    end_walk(statement);
    return status;
}

/* Takes the first row and reads it. */
static enum nl_status first(struct nl_store *store, struct nl_statement *statement,
                            const struct nl_value *values, bool *found,
                            const struct nl_column *columns, struct nl_error *err) {
    bool row = false;
    enum nl_status status = begin_walk(store, statement, values, err);
    if (status == NL_OK)
        status = step(store, statement, &row, err);
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
    return statement != NULL ? walk(store, statement, values, each, context, err) : err->status;
}

static void clear_column(const struct nl_column *column) {
    switch (column->type) {
    case 'i':
        *(int64_t *)column->to = 0;
        break;
    case 'n':
        *(int *)column->to = 0;
        break;
    case 'o':
        *(bool *)column->to = false;
        break;
    case 'd':
        *(double *)column->to = 0;
        break;
    case 'f':
        *(char *)column->to = '\0';
        break;
    case 'b':
        *column->len = 0;
        *(char **)column->to = NULL;
        break;
    case 'c':
        *(char **)column->to = NULL;
        break;
    case 's':
        *(const char **)column->to = NULL;
        break;
    default:
        break;
    }
}

enum nl_status nl_sql_first(struct nl_store *store, struct nl_error *err, bool *found,
                            const char *sql, const struct nl_value *values,
                            const struct nl_column *columns) {
    struct nl_statement *statement = prepared(store, sql, false, err);
    for (const struct nl_column *column = columns; column->type != '\0'; column++)
        clear_column(column);
    if (found != NULL)
        *found = false;
    return statement != NULL ? first(store, statement, values, found, columns, err) : err->status;
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
        return store->engine->batch_add(store, statement->row.handle, values, count_values(values),
                                        err);
    return walk(store, statement, values, pass_over, NULL, err);
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
        status = step(store, statement, &row, err);
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
    size_t given = count_values(values);
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

/* ---- reading columns ---- */

int64_t nl_sql_int(const struct nl_sql_row *row, int column) {
    return row->engine->number(row->handle, column);
}

bool nl_sql_bool(const struct nl_sql_row *row, int column) {
    return nl_sql_int(row, column) != 0;
}

double nl_sql_real(const struct nl_sql_row *row, int column) {
    return row->engine->real(row->handle, column);
}

bool nl_sql_is_null(const struct nl_sql_row *row, int column) {
    return row->engine->is_null(row->handle, column);
}

const char *nl_sql_text(const struct nl_sql_row *row, int column) {
    return row->engine->text(row->handle, column);
}

const void *nl_sql_bytes(const struct nl_sql_row *row, int column, size_t *len) {
    return row->engine->bytes(row->handle, column, len);
}

/* False when memory ran out; an engine tells that by a text of NULL where there is one. */
static bool copy_text(const struct nl_sql_row *row, int column, char **to) {
    const char *text = nl_sql_text(row, column);
    *to = text != NULL ? strdup(text) : NULL;
    return *to != NULL || (text == NULL && nl_sql_is_null(row, column));
}

static bool copy_bytes(const struct nl_sql_row *row, int column, char **to, size_t *len) {
    const void *data = nl_sql_bytes(row, column, len);
    *to = NULL;
    if (nl_sql_is_null(row, column))
        return true;
    *to = malloc(*len + 1);
    if (*to == NULL)
        return false;
    if (*len > 0)
        memcpy(*to, data, *len);
    (*to)[*len] = '\0';
    return true;
}

static void copy_fixed(const struct nl_sql_row *row, int column, char *to, size_t size) {
    const char *text = nl_sql_text(row, column);
    to[0] = '\0';
    if (text != NULL && strlen(text) < size)
        memcpy(to, text, strlen(text) + 1);
}

/* False when memory ran out. */
static bool read_column(const struct nl_sql_row *row, int at, const struct nl_column *column) {
    switch (column->type) {
    case 'i':
        *(int64_t *)column->to = nl_sql_int(row, at);
        return true;
    case 'n':
        *(int *)column->to = (int)nl_sql_int(row, at);
        return true;
    case 'o':
        *(bool *)column->to = nl_sql_bool(row, at);
        return true;
    case 'd':
        *(double *)column->to = nl_sql_real(row, at);
        return true;
    case 's':
        *(const char **)column->to = nl_sql_text(row, at);
        return true;
    case 'f':
        copy_fixed(row, at, column->to, column->size);
        return true;
    case 'c':
        return copy_text(row, at, column->to);
    case 'b':
        return copy_bytes(row, at, column->to, column->len);
    default:
        return true;
    }
}

enum nl_status nl_sql_read(const struct nl_sql_row *row, const struct nl_column *columns,
                           struct nl_error *err) {
    bool done = true;
    for (int at = 0; columns[at].type != '\0'; at++)
        done = read_column(row, at, &columns[at]) && done;
    return done ? NL_OK : nl_error_nomem(err);
}

enum nl_status nl_sql_add_id(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct nl_buf *ids = context;
    int64_t id = nl_sql_int(row, 0);
    nl_buf_add(ids, &id, sizeof id);
    return ids->failed ? nl_error_nomem(err) : NL_OK;
}

size_t nl_ids_count(const struct nl_buf *ids) {
    return ids->len / sizeof(int64_t);
}

int64_t nl_ids_at(const struct nl_buf *ids, size_t at) {
    int64_t id = 0;
    memcpy(&id, ids->data + at * sizeof id, sizeof id);
    return id;
}

/* ---- statements made at run time ---- */

void nl_query_add(struct nl_query *query, const struct nl_value *values) {
    nl_buf_add(&query->values, values, count_values(values) * sizeof *values);
}

void nl_query_own(struct nl_query *query, char *text) {
    nl_buf_add(&query->owned, &text, sizeof text);
    if (query->owned.failed)
        free(text);
    query->sql.failed = query->sql.failed || query->owned.failed || text == NULL;
    if (!query->sql.failed)
        nl_query_add(query, NL_VALUES(NL_STRING(text)));
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

/* Prepares it; *values are its values with their end. */
static struct nl_statement *make_query(struct nl_store *store, struct nl_query *query,
                                       const struct nl_value **values, struct nl_error *err) {
    static const struct nl_value end = {.type = '\0'};
    nl_buf_add(&query->values, &end, sizeof end);
    *values = (const struct nl_value *)(const void *)query->values.data;
    if (!query->sql.failed && !query->values.failed)
        return make(store, nl_buf_text(&query->sql), false, err);
    nl_error_nomem(err);
    return NULL;
}

enum nl_status nl_query_each(struct nl_store *store, struct nl_error *err, nl_sql_visit *each,
                             void *context, struct nl_query *query) {
    const struct nl_value *values = NULL;
    struct nl_statement *statement = make_query(store, query, &values, err);
    enum nl_status status =
        statement != NULL ? walk(store, statement, values, each, context, err) : err->status;
    nl_sql_end(statement);
    return status;
}

enum nl_status nl_query_number(struct nl_store *store, struct nl_error *err, int64_t *out,
                               struct nl_query *query) {
    const struct nl_value *values = NULL;
    struct nl_statement *statement = make_query(store, query, &values, err);
    *out = 0;
    enum nl_status status =
        statement != NULL ? first(store, statement, values, NULL, NL_COLUMNS(NL_INTO(out)), err)
                          : err->status;
    nl_sql_end(statement);
    return status;
}

enum nl_status nl_sql_prepare(struct nl_store *store, const char *sql, struct nl_statement **out,
                              struct nl_error *err) {
    *out = make(store, sql, false, err);
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
