#include "newsletter/base/attributes.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/clean.h"
#include "newsletter/base/text.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_LIMIT = 1000, NUMBER_LIMIT = 32, NAME_LIMIT = 64, LIST_LIMIT = 100 };

/* Checks one value and appends it, cleaned, to `out`. */
static enum nl_status check(const json_t *object, const char *key, const char *value,
                            struct nl_buf *out, struct nl_error *err) {
    if (!nl_text_is_name(key, "_-", NAME_LIMIT))
        return nl_error_set(err, NL_DATA,
                            "'%s' is not an attribute name: use letters, digits, _ and -", key);
    if (strlen(value) > VALUE_LIMIT)
        return nl_error_set(err, NL_DATA, "attribute %s is longer than %d bytes", key, VALUE_LIMIT);
    if (json_object_size(object) >= NUMBER_LIMIT && json_object_get(object, key) == NULL)
        return nl_error_set(err, NL_DATA, "more than %d attributes", NUMBER_LIMIT);
    return nl_clean_line(value, "an attribute", out, err);
}

enum nl_status nl_attributes_set(json_t *object, const char *key, const char *value,
                                 struct nl_error *err) {
    struct nl_buf text = {0};
    enum nl_status status = check(object, key, value, &text, err);
    if (status == NL_OK && text.len == 0)
        json_object_del(object, key);
    else if (status == NL_OK && json_object_set_new(object, key, json_string(text.data)) != 0)
        status = nl_error_nomem(err);
    nl_buf_free(&text);
    return status;
}

static enum nl_status take_list(json_t *object, const char *key, const json_t *list,
                                struct nl_error *err) {
    json_t *copy = json_array();
    struct nl_buf text = {0};
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_string(value) || i == LIST_LIMIT)
            status = nl_error_set(err, NL_DATA, "attribute %s is not a list of up to %d texts", key,
                                  LIST_LIMIT);
        nl_buf_clear(&text);
        if (status == NL_OK)
            status = check(object, key, json_string_value(value), &text, err);
        if (status == NL_OK && text.len > 0)
            json_array_append_new(copy, json_string(text.data));
    }
    nl_buf_free(&text);
    if (status == NL_OK && json_object_set(object, key, copy) != 0)
        status = nl_error_nomem(err);
    json_decref(copy);
    return status;
}

enum nl_status nl_attributes_take(json_t *object, json_t *from, struct nl_error *err) {
    const char *key = NULL;
    json_t *value = NULL;
    char number[32];
    enum nl_status status = NL_OK;
    json_object_foreach(from, key, value) {
        if (json_is_null(value))
            continue;
        if (json_is_integer(value))
            snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        else if (json_is_real(value))
            snprintf(number, sizeof number, "%.15g", json_real_value(value));
        if (json_is_array(value))
            status = take_list(object, key, value, err);
        else if (json_is_string(value) || json_is_number(value) || json_is_boolean(value))
            status = nl_attributes_set(object, key,
                                       json_is_string(value)   ? json_string_value(value)
                                       : json_is_number(value) ? number
                                       : json_is_true(value)   ? "true"
                                                               : "false",
                                       err);
        else
            status = nl_error_set(err, NL_DATA, "attribute %s is neither a text nor a list", key);
        if (status != NL_OK)
            break;
    }
    return status;
}
