#include "newsletter/base/memory.h"
#include "transfer/reader.h"

#include <stdlib.h>
#include <string.h>

enum { CELL = 200 }; /* bytes of a value that are shown */

/* A text that may be no UTF-8, or be cut within a letter. */
static json_t *text_value(const char *text, size_t len) {
    size_t shown = len < CELL ? len : CELL;
    while (shown > 0 && shown < len && ((unsigned char)text[shown] & 0xC0) == 0x80)
        shown--;
    json_t *value = json_stringn(text, shown);
    return value != NULL ? value : json_string("?");
}

static const char *field_of(const struct nl_file_column *column) {
    if (column->unused || column->kind == NL_COLUMN_PLAIN || column->kind == NL_COLUMN_NONE)
        return NULL;
    return column->kind < NL_COLUMN_FIELDS ? nl_column_names[column->kind] : NULL;
}

static json_t *column_value(const struct nl_file_column *column) {
    const char *field = field_of(column);
    struct nl_buf attribute = {0};
    if (field == NULL && !column->unused && column->kind == NL_COLUMN_ATTRIBUTE)
        nl_buf_addf(&attribute, "attribute.%s", column->attribute);
    if (attribute.len > 0)
        field = nl_buf_text(&attribute);
    json_t *value = json_pack("{s:o, s:o}", "name", text_value(column->name, strlen(column->name)),
                              "field", field != NULL ? json_string(field) : json_null());
    nl_buf_free(&attribute);
    return value;
}

static json_t *object_cell(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    if (json_is_string(value))
        return text_value(json_string_value(value), json_string_length(value));
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    json_t *cell = text_value(text != NULL ? text : "", text != NULL ? strlen(text) : 0);
    free(text);
    return cell;
}

/* A row of lines of addresses is its text. */
static json_t *row_value(const struct nl_reader *reader) {
    json_t *cells = json_array();
    const struct nl_columns *columns = &reader->columns;
    bool lines = reader->csv == NULL && reader->object == NULL;
    for (size_t i = 0; !lines && i < columns->count; i++) {
        const char *text = reader->csv != NULL ? nl_csv_text(reader->csv, i) : "";
        json_array_append_new(cells, reader->csv != NULL
                                         ? text_value(text, strlen(text))
                                         : object_cell(reader->object, columns->list[i].name));
    }
    if (lines)
        json_array_append_new(cells, text_value(nl_buf_text(&reader->raw), reader->raw.len));
    return cells;
}

/* Rows that are not good are rows as well. */
static enum nl_status read_rows(struct nl_reader *reader, size_t most, json_t *rows,
                                struct nl_error *err) {
    for (size_t i = 0; i < most; i++) {
        bool end = false;
        bool bad = false;
        enum nl_status status = reader->next(reader, &end, &bad, err);
        if (end || (status != NL_OK && (!bad || reader->row.fatal)))
            return status;
        if (status != NL_OK)
            nl_error_free(err);
        json_array_append_new(rows, row_value(reader));
    }
    return NL_OK;
}

enum nl_status nl_import_preview(FILE *in, const char *name,
                                 const struct nl_import_options *options, size_t most, json_t **out,
                                 struct nl_error *why, struct nl_error *err) {
    struct nl_reader *reader = nl_calloc(1, sizeof *reader);
    json_t *rows = json_array();
    json_t *columns = json_array();
    json_t *problem = json_null();
    *out = NULL;
    enum nl_status status = nl_reader_begin(reader, in, name, options, err);
    if (status == NL_OK)
        status = nl_reader_choose(reader, options->format, err);
    if (status == NL_OK)
        status = read_rows(reader, most, rows, err);
    if (status == NL_DATA || status == NL_USAGE) {
        problem = json_string(nl_error_text(err));
        nl_error_ignore(nl_error_take(why, status, err));
        status = NL_OK;
    }
    for (size_t i = 0; reader != NULL && i < reader->columns.count; i++)
        json_array_append_new(columns, column_value(&reader->columns.list[i]));
    if (reader != NULL)
        nl_reader_free(reader);
    free(reader);
    if (status == NL_OK)
        *out = json_pack("{s:O, s:O, s:O}", "columns", columns, "rows", rows, "problem", problem);
    json_decref(rows);
    json_decref(columns);
    json_decref(problem);
    return status == NL_OK && *out == NULL ? nl_error_nomem(err) : status;
}
