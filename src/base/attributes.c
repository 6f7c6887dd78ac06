#include "newsletter/base/attributes.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/clean.h"
#include "newsletter/base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_LIMIT = 1000, NUMBER_LIMIT = 100, NAME_LIMIT = 64, LIST_LIMIT = 100, DEPTH_LIMIT = 4 };

/* Checks one value and appends it, cleaned, to `out`. */
static enum nl_status check_attribute(const json_t *object, const char *key, const char *value,
                                      struct nl_buf *out, struct nl_error *err) {
    if (!nl_text_is_name(key, "_-", NAME_LIMIT))
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("'%s' is not an attribute name: use letters, digits, _ and -"),
                            key);
    if (strlen(value) > VALUE_LIMIT)
        return nl_error_set(err, NL_DATA, NL_TEXT("attribute %s is longer than %d bytes"), key,
                            VALUE_LIMIT);
    if (json_object_size(object) >= NUMBER_LIMIT && json_object_get(object, key) == NULL)
        return nl_error_set(err, NL_DATA, NL_TEXT("more than %d attributes"), NUMBER_LIMIT);
    return nl_clean_line(value, NL_TEXT_IN("error", "an attribute"), out, err);
}

enum nl_status nl_attributes_set(json_t *object, const char *key, const char *value,
                                 struct nl_error *err) {
    struct nl_buf text = {0};
    enum nl_status status = check_attribute(object, key, value, &text, err);
    if (status == NL_OK && text.len == 0)
        json_object_del(object, key);
    else if (status == NL_OK && json_object_set_new(object, key, json_string(text.data)) != 0)
        status = nl_error_nomem(err);
    nl_buf_free(&text);
    return status;
}

char *nl_attribute_name(const char *text) {
    struct nl_buf name = {0};
    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p >= 0x80) {
            nl_buf_free(&name);
            return NULL;
        }
        nl_buf_addc(&name, isalnum((unsigned char)*p) || *p == '-' ? *p : '_');
    }
    if (name.len == 0 || name.len > NAME_LIMIT) {
        nl_buf_free(&name);
        return NULL;
    }
    return nl_buf_take(&name);
}

/* ---- out of JSON ---- */

struct taking {
    json_t *object;
    struct nl_buf *passed; /* names of what is passed over */
    int depth;
};

static void pass_over(const struct taking *taking, const char *key) {
    nl_buf_addf(taking->passed, "%s%s", taking->passed->len > 0 ? ", " : "", key);
}

/* A text, number, true or false as a text; NULL for anything else. `number` is room for it. */
static const char *text_of(const json_t *value, char number[32]) {
    number[0] = '\0';
    if (json_is_integer(value))
        snprintf(number, 32, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        snprintf(number, 32, "%.15g", json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(number, 32, "%s", json_is_true(value) ? "true" : "false");
    return json_is_string(value) ? json_string_value(value) : number[0] != '\0' ? number : NULL;
}

static enum nl_status take_list(const struct taking *taking, const char *key, const json_t *list,
                                struct nl_error *err) {
    json_t *copy = json_array();
    struct nl_buf text = {0};
    char number[32];
    bool whole = json_array_size(list) <= LIST_LIMIT;
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && whole && i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        /* Tags are objects elsewhere: {"id": 1, "name": "press"}. */
        const json_t *named = json_is_object(item) ? json_object_get(item, "name") : NULL;
        const char *value = text_of(named != NULL ? named : item, number);
        whole = value != NULL || json_is_null(item);
        nl_buf_clear(&text);
        if (value != NULL)
            status = check_attribute(taking->object, key, value, &text, err);
        if (status == NL_OK && text.len > 0)
            json_array_append_new(copy, json_string(text.data));
    }
    nl_buf_free(&text);
    if (status == NL_OK && !whole)
        pass_over(taking, key);
    else if (status == NL_OK && json_array_size(copy) > 0 &&
             json_object_set(taking->object, key, copy) != 0)
        status = nl_error_nomem(err);
    json_decref(copy);
    return status;
}

static enum nl_status take_object(const struct taking *taking, const char *prefix, json_t *from,
                                  struct nl_error *err);

static enum nl_status take_value(const struct taking *taking, const char *key, json_t *value,
                                 struct nl_error *err) {
    char number[32];
    const char *text = text_of(value, number);
    if (json_is_null(value))
        return NL_OK;
    if (text != NULL)
        return nl_attributes_set(taking->object, key, text, err);
    return json_is_array(value) ? take_list(taking, key, value, err)
                                : take_object(taking, key, value, err);
}

/* A member of an object gets both names: {"stack": {"os": "BSD"}} becomes stack_os. */
static enum nl_status take_object(const struct taking *taking, const char *prefix, json_t *from,
                                  struct nl_error *err) {
    const struct taking inner = {taking->object, taking->passed, taking->depth + 1};
    const char *key = NULL;
    json_t *value = NULL;
    enum nl_status status = NL_OK;
    json_object_foreach(from, key, value) {
        struct nl_buf joined = {0};
        nl_buf_addf(&joined, "%s%s%s", prefix, prefix[0] != '\0' ? "_" : "", key);
        char *name = nl_attribute_name(nl_buf_text(&joined));
        if (name == NULL || json_object_get(taking->object, name) != NULL ||
            inner.depth > DEPTH_LIMIT)
            pass_over(taking, nl_buf_text(&joined));
        else
            status = take_value(&inner, name, value, err);
        free(name);
        nl_buf_free(&joined);
        if (status != NL_OK)
            break;
    }
    return status;
}

enum nl_status nl_attributes_take(json_t *object, json_t *from, struct nl_buf *passed,
                                  struct nl_error *err) {
    const struct taking taking = {object, passed, 0};
    return take_object(&taking, "", from, err);
}
