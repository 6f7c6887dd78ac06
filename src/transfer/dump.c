#include "transfer/reader.h"

#include <string.h>

bool nl_dump_begins(const char *line) {
    size_t len = strcspn(line, " \t");
    return len == 5 && strncmp(line, "email", len) == 0 && strchr(line, '@') != NULL &&
           strpbrk(line, ",;|<") == NULL;
}

/* The meaning of Sympa's words where it differs from the lexicon. A member by way of a data source
 * is "included" and not "subscribed". */
static const char *column_for(const char *key) {
    static const char *const known[][2] = {
        {"date", "created_at"}, {"gecos", "name"},       {"suspend", "suspended"},
        {"subscribed", NULL},   {"included", NULL},      {"bounce", NULL},
        {"startdate", NULL},    {"enddate", NULL},       {"update_date", NULL},
        {"inclusion", NULL},    {"visibility", NULL},    {"number_messages", NULL},
        {"id", NULL},           {"bounce_address", NULL}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i][0], key) == 0)
            return known[i][1];
    return key;
}

/* "key value" */
static enum nl_status take_line(struct nl_reader *reader, char *line, struct nl_error *err) {
    size_t len = strcspn(line, " \t\r\n");
    char *value = line + len + strspn(line + len, " \t");
    value[strcspn(value, "\r\n")] = '\0';
    line[len] = '\0';
    const char *name = column_for(line);
    if (name == NULL)
        return NL_OK;
    size_t index = nl_columns_find(&reader->columns, name);
    enum nl_status status =
        index == reader->columns.count ? nl_columns_add(&reader->columns, name, err) : NL_OK;
    return status == NL_OK ? nl_row_put(&reader->row, &reader->columns, index, value, err) : status;
}

/* Gathers the lines of the next block. */
static enum nl_status read_block(struct nl_reader *reader, bool *end, struct nl_error *err) {
    struct nl_source *source = &reader->source;
    nl_buf_clear(&reader->raw);
    enum nl_status status = nl_source_next_filled(source, end, err);
    reader->row.line = source->number;
    while (status == NL_OK && !*end && !nl_source_is_blank(source)) {
        nl_buf_add(&reader->raw, source->line, source->len);
        status = nl_source_next(source, end, err);
    }
    *end = reader->raw.len == 0;
    return status;
}

static enum nl_status next(struct nl_reader *reader, bool *end, bool *bad, struct nl_error *err) {
    *bad = false;
    nl_row_clear(&reader->row);
    enum nl_status status = read_block(reader, end, err);
    if (status != NL_OK || *end)
        return status;
    nl_buf_clear(&reader->block);
    nl_buf_add(&reader->block, reader->raw.data, reader->raw.len);
    for (char *line = reader->block.data; status == NL_OK && line != NULL && *line != '\0';) {
        char *after = strchr(line, '\n');
        if (after != NULL)
            *after++ = '\0';
        status = take_line(reader, line, err);
        line = after;
    }
    *bad = status == NL_DATA;
    return status;
}

void nl_dump_open(struct nl_reader *reader) {
    reader->next = next;
    reader->write_reject = nl_dump_write_reject;
}
