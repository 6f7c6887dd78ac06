#include "newsletter/base/attributes.h"
#include "transfer/reader.h"

#include <stdlib.h>
#include <string.h>

/* A number is as good as its text where a time or a flag is meant. */
static enum nl_status take(struct nl_reader *reader, json_t *object, const char *key, json_t *value,
                           struct nl_error *err) {
    const char *attribute = NULL;
    enum nl_column column = nl_column_of(key, &attribute);
    if (json_is_null(value))
        return NL_OK;
    if (column == NL_COLUMN_ATTRIBUTES || column == NL_COLUMN_TAGS) {
        json_t *holder =
            column == NL_COLUMN_TAGS ? json_pack("{s:O}", "tags", value) : json_incref(value);
        if (reader->row.attributes == NULL)
            reader->row.attributes = json_object();
        enum nl_status status = json_is_object(holder)
                                    ? nl_attributes_take(reader->row.attributes, holder, err)
                                    : nl_error_set(err, NL_DATA, "%s is not an object", key);
        json_decref(holder);
        return status;
    }
    if (column == NL_COLUMN_ATTRIBUTE)
        return json_is_string(value)
                   ? nl_row_attribute(&reader->row, attribute, json_string_value(value), err)
                   : nl_error_set(err, NL_DATA, "%s is not a text", key);
    if (column == NL_COLUMN_NONE)
        return NL_OK;
    if (json_is_integer(value) || json_is_boolean(value)) {
        char number[32];
        snprintf(number, sizeof number, "%lld",
                 json_is_integer(value) ? (long long)json_integer_value(value)
                                        : (long long)json_is_true(value));
        value = json_string(number);
        json_object_set_new(object, key, value); /* keeps it for as long as the row */
    }
    if (!json_is_string(value))
        return nl_error_set(err, NL_DATA, "%s is not a text", key);
    reader->row.texts[column] = json_string_value(value);
    return NL_OK;
}

static enum nl_status fill_row(struct nl_reader *reader, json_t *object, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (void *iterator = json_object_iter(object); status == NL_OK && iterator != NULL;) {
        const char *key = json_object_iter_key(iterator);
        json_t *value = json_object_iter_value(iterator);
        iterator = json_object_iter_next(object, iterator);
        status = take(reader, object, key, value, err);
    }
    return status;
}

static bool is_blank(const struct nl_source *source) {
    return strspn(source->line, " \t\r\n") == source->len;
}

enum nl_status nl_jsonl_next(struct nl_reader *reader, bool *end, bool *bad, struct nl_error *err) {
    struct nl_source *source = &reader->source;
    json_error_t problem;
    *bad = false;
    nl_row_clear(&reader->row);
    enum nl_status status = nl_source_next(source, end, err);
    while (status == NL_OK && !*end && is_blank(source))
        status = nl_source_next(source, end, err);
    if (status != NL_OK || *end)
        return status;
    reader->row.line = source->number;
    json_decref(reader->object);
    reader->object = json_loadb(source->line, source->len, JSON_REJECT_DUPLICATES, &problem);
    if (!json_is_object(reader->object))
        status = nl_error_set(err, NL_DATA, "not a JSON object: %s",
                              reader->object == NULL ? problem.text : "expected {\"email\": ...}");
    else
        status = fill_row(reader, reader->object, err);
    *bad = status == NL_DATA;
    return status;
}
