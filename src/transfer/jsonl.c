#include "newsletter/base/catalog.h"
#include "transfer/reader.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_LIMIT = 6 };

/* The column of a key, which is made when it first comes. */
static enum nl_status column_of(struct nl_reader *reader, const char *key, size_t *index,
                                struct nl_error *err) {
    *index = nl_columns_find(&reader->columns, key);
    return *index < reader->columns.count ? NL_OK : nl_columns_add(&reader->columns, key, err);
}

/* A number, true or false as a text, which lives as long as the row. */
static const char *text_of(struct nl_reader *reader, const json_t *value) {
    char number[32];
    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_null(value))
        return "";
    if (json_is_real(value))
        snprintf(number, sizeof number, "%.17g", json_real_value(value));
    else
        snprintf(number, sizeof number, "%lld",
                 json_is_integer(value) ? (long long)json_integer_value(value)
                                        : (long long)json_is_true(value));
    json_t *text = json_string(number);
    json_array_append_new(reader->texts, text);
    return json_string_value(text);
}

/* ---- what lies within other values ---- */

/* Objects that hold what belongs to the person, as Mailchimp, Mautic and Brevo have them. */
static bool holds_fields(const char *key) {
    static const char *const names[] = {"mergefields", "fields",          "customfields",
                                        "metadata",    "properties",      "attribs",
                                        "data",        "customattributes"};
    char folded[NL_WORD_SIZE];
    nl_word_fold(key, folded);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], folded) == 0)
            return true;
    return false;
}

/* A value deep within says something if it is a sign of a state: {"lists": [{"status": ...}]}. What
 * it says otherwise is somebody else's. */
static void look_within(struct nl_reader *reader, const char *key, json_t *value, int depth) {
    bool guessed = false;
    const char *inner = NULL;
    json_t *item = NULL;
    size_t index = 0;
    if (depth == DEPTH_LIMIT)
        return;
    json_object_foreach(value, inner, item) look_within(reader, inner, item, depth + 1);
    json_array_foreach(value, index, item) look_within(reader, key, item, depth + 1);
    if (json_is_object(value) || json_is_array(value) || json_is_null(value))
        return;
    const struct nl_lexicon *lexicon = reader->columns.lexicon;
    enum nl_column kind = nl_lexicon_column(lexicon, key, &guessed);
    if (kind < NL_COLUMN_STATE || kind >= NL_COLUMN_FIELDS)
        kind = NL_COLUMN_NONE;
    const char *text = text_of(reader, value);
    enum nl_sign sign = nl_row_word(&reader->columns, text);
    if (sign == NL_SIGN_UNKNOWN)
        sign = nl_lexicon_sign(lexicon, kind, text);
    if (sign != NL_SIGN_UNKNOWN && sign > reader->row.sign)
        reader->row.sign = sign;
}

static enum nl_status take_object(struct nl_reader *reader, const char *key, json_t *value,
                                  struct nl_error *err);

static enum nl_status take_fields(struct nl_reader *reader, json_t *object, struct nl_error *err) {
    const char *key = NULL;
    json_t *value = NULL;
    enum nl_status status = NL_OK;
    json_object_foreach(object, key, value) {
        if (status == NL_OK && (!json_is_object(value) || !holds_fields(key)))
            status = take_object(reader, key, value, err);
    }
    return status;
}

/* An object or a list. */
static enum nl_status take_nested(struct nl_reader *reader, size_t index, json_t *value,
                                  struct nl_error *err) {
    const struct nl_file_column *column = &reader->columns.list[index];
    const char *name = column->kind == NL_COLUMN_TAGS ? "tags" : column->attribute;
    enum nl_status status = NL_OK;
    if (column->unused || reader->options->addresses_only)
        return NL_OK;
    if (column->kind == NL_COLUMN_ATTRIBUTES)
        return json_is_object(value)
                   ? nl_row_attributes(&reader->row, &reader->columns, value, err)
                   : nl_error_set(err, NL_DATA, NL_TEXT("%s is not an object"), column->name);
    if (column->kind < NL_COLUMN_STATE && column->kind != NL_COLUMN_TAGS)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s is not a text"), column->name);
    if (name != NULL) {
        json_t *object = json_pack("{s:O}", name, value);
        status = nl_row_attributes(&reader->row, &reader->columns, object, err);
        json_decref(object);
    } else if (json_is_object(value) && holds_fields(column->name)) {
        status = take_fields(reader, value, err);
    }
    if (status == NL_OK && !column->mapped && column->kind != NL_COLUMN_ATTRIBUTE)
        look_within(reader, column->name, value, 0);
    return status;
}

static enum nl_status take_object(struct nl_reader *reader, const char *key, json_t *value,
                                  struct nl_error *err) {
    size_t index = 0;
    enum nl_status status = column_of(reader, key, &index, err);
    if (status != NL_OK)
        reader->row.fatal = true;
    else if (json_is_object(value) || json_is_array(value))
        status = take_nested(reader, index, value, err);
    else
        status = nl_row_put(&reader->row, &reader->columns, index, text_of(reader, value), err);
    return status;
}

static enum nl_status fill_row(struct nl_reader *reader, json_t *object, struct nl_error *err) {
    const char *key = NULL;
    json_t *value = NULL;
    enum nl_status status = NL_OK;
    json_object_foreach(object, key, value) {
        if (status == NL_OK)
            status = take_object(reader, key, value, err);
    }
    return status;
}

enum nl_status nl_jsonl_take(struct nl_reader *reader, struct nl_error *err) {
    json_decref(reader->texts);
    reader->texts = json_array();
    return json_is_object(reader->object)
               ? fill_row(reader, reader->object, err)
               : nl_error_set(err, NL_DATA,
                              NL_TEXT("not a JSON object: expected {\"email\": ...}"));
}

/* A document around the people, as programming interfaces answer: {"members": [{...}]}. */
static const char *key_of_people(const struct nl_reader *reader) {
    const char *key = NULL;
    const char *inner = NULL;
    json_t *value = NULL;
    json_t *item = NULL;
    bool guessed = false;
    json_object_foreach(reader->object, key, value) {
        json_object_foreach(json_array_get(value, 0), inner,
                            item) if (nl_lexicon_column(reader->lexicon, inner, &guessed) ==
                                      NL_COLUMN_EMAIL) return key;
    }
    return NULL;
}

/* Faults of the file as a whole, told once and with the way out. */
static enum nl_status check_document(struct nl_reader *reader, struct nl_error *err) {
    const char *line = reader->source.line;
    const char *people = key_of_people(reader);
    bool opens = reader->source.number == 1 && line[strspn(line, " \t{")] == '\n';
    if (people == NULL && !(reader->object == NULL && opens))
        return NL_OK;
    reader->row.fatal = true;
    return people != NULL
               ? nl_error_set(err, NL_DATA,
                              "the people are within '%s': write each of them on a line, as "
                              "jq -c '.[\"%s\"][]' does",
                              people, people)
               : nl_error_set(err, NL_DATA,
                              "an object of several lines: write each person on one line, as 'jq "
                              "-c .' does");
}

enum nl_status nl_jsonl_next(struct nl_reader *reader, bool *end, bool *bad, struct nl_error *err) {
    struct nl_source *source = &reader->source;
    json_error_t problem;
    *bad = false;
    nl_row_clear(&reader->row);
    enum nl_status status = nl_source_next_filled(source, end, err);
    if (status == NL_OK && *end) /* only now all keys have been seen */
        return nl_columns_check(&reader->columns, source->name, err);
    if (status != NL_OK)
        return status;
    reader->row.line = source->number;
    nl_buf_clear(&reader->raw);
    nl_buf_add(&reader->raw, source->line, source->len);
    json_decref(reader->object);
    reader->object = json_loadb(source->line, source->len, JSON_REJECT_DUPLICATES, &problem);
    status = check_document(reader, err);
    if (status == NL_OK && reader->object == NULL)
        status = nl_error_set(err, NL_DATA, "not a JSON object: %s", problem.text);
    else if (status == NL_OK)
        status = nl_jsonl_take(reader, err);
    *bad = status == NL_DATA;
    return status;
}
