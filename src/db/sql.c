#include "newsletter/db/sql.h"
#include "newsletter/base/memory.h"

#include "db/statement.h"

#include <stdlib.h>
#include <string.h>

/* ---- preparing ---- */

static struct nl_statement *lacks_issue(const char *sql, struct nl_error *err) {
    nl_error_set(err, NL_INTERNAL, "nobody says whose deliveries these are (NL_OF): %s", sql);
    return NULL;
}

struct nl_statement *nl_statement_new(struct nl_store *store, const char *sql, bool insert,
                                      bool of_issue, struct nl_error *err) {
    bool named = strstr(sql, NL_OF_ISSUE) != NULL;
    if (named && !of_issue)
        return lacks_issue(sql, err);
    struct nl_statement *entry = nl_calloc(1, sizeof *entry);
    entry->row.engine = store->engine;
    entry->sql = sql;
    entry->of_issue = named;
    entry->has_part = store->engine->has_parts && named;
    memcpy(entry->part, store->part, sizeof entry->part);
    if (store->engine->prepare(store, sql, insert, &entry->row.handle, err) == NL_OK)
        return entry;
    free(entry);
    return NULL;
}

enum { PARTS_KEPT = 4 }; /* of one statement: a service sends issues, and notices in between */

/* How many statements from `entry` on say the same; newer ones come first. */
static size_t count_alike(const struct nl_statement *entry, const struct nl_statement *end) {
    size_t count = 0;
    for (; entry != end; entry = entry->next)
        count += entry->sql == end->sql;
    return count;
}

void nl_sql_drop_statements(struct nl_store *store) {
    struct nl_statement **at = &store->statements;
    while (*at != NULL) {
        struct nl_statement *entry = *at;
        if (!entry->has_part || entry->busy || count_alike(store->statements, entry) < PARTS_KEPT) {
            at = &entry->next;
            continue;
        }
        *at = entry->next;
        nl_sql_end(entry);
    }
}

static bool serves(const struct nl_statement *entry, const struct nl_store *store,
                   const char *sql) {
    return entry->sql == sql && !entry->busy &&
           (!entry->has_part || strcmp(entry->part, store->part) == 0);
}

/* A busy statement belongs to a walk further up on the stack: this call gets another one. */
static struct nl_statement *find_or_make(struct nl_store *store, const char *sql, bool insert,
                                         bool of_issue, struct nl_error *err) {
    struct nl_statement *entry = store->statements;
    while (entry != NULL && !serves(entry, store, sql))
        entry = entry->next;
    if (entry != NULL)
        return of_issue || !entry->of_issue ? entry : lacks_issue(sql, err);
    entry = nl_statement_new(store, sql, insert, of_issue, err);
    if (entry == NULL)
        return NULL;
    entry->next = store->statements;
    store->statements = entry;
    /* Replies may be on their way while statements travel together: then the next begin drops. */
    if (entry->has_part && !store->together && !store->batch)
        nl_sql_drop_statements(store);
    return entry;
}

static struct nl_statement *prepared(struct nl_store *store, const char *sql, bool insert,
                                     const struct nl_value **values, struct nl_error *err) {
    bool given = false;
    if (nl_part_take(store, values, &given, err) != NL_OK)
        return NULL;
    return find_or_make(store, sql, insert, given, err);
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
    struct nl_statement *statement = prepared(store, sql, false, &values, err);
    return statement != NULL ? nl_statement_walk(store, statement, values, each, context, err)
                             : err->status;
}

enum nl_status nl_sql_later(struct nl_store *store, struct nl_error *err, nl_sql_visit *each,
                            void *context, const char *sql, const struct nl_value *values) {
    if (!store->together || store->engine->later == NULL)
        return nl_sql_each(store, err, each, context, sql, values);
    struct nl_statement *statement = prepared(store, sql, false, &values, err);
    return statement != NULL ? store->engine->later(store, statement->row.handle, values,
                                                    nl_values_count(values), each, context, err)
                             : err->status;
}

enum nl_status nl_sql_first(struct nl_store *store, struct nl_error *err, bool *found,
                            const char *sql, const struct nl_value *values,
                            const struct nl_column *columns) {
    struct nl_statement *statement = prepared(store, sql, false, &values, err);
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
    (void)err;
    struct nl_buf *out = context;
    nl_buf_addf(out, "%s%s", out->len > 0 ? "; " : "", nl_sql_text(row, 0));
    return NL_OK;
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
    if ((store->batch || store->together) && store->engine->later != NULL)
        return store->engine->later(store, statement->row.handle, values, nl_values_count(values),
                                    NULL, NULL, err);
    return nl_statement_walk(store, statement, values, pass_over, NULL, err);
}

enum nl_status nl_sql_run(struct nl_store *store, struct nl_error *err, const char *sql,
                          const struct nl_value *values) {
    struct nl_statement *statement = prepared(store, sql, false, &values, err);
    return statement != NULL ? nl_sql_put(store, statement, values, err) : err->status;
}

enum nl_status nl_sql_insert(struct nl_store *store, struct nl_error *err, int64_t *id,
                             const char *sql, const struct nl_value *values) {
    struct nl_statement *statement = prepared(store, sql, true, &values, err);
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
    (void)err;
    store->batch = true;
    return NL_OK;
}

enum nl_status nl_sql_batch_end(struct nl_store *store, enum nl_status status,
                                struct nl_error *err) {
    struct nl_error ignored = {0};
    enum nl_status ended = NL_OK;
    store->batch = false;
    if (store->engine->flush != NULL)
        ended = store->engine->flush(store, status == NL_OK ? err : &ignored);
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

enum nl_status nl_sql_prepare(struct nl_store *store, const char *sql, struct nl_statement **out,
                              struct nl_error *err) {
    *out = nl_statement_new(store, sql, false, false, err);
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
