#include "transfer/reader.h"

#include <ctype.h>
#include <string.h>

/* A file that is one array of objects, as programming interfaces and other tools give it. Its text
 * is held in memory, its objects one at a time. */

enum { ARRAY_LIMIT = 64 << 20 };

/* Passes over white space, and counts the lines of what is passed over. */
static char skip_white(struct nl_reader *reader) {
    const char *text = nl_buf_text(&reader->block);
    while (isspace((unsigned char)text[reader->at]))
        reader->array_line += text[reader->at++] == '\n';
    return text[reader->at];
}

/* A fault between the objects: nobody knows what is missing. */
static enum nl_status broken(struct nl_reader *reader, const char *what, struct nl_error *err) {
    reader->row.fatal = true;
    reader->row.line = reader->array_line;
    return nl_error_set(err, NL_DATA, "the array is broken: %s", what);
}

static enum nl_status take_object(struct nl_reader *reader, bool *bad, struct nl_error *err) {
    const char *text = nl_buf_text(&reader->block) + reader->at;
    json_error_t problem;
    json_decref(reader->object);
    reader->object =
        json_loadb(text, reader->block.len - reader->at,
                   JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY, &problem);
    *bad = true;
    if (reader->object == NULL)
        return broken(reader, problem.text, err);
    reader->row.line = reader->array_line;
    nl_buf_clear(&reader->raw);
    nl_buf_add(&reader->raw, text, (size_t)problem.position);
    for (int i = 0; i < problem.position; i++)
        reader->array_line += text[i] == '\n';
    reader->at += (size_t)problem.position;
    char next = skip_white(reader);
    if (next != ',' && next != ']')
        return broken(reader, "expected a comma or ] after an object", err);
    reader->at += next == ',';
    if (next == ',' && skip_white(reader) == ']')
        return broken(reader, "there is a comma before the ]", err);
    enum nl_status status = nl_jsonl_take(reader, err);
    *bad = status == NL_DATA;
    return status;
}

static enum nl_status next(struct nl_reader *reader, bool *end, bool *bad, struct nl_error *err) {
    *bad = false;
    nl_row_clear(&reader->row);
    *end = skip_white(reader) == ']';
    if (!*end)
        return take_object(reader, bad, err);
    reader->at++;
    if (skip_white(reader) != '\0') {
        *end = false;
        *bad = true;
        return broken(reader, "something follows its ]", err);
    }
    reader->at--; /* asked once more, this is the end again */
    while (reader->block.data[reader->at] != ']')
        reader->at--;
    return nl_columns_check(&reader->columns, reader->source.name, err);
}

enum nl_status nl_json_array_open(struct nl_reader *reader, struct nl_error *err) {
    bool end = false;
    struct nl_source *source = &reader->source;
    enum nl_status status = nl_source_next_filled(source, &end, err);
    reader->array_line = source->number;
    while (status == NL_OK && !end) {
        nl_buf_add(&reader->block, source->line, source->len);
        if (reader->block.len > ARRAY_LIMIT)
            return nl_error_set(err, NL_DATA,
                                "%s is a JSON array larger than %d megabytes: write one object on "
                                "each line, as 'jq -c .[]' does",
                                source->name, ARRAY_LIMIT >> 20);
        status = nl_source_next(source, &end, err);
    }
    reader->at = strspn(nl_buf_text(&reader->block), " \t") + 1;
    reader->next = next;
    reader->write_reject = nl_jsonl_write_reject;
    return status;
}
