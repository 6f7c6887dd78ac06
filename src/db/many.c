/* The same change to many rows. */
#include "db/statement.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- arrays, as a server reads them ---- */

static void begin_element(struct nl_buf *array) {
    nl_buf_addc(array, array->len == 0 ? '{' : ',');
}

void nl_array_add_int(struct nl_buf *array, int64_t number) {
    begin_element(array);
    nl_buf_addf(array, "%lld", (long long)number);
}

void nl_array_add_text(struct nl_buf *array, const char *text) {
    begin_element(array);
    if (text == NULL) {
        nl_buf_adds(array, "NULL");
        return;
    }
    nl_buf_addc(array, '"');
    while (*text != '\0') {
        size_t plain = strcspn(text, "\"\\");
        nl_buf_add(array, text, plain);
        text += plain;
        if (*text != '\0') {
            nl_buf_addc(array, '\\');
            nl_buf_addc(array, *text++);
        }
    }
    nl_buf_addc(array, '"');
}

struct nl_value nl_array_value(struct nl_buf *array) {
    nl_buf_adds(array, array->len == 0 ? "{}" : "}");
    return NL_STRING(nl_buf_text(array));
}

bool nl_sql_has_arrays(const struct nl_store *store) {
    return store->engine->has_arrays;
}

/* ---- by their ids ---- */

enum { VALUES_LIMIT = 32 };

struct many {
    const int64_t *ids;
    size_t count;
    bool *changed; /* may be NULL */
    const char *sql;
    struct nl_value *values; /* what NL_OF says, and */
    struct nl_value *id;     /* among them that for the ids */
};

static enum nl_status run_for_each(struct nl_store *store, const struct many *many,
                                   struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < many->count; i++) {
        *many->id = NL_INT(many->ids[i]);
        status = nl_sql_run(store, err, many->sql, many->values);
        if (many->changed != NULL)
            many->changed[i] = status == NL_OK && nl_sql_changes(store) > 0;
    }
    return status;
}

/* Which rows of a statement were changed. Rows come in the order of the ids, mostly. */
struct nl_marks {
    const int64_t *ids;
    size_t count;
    size_t next; /* the place after the last one that was found */
    bool *changed;
    struct nl_marks *others;
};

void nl_sql_forget_marks(struct nl_store *store) {
    while (store->marks != NULL) {
        struct nl_marks *first = store->marks;
        store->marks = first->others;
        free(first);
    }
}

static enum nl_status pass_over(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    (void)row;
    (void)context;
    (void)err;
    return NL_OK;
}

static enum nl_status mark_changed(const struct nl_sql_row *row, void *context,
                                   struct nl_error *err) {
    struct nl_marks *marks = context;
    int64_t id = nl_sql_int(row, 0);
    size_t tried = 0;
    (void)err;
    while (tried < marks->count && marks->ids[(marks->next + tried) % marks->count] != id)
        tried++;
    if (tried == marks->count)
        return NL_OK;
    size_t at = (marks->next + tried) % marks->count;
    marks->changed[at] = true;
    marks->next = at + 1;
    return NL_OK;
}

/* Marks that live as long as the transaction. */
static struct nl_marks *make_marks(struct nl_store *store, const struct many *many) {
    struct nl_marks *marks = nl_calloc(1, sizeof *marks);
    *marks = (struct nl_marks){many->ids, many->count, 0, many->changed, store->marks};
    store->marks = marks;
    for (size_t i = 0; i < many->count; i++)
        many->changed[i] = false;
    return marks;
}

/* In one statement: its first parameter is an array. */
static enum nl_status run_for_all(struct nl_store *store, const struct many *many,
                                  struct nl_error *err) {
    struct nl_buf array = {0};
    struct nl_marks *marks = many->changed != NULL ? make_marks(store, many) : NULL;
    for (size_t i = 0; i < many->count; i++)
        nl_array_add_int(&array, many->ids[i]);
    *many->id = nl_array_value(&array);
    enum nl_status status = nl_sql_later(store, err, marks != NULL ? mark_changed : pass_over,
                                         marks, many->sql, many->values);
    nl_buf_free(&array);
    if (!store->together)
        nl_sql_forget_marks(store);
    return status;
}

enum nl_status nl_sql_run_ids(struct nl_store *store, struct nl_error *err, const int64_t *ids,
                              size_t count, bool *changed, const char *sql,
                              const struct nl_value *values) {
    struct nl_value all[VALUES_LIMIT + 2] = {{0}};
    size_t given = nl_values_count(values);
    size_t first = nl_value_is_part(values);
    struct many many = {.ids = ids, .count = count, .sql = sql, .values = all, .id = &all[first]};
    many.changed = changed;
    if (count == 0)
        return NL_OK;
    if (given > VALUES_LIMIT)
        return nl_error_set(err, NL_INTERNAL, "more than %d values for: %s", VALUES_LIMIT, sql);
    all[0] = values[0];
    memcpy(all + first + 1, values + first, (given - first) * sizeof *values);
    return store->engine->has_arrays ? run_for_all(store, &many, err)
                                     : run_for_each(store, &many, err);
}
