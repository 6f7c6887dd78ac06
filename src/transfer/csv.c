#include "newsletter/base/catalog.h"
#include "newsletter/base/clean.h"
#include "newsletter/base/memory.h"
#include "transfer/reader.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ROW_LIMIT = 1 << 20 };

/* libcsv calls back for each field and each row; a line of the file ends one row at most. */
struct nl_csv {
    struct csv_parser parser;
    bool open;                       /* the parser */
    struct nl_buf text;              /* the fields of the row, each with a NUL behind it */
    size_t fields[NL_COLUMNS_LIMIT]; /* where each begins */
    size_t field_count, extra;       /* extra: beyond the limit */
    bool extra_filled;               /* and not all of them are blank */
    bool complete;                   /* a row is there */
    struct nl_buf header;            /* the text of the first row */
    struct nl_buf header_line;       /* and as the file has it */
    char delimiter;
};

static void take_field(void *data, size_t len, void *ctx) {
    struct nl_csv *csv = ctx;
    if (csv->field_count == NL_COLUMNS_LIMIT) {
        csv->extra++;
        csv->extra_filled = csv->extra_filled || len > 0;
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

const char *nl_csv_text(const struct nl_csv *csv, size_t at) {
    return at < csv->field_count ? field(csv, at) : "";
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
    nl_buf_clear(&reader->raw);
    csv->field_count = csv->extra = 0;
    csv->complete = csv->extra_filled = false;
    *end = false;
    reader->row.line = 0;
    while (status == NL_OK && !csv->complete) {
        status = nl_source_next(source, end, err);
        if (status != NL_OK || *end)
            break;
        if (reader->row.line == 0 || (csv->text.len == 0 && csv->field_count == 0))
            reader->row.line = source->number;
        if (nl_is_blank(nl_buf_text(&reader->raw)))
            nl_buf_clear(&reader->raw); /* blank lines before the row */
        nl_buf_add(&reader->raw, source->line, source->len);
        csv_parse(&csv->parser, source->line, source->len, take_field, take_row, csv);
        if (reader->raw.len > ROW_LIMIT) /* libcsv gives a field only when it has ended */
            status =
                nl_error_set(err, NL_DATA,
                             NL_TEXT("%s:%zu: a row larger than a megabyte: is a quotation mark "
                                     "missing?"),
                             source->name, reader->row.line);
    }
    if (status == NL_OK && *end) {
        /* A stray quotation mark is borne, one that is never closed is not. */
        csv_set_opts(&csv->parser, CSV_STRICT | CSV_STRICT_FINI);
        int rc = csv_fini(&csv->parser, take_field, take_row, csv);
        *end = !csv->complete;
        if (rc != 0)
            status = nl_error_set(err, NL_DATA, NL_TEXT("%s:%zu: a quotation mark is never closed"),
                                  source->name, reader->row.line);
    }
    return status;
}

/* ---- what separates the fields ---- */

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

/* "sep=;", which Excel writes into the first line: the sign, or 0 if the line is another. */
static char declared_delimiter(const char *line) {
    line += line[0] == '"';
    if (strncasecmp(line, "sep=", 4) != 0)
        return 0;
    const char *sign = line + 4;
    if (strncasecmp(sign, "tab", 3) == 0 || strncmp(sign, "\\t", 2) == 0)
        return '\t';
    size_t rest = strspn(sign + (sign[0] != '\0'), "\";,|\t\r\n ");
    return sign[0] == '\0' || sign[0] == '"' || sign[1 + rest] != '\0' ? 0 : sign[0];
}

/* ---- rows ---- */

/* Whether a row holds only separators, as spreadsheets leave them, or repeats the header, as in
 * joined files. */
static bool is_technical(const struct nl_csv *csv) {
    if (csv->header.len > 0 && csv->text.len == csv->header.len &&
        memcmp(csv->text.data, csv->header.data, csv->text.len) == 0)
        return true;
    for (size_t i = 0; i < csv->field_count; i++)
        if (!nl_is_blank(field(csv, i)))
            return false;
    return !csv->extra_filled;
}

static enum nl_status next_row(struct nl_reader *reader, bool *end, struct nl_error *err) {
    enum nl_status status = NL_OK;
    do
        status = read_fields(reader, end, err);
    while (status == NL_OK && !*end && reader->csv->extra == 0 && is_technical(reader->csv));
    return status;
}

/* ---- the header ---- */

static enum nl_status add_columns(struct nl_reader *reader, struct nl_error *err) {
    const struct nl_csv *csv = reader->csv;
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < csv->field_count; i++) {
        struct nl_buf name = {0};
        status = nl_clean_line(field(csv, i), "the name of a column", &name, err);
        if (status == NL_OK)
            status = nl_columns_add(&reader->columns, nl_buf_text(&name), err);
        nl_buf_free(&name);
        if (status == NL_DATA)
            nl_error_context(err, "%s:%zu", reader->source.name, reader->row.line);
    }
    return status;
}

/* Without names of columns, their first row would be lost. */
static enum nl_status refuse_header(const struct nl_reader *reader, struct nl_error *err) {
    for (size_t i = 0; i < reader->csv->field_count; i++)
        if (strchr(field(reader->csv, i), '@') != NULL)
            return nl_error_set(
                err, NL_DATA,
                NL_TEXT("%s:%zu: no column is called email: '%s' stands where the names of "
                        "the columns should: put a line such as email,name above it"),
                reader->source.name, reader->row.line, field(reader->csv, i));
    return nl_error_set(
        err, NL_DATA, NL_TEXT("%s:%zu: no column is called email: name it with --map email=COLUMN"),
        reader->source.name, reader->row.line);
}

static enum nl_status read_header(struct nl_reader *reader, struct nl_error *err) {
    struct nl_csv *csv = reader->csv;
    bool end = false;
    enum nl_status status = next_row(reader, &end, err);
    if (status == NL_OK && csv->extra > 0)
        status = nl_error_set(err, NL_DATA, NL_TEXT("%s:1: more than %d columns"),
                              reader->source.name, NL_COLUMNS_LIMIT);
    if (status == NL_OK && end)
        status = nl_error_set(err, NL_DATA, NL_TEXT("%s is empty"), reader->source.name);
    if (status == NL_OK)
        status = add_columns(reader, err);
    if (status == NL_OK)
        status = nl_columns_check(&reader->columns, reader->source.name, err);
    nl_columns_settle(&reader->columns);
    if (status == NL_OK && !nl_columns_have(&reader->columns, NL_COLUMN_EMAIL))
        status = refuse_header(reader, err);
    if (status == NL_OK)
        nl_buf_add(&csv->header, csv->text.data, csv->text.len);
    nl_buf_add(&csv->header_line, reader->raw.data, reader->raw.len);
    return status;
}

static enum nl_status fill_row(struct nl_reader *reader, struct nl_error *err) {
    const struct nl_csv *csv = reader->csv;
    enum nl_status status = NL_OK;
    size_t fields = csv->field_count;
    nl_row_clear(&reader->row);
    while (fields > reader->columns.count && field(csv, fields - 1)[0] == '\0')
        fields--;
    if (fields > reader->columns.count || csv->extra_filled)
        return nl_error_set(err, NL_DATA, NL_TEXT("it has %zu fields, the header %zu"),
                            fields + csv->extra, reader->columns.count);
    for (size_t i = 0; status == NL_OK && i < reader->columns.count; i++)
        status =
            nl_row_put(&reader->row, &reader->columns, i, i < fields ? field(csv, i) : "", err);
    return status;
}

static enum nl_status next_csv_row(struct nl_reader *reader, bool *end, bool *bad,
                                   struct nl_error *err) {
    *bad = false;
    enum nl_status status = next_row(reader, end, err);
    if (status != NL_OK || *end)
        return status;
    status = fill_row(reader, err);
    *bad = status == NL_DATA;
    return status;
}

/* The reason stands first and the state second, whatever the number of fields in the row. */
static void write_reject(struct nl_reader *reader, FILE *out, const struct nl_reject *why,
                         bool first) {
    const struct nl_csv *csv = reader->csv;
    if (first) {
        fprintf(out, "%s%c", NL_REASON_COLUMN, csv->delimiter);
        if (why->state != NULL)
            fprintf(out, "%s%c", NL_STATE_COLUMN, csv->delimiter);
        fwrite(nl_buf_text(&csv->header_line), 1, csv->header_line.len, out);
    }
    nl_write_quoted(out, why->reason, strlen(why->reason));
    putc(csv->delimiter, out);
    if (why->state != NULL)
        fprintf(out, "%s%c", why->state, csv->delimiter);
    fwrite(nl_buf_text(&reader->raw), 1, reader->raw.len, out);
}

enum nl_status nl_csv_open(struct nl_reader *reader, const struct nl_import_options *options,
                           struct nl_error *err) {
    bool end = false;
    reader->csv = nl_calloc(1, sizeof *reader->csv);
    if (csv_init(&reader->csv->parser, 0) != 0)
        return nl_error_nomem(err);
    reader->csv->open = true;
    csv_set_term_func(&reader->csv->parser, is_line_end);
    reader->next = next_csv_row;
    enum nl_status status = nl_source_next_filled(&reader->source, &end, err);
    char delimiter = status == NL_OK && !end ? declared_delimiter(reader->source.line) : 0;
    if (delimiter != 0)
        status = nl_source_next_filled(&reader->source, &end, err);
    if (status == NL_OK && end)
        status = nl_error_set(err, NL_DATA, NL_TEXT("%s is empty"), reader->source.name);
    if (status != NL_OK)
        return status;
    if (options->delimiter != '\0')
        delimiter = options->delimiter;
    else if (delimiter == 0)
        delimiter = guess_delimiter(reader->source.line);
    csv_set_delim(&reader->csv->parser, (unsigned char)delimiter);
    reader->csv->delimiter = delimiter;
    reader->write_reject = write_reject;
    nl_source_back(&reader->source);
    return read_header(reader, err);
}

void nl_csv_free(struct nl_csv *csv) {
    if (csv == NULL)
        return;
    if (csv->open)
        csv_free(&csv->parser);
    nl_buf_free(&csv->text);
    nl_buf_free(&csv->header);
    nl_buf_free(&csv->header_line);
    free(csv);
}
