#include "newsletter/base/address.h"
#include "transfer/reader.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_LIMIT = 256, ROW_LIMIT = 1 << 20 };

struct column {
    enum nl_column kind;
    char *attribute; /* of NL_COLUMN_ATTRIBUTE */
};

/* libcsv calls back for each field and each row; a line of the file ends one row at most. */
struct nl_csv {
    struct csv_parser parser;
    bool open; /* the parser */
    struct column columns[COLUMNS_LIMIT];
    size_t column_count;
    struct nl_buf text;           /* the fields of the row, each with a NUL behind it */
    size_t fields[COLUMNS_LIMIT]; /* where each begins */
    size_t field_count, extra;    /* extra: beyond the limit */
    bool complete;                /* a row is there */
};

static void take_field(void *data, size_t len, void *ctx) {
    struct nl_csv *csv = ctx;
    if (csv->field_count == COLUMNS_LIMIT) {
        csv->extra++;
        return;
    }
    csv->fields[csv->field_count++] = csv->text.len;
    nl_buf_add(&csv->text, data != NULL ? data : "", len);
    nl_buf_add(&csv->text, "", 1);
}

static void take_row(int end, void *ctx) {
    struct nl_csv *csv = ctx;
    (void)end;
    csv->complete = true;
}

static const char *field(const struct nl_csv *csv, size_t at) {
    return csv->text.data + csv->fields[at];
}

/* Nothing else, so that a line ends one row at most. */
static int is_line_end(unsigned char c) {
    return c == '\n';
}

/* Feeds lines until a row is complete. */
static enum nl_status read_fields(struct nl_reader *reader, bool *end, struct nl_error *err) {
    struct nl_csv *csv = reader->csv;
    struct nl_source *source = &reader->source;
    enum nl_status status = NL_OK;
    nl_buf_clear(&csv->text);
    csv->field_count = csv->extra = 0;
    csv->complete = false;
    *end = false;
    reader->row.line = 0;
    while (status == NL_OK && !csv->complete) {
        status = nl_source_next(source, end, err);
        if (status != NL_OK || *end)
            break;
        if (reader->row.line == 0 || (csv->text.len == 0 && csv->field_count == 0))
            reader->row.line = source->number;
        if (source->len > 1 && source->line[source->len - 2] == '\r') {
            source->line[source->len - 2] = '\n';
            source->len--;
        }
        csv_parse(&csv->parser, source->line, source->len, take_field, take_row, csv);
        if (csv->text.len > ROW_LIMIT)
            status = nl_error_set(err, NL_DATA,
                                  "%s:%zu: a row larger than a megabyte: is a quotation mark "
                                  "missing?",
                                  source->name, reader->row.line);
    }
    if (status == NL_OK && *end) {
        /* A stray quotation mark is borne, one that is never closed is not. */
        csv_set_opts(&csv->parser, CSV_STRICT | CSV_STRICT_FINI);
        int rc = csv_fini(&csv->parser, take_field, take_row, csv);
        *end = !csv->complete;
        if (rc != 0)
            status = nl_error_set(err, NL_DATA, "%s:%zu: a quotation mark is never closed",
                                  source->name, reader->row.line);
    }
    return status == NL_OK && csv->text.failed ? nl_error_nomem(err) : status;
}

/* ---- the header ---- */

/* The sign that stands most often outside of quotation marks. */
static char guess_delimiter(const char *line) {
    static const char candidates[] = ",;\t|";
    size_t counts[sizeof candidates] = {0};
    size_t best = 0;
    bool quoted = false;
    for (; *line != '\0'; line++) {
        const char *at = strchr(candidates, *line);
        quoted = quoted != (*line == '"');
        if (!quoted && at != NULL)
            counts[at - candidates]++;
    }
    for (size_t i = 1; i < sizeof candidates - 1; i++)
        if (counts[i] > counts[best])
            best = i;
    return candidates[best];
}

/* What --map says of a column; false if nothing. */
static bool find_map(const struct nl_import_options *options, const char *header,
                     const char **field_name, size_t *len) {
    for (size_t i = 0; i < options->map_count; i++) {
        const char *equals = strchr(options->maps[i], '=');
        if (equals == NULL || strcmp(equals + 1, header) != 0)
            continue;
        *field_name = options->maps[i];
        *len = (size_t)(equals - options->maps[i]);
        return true;
    }
    return false;
}

/* A name for an attribute out of a header: "City of birth" is City_of_birth. */
static char *attribute_name(const char *header) {
    char *name = strdup(header);
    for (char *p = name; p != NULL && *p != '\0'; p++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", *p) == NULL)
            *p = '_';
    return name;
}

static enum nl_status add_column(struct nl_reader *reader, const struct nl_import_options *options,
                                 const char *header, struct nl_error *err) {
    struct nl_csv *csv = reader->csv;
    struct column *column = &csv->columns[csv->column_count++];
    const char *mapped = NULL;
    const char *attribute = NULL;
    char name[80] = "";
    size_t len = 0;
    bool by_map = find_map(options, header, &mapped, &len);
    if (by_map && len < sizeof name)
        memcpy(name, mapped, len);
    column->kind = nl_column_of(by_map ? name : header, &attribute);
    if (by_map && column->kind == NL_COLUMN_NONE)
        return nl_error_set(err, NL_USAGE, "--map '%s': there is no field '%s': see newsletter(1)",
                            mapped, name);
    if (column->kind == NL_COLUMN_NONE && options->keep_columns) {
        column->kind = NL_COLUMN_ATTRIBUTE;
        column->attribute = attribute_name(header);
    } else if (column->kind == NL_COLUMN_ATTRIBUTE) {
        column->attribute = strdup(attribute);
    } else if (column->kind == NL_COLUMN_NONE) {
        nl_buf_addf(&reader->ignored, "%s%s", reader->ignored.len > 0 ? ", " : "", header);
    }
    return column->kind == NL_COLUMN_ATTRIBUTE && column->attribute == NULL ? nl_error_nomem(err)
                                                                            : NL_OK;
}

static bool has_column(const struct nl_csv *csv, const char *header) {
    for (size_t i = 0; i < csv->field_count; i++)
        if (strcmp(field(csv, i), header) == 0)
            return true;
    return false;
}

/* Every --map must name a column that there is. */
static enum nl_status check_maps(const struct nl_reader *reader,
                                 const struct nl_import_options *options, struct nl_error *err) {
    for (size_t i = 0; i < options->map_count; i++) {
        const char *equals = strchr(options->maps[i], '=');
        if (equals == NULL)
            return nl_error_set(err, NL_USAGE, "--map '%s': write it as FIELD=COLUMN",
                                options->maps[i]);
        if (!has_column(reader->csv, equals + 1))
            return nl_error_set(err, NL_DATA, "%s:1: there is no column '%s'", reader->source.name,
                                equals + 1);
    }
    return NL_OK;
}

static enum nl_status read_header(struct nl_reader *reader, const struct nl_import_options *options,
                                  struct nl_error *err) {
    struct nl_csv *csv = reader->csv;
    bool end = false;
    bool email = false;
    enum nl_status status = read_fields(reader, &end, err);
    if (status == NL_OK && csv->extra > 0)
        status = nl_error_set(err, NL_DATA, "%s:1: more than %d columns", reader->source.name,
                              COLUMNS_LIMIT);
    if (status == NL_OK)
        status = check_maps(reader, options, err);
    for (size_t i = 0; status == NL_OK && i < csv->field_count; i++) {
        status = add_column(reader, options, field(csv, i), err);
        email = email || csv->columns[i].kind == NL_COLUMN_EMAIL;
    }
    if (status == NL_OK && !email)
        status = nl_error_set(err, NL_DATA,
                              "%s:1: no column is called email: name it with --map email=COLUMN",
                              reader->source.name);
    return status;
}

/* ---- the rows ---- */

static enum nl_status fill_row(struct nl_reader *reader, struct nl_error *err) {
    const struct nl_csv *csv = reader->csv;
    enum nl_status status = NL_OK;
    nl_row_clear(&reader->row);
    if (csv->field_count + csv->extra > csv->column_count)
        return nl_error_set(err, NL_DATA, "it has %zu fields, the header %zu",
                            csv->field_count + csv->extra, csv->column_count);
    for (size_t i = 0; status == NL_OK && i < csv->field_count; i++) {
        const struct column *column = &csv->columns[i];
        if (column->kind == NL_COLUMN_ATTRIBUTE)
            status = nl_row_attribute(&reader->row, column->attribute, field(csv, i), err);
        else if (column->kind != NL_COLUMN_NONE)
            reader->row.texts[column->kind] = field(csv, i);
    }
    return status;
}

static enum nl_status next(struct nl_reader *reader, bool *end, bool *bad, struct nl_error *err) {
    *bad = false;
    enum nl_status status = read_fields(reader, end, err);
    if (status != NL_OK || *end)
        return status;
    status = fill_row(reader, err);
    *bad = status == NL_DATA;
    return status;
}

enum nl_status nl_csv_open(struct nl_reader *reader, const struct nl_import_options *options,
                           struct nl_error *err) {
    bool end = false;
    reader->csv = calloc(1, sizeof *reader->csv);
    if (reader->csv == NULL || csv_init(&reader->csv->parser, 0) != 0)
        return nl_error_nomem(err);
    reader->csv->open = true;
    csv_set_term_func(&reader->csv->parser, is_line_end);
    reader->next = next;
    enum nl_status status = nl_source_next(&reader->source, &end, err);
    if (status == NL_OK && end)
        status = nl_error_set(err, NL_DATA, "%s is empty", reader->source.name);
    if (status != NL_OK)
        return status;
    csv_set_delim(&reader->csv->parser,
                  (unsigned char)(options->delimiter != '\0'
                                      ? options->delimiter
                                      : guess_delimiter(reader->source.line)));
    nl_source_back(&reader->source);
    return read_header(reader, options, err);
}

void nl_csv_free(struct nl_csv *csv) {
    if (csv == NULL)
        return;
    if (csv->open)
        csv_free(&csv->parser);
    for (size_t i = 0; i < csv->column_count; i++)
        free(csv->columns[i].attribute);
    nl_buf_free(&csv->text);
    free(csv);
}
