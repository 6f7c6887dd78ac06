#include "newsletter/db/copy.h"
#include "newsletter/base/memory.h"

#include "db/copy_figures.h"
#include "db/database.h"
#include "db/tables.h"
#include "newsletter/base/token.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS_LIMIT = 32 };

/* A walk over the rows of one table, by their keys. */
struct walk {
    const struct nl_table *table;
    struct nl_store *store;
    size_t columns;
    struct nl_value values[COLUMNS_LIMIT + 1]; /* of the present row, borrowed, and their end */
    struct nl_value last;                      /* the last key that was read; owns its data */
    int64_t rows;
    unsigned char digest[NL_DIGEST_LEN]; /* over the rows so far, one chained to the next */
};

static void walk_open(struct walk *walk, const struct nl_table *table, struct nl_store *store) {
    *walk = (struct walk){.table = table, .store = store, .columns = strlen(table->types)};
}

static void walk_close(struct walk *walk) {
    free((void *)walk->last.data);
    walk->last.data = NULL;
}

static struct nl_value value_of(const struct nl_sql_row *row, int column, char type) {
    struct nl_value value = {.type = type, .null = nl_sql_is_null(row, column)};
    if (type == 'i') {
        value.number = nl_sql_int(row, column);
    } else if (type == 'd') {
        value.real = nl_sql_real(row, column);
    } else if (type == 's') {
        value.data = nl_sql_text(row, column);
        value.len = value.data != NULL ? strlen(value.data) : 0;
    } else if (!value.null) {
        value.data = nl_sql_bytes(row, column, &value.len);
        value.data = value.data != NULL ? value.data : ""; /* no bytes, which is not NULL */
    }
    return value;
}

/* ---- checksums ---- */

/* With lengths, so that no two rows look alike. */
static void add_value(struct nl_buf *row, const struct nl_value *value) {
    const char present = value->null ? 0 : value->type;
    nl_buf_add(row, &present, 1);
    if (value->null)
        return;
    if (value->type == 'i')
        nl_buf_add(row, &value->number, sizeof value->number);
    else if (value->type == 'd')
        nl_buf_add(row, &value->real, sizeof value->real);
    if (value->type == 's' || value->type == 'b') {
        nl_buf_add(row, &value->len, sizeof value->len);
        if (value->len > 0)
            nl_buf_add(row, value->data, value->len);
    }
}

static void count_row(struct walk *walk, struct nl_buf *row) {
    nl_buf_clear(row);
    nl_buf_add(row, walk->digest, sizeof walk->digest);
    for (size_t i = 0; i < walk->columns; i++)
        add_value(row, &walk->values[i]);
    walk->rows++;
    nl_digest(nl_buf_text(row), row->len, walk->digest);
}

static void checksum_text(const struct walk *walk, char out[2 * NL_DIGEST_LEN + 1]) {
    nl_digest_hex((const char *)walk->digest, sizeof walk->digest, out);
}

/* ---- reading ---- */

static void remember_key(struct walk *walk) {
    const struct nl_value *key = &walk->values[0];
    char *copy = nl_malloc(key->len + 1);
    if (key->len > 0)
        memcpy(copy, key->data, key->len);
    copy[key->len] = '\0';
    walk_close(walk);
    walk->last = *key;
    walk->last.data = copy;
}

static void next_page(const struct walk *walk, struct nl_query *query) {
    const char *columns = walk->table->columns;
    int key = (int)strcspn(columns, ",");
    nl_buf_addf(&query->sql, "SELECT %s FROM %s ", columns, walk->table->name);
    if (walk->rows > 0) {
        nl_buf_addf(&query->sql, "WHERE %.*s > ? ", key, columns);
        nl_query_add(query, NL_VALUES(walk->last));
    }
    nl_buf_addf(&query->sql, "ORDER BY %.*s LIMIT ?", key, columns);
    nl_query_add(query, NL_VALUES(NL_INT(walk->table->page)));
}

typedef enum nl_status on_row(struct walk *walk, void *ctx, struct nl_error *err);

struct page {
    struct walk *walk;
    on_row *each; /* may be NULL */
    void *ctx;
    int read;
    struct nl_buf bytes;
};

static enum nl_status read_row(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    struct page *page = ctx;
    struct walk *walk = page->walk;
    for (size_t i = 0; i < walk->columns; i++)
        walk->values[i] = value_of(row, (int)i, walk->table->types[i]);
    page->read++;
    count_row(walk, &page->bytes);
    remember_key(walk);
    return page->each != NULL ? page->each(walk, page->ctx, err) : NL_OK;
}

static enum nl_status read_page(struct walk *walk, on_row *each, void *ctx, int *read,
                                struct nl_error *err) {
    struct nl_query query = {0};
    struct page page = {.walk = walk, .each = each, .ctx = ctx};
    next_page(walk, &query);
    void *start = (void *)walk->last.data; /* the query needs it to the end of the page */
    walk->last.data = NULL;
    enum nl_status status = nl_query_each(walk->store, err, read_row, &page, &query);
    *read = page.read;
    free(start);
    nl_query_free(&query);
    nl_buf_free(&page.bytes);
    return status;
}

/* ---- writing ---- */

struct target {
    struct nl_store *store;
    struct nl_statement *insert;
};

static enum nl_status put_row(struct walk *walk, void *ctx, struct nl_error *err) {
    struct target *target = ctx;
    return nl_sql_put(target->store, target->insert, walk->values, err);
}

static enum nl_status prepare_insert(struct nl_store *store, const struct nl_table *table,
                                     struct nl_statement **out, struct nl_error *err) {
    struct nl_buf sql = {0};
    nl_buf_addf(&sql, "INSERT INTO %s (%s) VALUES (", table->name, table->columns);
    for (size_t i = 0; i < strlen(table->types); i++)
        nl_buf_adds(&sql, i > 0 ? ", ?" : "?");
    nl_buf_adds(&sql, ")");
    enum nl_status status = nl_sql_prepare(store, nl_buf_text(&sql), out, err);
    nl_buf_free(&sql);
    return status;
}

/* A page is read, then written in one batch. */
static enum nl_status copy_pages(struct walk *walk, struct target *target, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (int read = walk->table->page; status == NL_OK && read == walk->table->page;) {
        status = nl_sql_batch_begin(target->store, err);
        if (status == NL_OK)
            status = read_page(walk, put_row, target, &read, err);
        status = nl_sql_batch_end(target->store, status, err);
    }
    return status;
}

static enum nl_status read_pages(struct walk *walk, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (int read = walk->table->page; status == NL_OK && read == walk->table->page;)
        status = read_page(walk, NULL, NULL, &read, err);
    return status;
}

static enum nl_status is_taken(struct nl_error *err) {
    return nl_error_set(err, NL_EXISTS,
                        "there is already a database at the new place: choose another one");
}

struct copy {
    struct nl_store *from, *to;
    nl_copied_each *each;
    void *ctx;
};

static enum nl_status compare(const struct copy *copy, const struct walk *from,
                              const struct walk *to, struct nl_error *err) {
    char checksum[2 * NL_DIGEST_LEN + 1];
    checksum_text(from, checksum);
    const struct nl_copied copied = {from->table->name, from->rows, checksum};
    if (from->rows != to->rows || memcmp(from->digest, to->digest, sizeof from->digest) != 0)
        return nl_error_set(
            err, NL_IO,
            "the copy of table %s differs from the original (%lld of %lld rows): keep "
            "the old database and report this",
            from->table->name, (long long)to->rows, (long long)from->rows);
    if (copy->each != NULL)
        copy->each(&copied, copy->ctx);
    return NL_OK;
}

static enum nl_status copy_table(const struct copy *copy, const struct nl_table *table,
                                 struct nl_error *err) {
    struct walk from;
    struct walk to;
    struct target target = {.store = copy->to};
    walk_open(&from, table, copy->from);
    walk_open(&to, table, copy->to);
    enum nl_status status = prepare_insert(copy->to, table, &target.insert, err);
    if (status == NL_OK)
        status = copy_pages(&from, &target, err);
    if (status == NL_OK)
        status = read_pages(&to, err);
    if (status == NL_OK)
        status = compare(copy, &from, &to, err);
    nl_sql_end(target.insert);
    walk_close(&from);
    walk_close(&to);
    return status;
}

/* A new database has a key and the start of a ledger, and nothing else. */
static enum nl_status check_new(struct nl_store *store, struct nl_error *err) {
    struct nl_query query = {0};
    int64_t rows = 0;
    nl_buf_adds(&query.sql, "SELECT CAST(sum(n) AS BIGINT) FROM (SELECT count(*) AS n FROM setting "
                            "WHERE key <> 'secret'");
    for (const struct nl_table *table = nl_tables; table->name != NULL; table++)
        if (strcmp(table->name, "setting") != 0)
            nl_buf_addf(&query.sql,
                        " UNION ALL SELECT count(*) FROM (SELECT 1 FROM %s LIMIT 1%s) x",
                        table->name, strcmp(table->name, "ledger") == 0 ? " OFFSET 1" : "");
    nl_buf_adds(&query.sql, ") AS counts");
    enum nl_status status = nl_query_number(store, err, &rows, &query);
    nl_query_free(&query);
    return status == NL_OK && rows > 0 ? is_taken(err) : status;
}

/* The new database has made a key and a ledger of its own, but our links were signed with the old
 * key, and our history is in the old ledger. On a server, all is there with the commit or nothing:
 * where a copy was killed, the next one finds a new database. */
static enum nl_status copy_tables(struct nl_store *to, void *ctx, struct nl_error *err) {
    const struct copy *copy = ctx;
    enum nl_status status = check_new(to, err);
    if (status == NL_OK)
        status = nl_sql_run(to, err, "DELETE FROM setting", NL_NO_VALUES);
    if (status == NL_OK)
        status = nl_sql_run(to, err, "DELETE FROM ledger", NL_NO_VALUES);
    for (const struct nl_table *table = nl_tables; status == NL_OK && table->name != NULL; table++)
        status = copy_table(copy, table, err);
    if (status == NL_OK)
        status = nl_copy_figures(copy->from, to, err);
    return status == NL_OK && nl_store_is_served(to) ? to->engine->after_copy(to, err) : status;
}

static enum nl_status fill_table(struct copy *copy, const char *path, struct nl_error *err) {
    enum nl_status status = nl_store_open(path, nl_store_env(copy->from), &copy->to, err);
    if (status != NL_OK)
        return status;
    nl_store_bulk_load(copy->to, true);
    status = nl_sql_exclusive(copy->to, copy_tables, copy, err);
    nl_store_bulk_load(copy->to, false);
    if (status == NL_OK && !nl_store_is_served(copy->to))
        status = copy->to->engine->after_copy(copy->to, err);
    nl_store_close(copy->to);
    return status;
}

static enum nl_status make_copy(struct copy *copy, const char *path, struct nl_error *err) {
    bool created = false;
    enum nl_status status = nl_store_create(path, nl_store_env(copy->from), &created, err);
    if (status == NL_OK && !created && nl_store_is_file(path))
        return is_taken(err);
    if (status == NL_OK)
        status = fill_table(copy, path, err);
    if (status != NL_OK && status != NL_EXISTS && created)
        nl_store_discard(path);
    return status;
}

enum nl_status nl_store_copy(struct nl_store *from, const char *path, nl_copied_each *each,
                             void *ctx, struct nl_error *err) {
    struct copy copy = {from, NULL, each, ctx};
    enum nl_status status = from->engine->snapshot(from, false, err);
    if (status == NL_OK)
        status = make_copy(&copy, path, err);
    nl_store_rollback(from);
    return status;
}

/* ---- moving ---- */

static enum nl_status check_idle(struct nl_store *store, struct nl_error *err) {
    int64_t under_way = 0;
    enum nl_status status = nl_sql_number(store, err, &under_way, NULL,
                                          "SELECT count(*) FROM delivery WHERE state = 'leased' "
                                          "AND lease_until > ?",
                                          NL_VALUES(NL_INT(nl_store_now(store))));
    return status == NL_OK && under_way > 0
               ? nl_error_set(
                     err, NL_BUSY,
                     "messages are under way (%lld): stop all that sends, then run it again",
                     (long long)under_way)
               : status;
}

static enum nl_status retire_parts(struct nl_store *store, struct nl_error *err) {
    int64_t parts = 0;
    return nl_sql_number(store, err, &parts, NULL, "SELECT move_delivery_parts()", NL_NO_VALUES);
}

/* Processes that still have the old database open find no deliveries; opening it again reports why.
 */
static enum nl_status retire(struct nl_store *store, struct nl_error *err) {
    enum nl_status status = nl_sql_run(store, err,
                                       "INSERT INTO setting (key, value) VALUES ('moved_at', "
                                       "CAST(? AS TEXT))",
                                       NL_VALUES(NL_INT(nl_store_now(store))));
    if (status == NL_OK && store->engine->has_parts)
        status = retire_parts(store, err);
    return status == NL_OK ? nl_sql_run(store, err, "ALTER TABLE delivery RENAME TO delivery_moved",
                                        NL_NO_VALUES)
                           : status;
}

enum nl_status nl_store_move(struct nl_store *from, const char *path, nl_copied_each *each,
                             void *ctx, struct nl_error *err) {
    struct copy copy = {from, NULL, each, ctx};
    enum nl_status status = from->engine->snapshot(from, true, err);
    if (status == NL_OK)
        status = check_idle(from, err);
    if (status == NL_OK)
        status = make_copy(&copy, path, err);
    if (status == NL_OK)
        status = retire(from, err);
    if (status == NL_OK)
        status = nl_store_commit(from, err);
    if (status != NL_OK)
        nl_store_rollback(from);
    return status;
}
