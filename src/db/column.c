#include "db/statement.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Reading the columns of a row into variables of the caller. */

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

void nl_sql_clear(const struct nl_column *columns) {
    for (const struct nl_column *column = columns; column->type != '\0'; column++)
        clear_column(column);
}

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

/* False without memory: an engine tells that by a text of NULL where there is one. */
static bool copy_text(const struct nl_sql_row *row, int column, char **to) {
    const char *text = nl_sql_text(row, column);
    *to = text != NULL ? nl_strdup(text) : NULL;
    return *to != NULL || (text == NULL && nl_sql_is_null(row, column));
}

static void copy_bytes(const struct nl_sql_row *row, int column, char **to, size_t *len) {
    const void *data = nl_sql_bytes(row, column, len);
    *to = NULL;
    if (nl_sql_is_null(row, column))
        return;
    *to = nl_malloc(*len + 1);
    if (*len > 0)
        memcpy(*to, data, *len);
    (*to)[*len] = '\0';
}

static void copy_fixed(const struct nl_sql_row *row, int column, char *to, size_t size) {
    const char *text = nl_sql_text(row, column);
    to[0] = '\0';
    if (text != NULL && strlen(text) < size)
        memcpy(to, text, strlen(text) + 1);
}

/* False without memory, as of copy_text. */
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
        copy_bytes(row, at, column->to, column->len);
        return true;
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
    (void)err;
    struct nl_buf *ids = context;
    int64_t id = nl_sql_int(row, 0);
    nl_buf_add(ids, &id, sizeof id);
    return NL_OK;
}

enum nl_status nl_sql_add_bytes(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    (void)err;
    struct nl_buf *out = context;
    size_t len = 0;
    const void *bytes = nl_sql_bytes(row, 0, &len);
    if (bytes != NULL)
        nl_buf_add(out, bytes, len);
    return NL_OK;
}

size_t nl_ids_count(const struct nl_buf *ids) {
    return ids->len / sizeof(int64_t);
}

int64_t nl_ids_at(const struct nl_buf *ids, size_t at) {
    int64_t id = 0;
    memcpy(&id, ids->data + at * sizeof id, sizeof id);
    return id;
}
