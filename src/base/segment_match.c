#include "newsletter/base/segment_match.h"

#include "newsletter/base/buf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool nl_segment_is_personal(const struct nl_segment *segment, enum nl_segment_field *field) {
    if (segment == NULL)
        return true;
    *field = segment->field;
    if (segment->kind == NL_SEGMENT_TEST)
        return *field != NL_FIELD_LANGUAGE && *field != NL_FIELD_SOURCE &&
               *field != NL_FIELD_JOINED;
    return nl_segment_is_personal(segment->left, field) &&
           nl_segment_is_personal(segment->right, field);
}

/* ---- values ---- */

static void lower(struct nl_buf *text) {
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] >= 'A' && text->data[i] <= 'Z')
            text->data[i] = (char)(text->data[i] - 'A' + 'a');
}

/* As json_extract gives it: true is 1, a list is its JSON. False for no value. */
static bool add_attribute(const json_t *value, struct nl_buf *out) {
    if (value == NULL || json_is_null(value))
        return false;
    if (json_is_string(value)) {
        nl_buf_adds(out, json_string_value(value));
    } else if (json_is_boolean(value)) {
        nl_buf_adds(out, json_is_true(value) ? "1" : "0");
    } else {
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        nl_buf_adds(out, text != NULL ? text : "");
        free(text);
    }
    return true;
}

/* The value of a test's field in lower case; false if it is not known. */
static bool add_field(const struct nl_segment *test, const struct nl_segment_person *person,
                      struct nl_buf *out) {
    const char *text = NULL;
    bool known = true;
    switch (test->field) {
    case NL_FIELD_EMAIL:
        text = person->email;
        break;
    case NL_FIELD_DOMAIN:
        text = person->email != NULL ? strrchr(person->email, '@') : NULL;
        text = text != NULL ? text + 1 : NULL;
        break;
    case NL_FIELD_NAME:
        text = person->name;
        break;
    case NL_FIELD_ATTRIBUTE:
        known = add_attribute(json_object_get(person->attributes, test->attribute), out);
        lower(out);
        return known;
    default:
        break;
    }
    if (text != NULL)
        nl_buf_adds(out, text);
    lower(out);
    return text != NULL;
}

static void add_lower(const char *value, struct nl_buf *out) {
    nl_buf_adds(out, value);
    lower(out);
}

/* ---- tests ---- */

static bool order_holds(enum nl_segment_test test, int order) {
    switch (test) {
    case NL_TEST_EQUAL:
        return order == 0;
    case NL_TEST_UNEQUAL:
        return order != 0;
    case NL_TEST_LESS:
        return order < 0;
    case NL_TEST_LESS_EQUAL:
        return order <= 0;
    case NL_TEST_GREATER:
        return order > 0;
    default:
        return order >= 0;
    }
}

static bool compare(const struct nl_segment *test, const char *field, const char *value) {
    const struct nl_segment_value *given = &test->values[0];
    if (test->field != NL_FIELD_ATTRIBUTE || !given->is_number)
        return order_holds(test->test, strcmp(field, value));
    /* As the store has it: an attribute that is not a number equals none and is neither more nor
     * less than one, rather than being 0. */
    if (field[0] == '\0' || field[strspn(field, "+-.0123456789")] != '\0')
        return test->test == NL_TEST_UNEQUAL;
    double number = strtod(field, NULL);
    double other = strtod(given->text, NULL);
    return order_holds(test->test, number < other ? -1 : number > other);
}

/* One of the values of a text with commas. */
static bool is_among(const char *list, const char *value) {
    size_t len = strlen(value);
    for (const char *at = list;; at++) {
        at += strspn(at, " ");
        size_t item = strcspn(at, ",");
        if (item == len && strncmp(at, value, len) == 0)
            return true;
        at += item;
        if (*at == '\0')
            return false;
    }
}

static bool has_value(const struct nl_segment *test, const struct nl_segment_person *person,
                      const char *field, const char *value) {
    const json_t *list = test->field == NL_FIELD_ATTRIBUTE
                             ? json_object_get(person->attributes, test->attribute)
                             : NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *item = json_string_value(json_array_get(list, i));
        if (item != NULL && strcasecmp(item, value) == 0)
            return true;
    }
    return is_among(field, value);
}

/* Compares a field that is known with one value of the test. */
static bool value_holds(const struct nl_segment *test, const struct nl_segment_person *person,
                        const char *field, const char *value) {
    switch (test->test) {
    case NL_TEST_HOLDS:
        return strstr(field, value) != NULL;
    case NL_TEST_HAS:
        return has_value(test, person, field, value);
    case NL_TEST_IN:
        return strcmp(field, value) == 0;
    default:
        return compare(test, field, value);
    }
}

static bool test_holds(const struct nl_segment *test, const struct nl_segment_person *person) {
    struct nl_buf field = {0};
    bool known = add_field(test, person, &field);
    bool empty = !known || field.len == 0;
    bool result = false;
    if (test->test == NL_TEST_KNOWN || test->test == NL_TEST_UNKNOWN)
        result = empty == (test->test == NL_TEST_UNKNOWN);
    else if (!known)
        result = test->test == NL_TEST_UNEQUAL; /* as IS DISTINCT FROM has it */
    for (size_t i = 0; known && !result && i < test->value_count; i++) {
        struct nl_buf value = {0};
        add_lower(test->values[i].text, &value);
        result = value_holds(test, person, nl_buf_text(&field), nl_buf_text(&value));
        nl_buf_free(&value);
    }
    nl_buf_free(&field);
    return result;
}

bool nl_segment_matches(const struct nl_segment *segment, const struct nl_segment_person *person) {
    switch (segment->kind) {
    case NL_SEGMENT_AND:
        return nl_segment_matches(segment->left, person) &&
               nl_segment_matches(segment->right, person);
    case NL_SEGMENT_OR:
        return nl_segment_matches(segment->left, person) ||
               nl_segment_matches(segment->right, person);
    case NL_SEGMENT_NOT:
        return !nl_segment_matches(segment->left, person);
    default:
        return test_holds(segment, person);
    }
}
