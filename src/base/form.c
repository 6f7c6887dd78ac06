#include "newsletter/base/form.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/attributes.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/clean.h"
#include "newsletter/base/language.h"
#include "newsletter/base/text.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_LIMIT = 64 * 1024, NAME_LIMIT = 200, LISTS_LIMIT = 100, IGNORED_LIMIT = 200 };

void nl_form_free(struct nl_form *form) {
    free(form->address);
    free(form->name);
    free(form->language);
    for (size_t i = 0; i < form->list_count; i++)
        free(form->lists[i]);
    free(form->lists);
    free(form->attributes);
    nl_buf_free(&form->ignored);
    *form = (struct nl_form){0};
}

/* Cleans a value and stores it in *target. A blank value counts as none. */
static enum nl_status put_field(char **slot, const char *value, const char *what,
                                struct nl_error *err) {
    struct nl_buf text = {0};
    enum nl_status status = nl_clean_line(value, what, &text, err);
    free(*slot);
    *slot = NULL;
    if (status == NL_OK && text.len > 0)
        *slot = nl_buf_take(&text);
    nl_buf_free(&text);
    return status;
}

/* The address is cleaned where it is parsed; here also an empty one is a value. */
static void put_address(char **slot, const char *value) {
    free(*slot);
    *slot = nl_strdup(value);
}

static enum nl_status set_attribute(char **attributes, const char *key, const char *value,
                                    struct nl_error *err) {
    json_t *object = *attributes != NULL ? json_loads(*attributes, 0, NULL) : json_object();
    enum nl_status status = nl_attributes_set(object, key, value, err);
    if (status == NL_OK) {
        char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
        free(*attributes);
        *attributes = text;
        status = text != NULL ? NL_OK : nl_error_nomem(err);
    }
    json_decref(object);
    return status;
}

static enum nl_status add_list(struct nl_form *form, const char *value, struct nl_error *err) {
    char *name = NULL;
    enum nl_status status = put_field(&name, value, "the list", err);
    if (status != NL_OK || name == NULL)
        return status;
    for (size_t i = 0; i < form->list_count; i++) {
        if (strcmp(form->lists[i], name) == 0) {
            free(name);
            return NL_OK;
        }
    }
    if (form->list_count >= LISTS_LIMIT) {
        free(name);
        return nl_error_set(err, NL_DATA, NL_TEXT("more than %d lists"), LISTS_LIMIT);
    }
    form->lists = nl_realloc(form->lists, (form->list_count + 1) * sizeof *form->lists);
    form->lists[form->list_count++] = name;
    return NL_OK;
}

/* The name goes into a log, so only harmless characters of it are kept, up to a limit. */
static void note_ignored(struct nl_form *form, const char *key) {
    if (form->ignored.len > IGNORED_LIMIT)
        return;
    nl_buf_adds(&form->ignored, form->ignored.len > 0 ? ", '" : "'");
    for (size_t i = 0; i < NAME_LIMIT / 4 && key[i] != '\0'; i++)
        nl_buf_addf(&form->ignored, "%c", isalnum((unsigned char)key[i]) ? key[i] : '_');
    nl_buf_adds(&form->ignored, "'");
}

static enum nl_status take_attribute(struct nl_form *form, const char *key, const char *value,
                                     struct nl_error *err) {
    const struct nl_form_field *field = nl_form_field_find(form->fields, key);
    struct nl_buf checked = {0};
    if (field == NULL) {
        note_ignored(form, key);
        return NL_OK;
    }
    enum nl_status status = nl_form_field_check(field, value, &checked, err);
    if (status == NL_OK)
        status = set_attribute(&form->attributes, key, nl_buf_text(&checked), err);
    nl_buf_free(&checked);
    return status;
}

enum nl_status nl_form_attribute(char **attributes, const char *pair, struct nl_error *err) {
    const char *equals = strchr(pair, '=');
    if (equals == NULL)
        return nl_error_set(err, NL_USAGE, "--attribute '%s': write it as KEY=VALUE", pair);
    char *key = nl_strndup(pair, (size_t)(equals - pair));
    enum nl_status status = set_attribute(attributes, key, equals + 1, err);
    free(key);
    return status;
}

enum nl_status nl_form_take(struct nl_form *form, const char *key, const char *value,
                            struct nl_error *err) {
    static const char prefix[] = "attribute.";
    if (strcmp(key, "address") == 0 || strcmp(key, "email") == 0) {
        put_address(&form->address, value);
        return NL_OK;
    }
    if (value[0] == '\0')
        return NL_OK;
    if (strcmp(key, "name") == 0)
        return put_field(&form->name, value, NL_TEXT_IN("error", "the name"), err);
    if (strcmp(key, "list") == 0)
        return add_list(form, value, err);
    if (strcmp(key, "language") == 0)
        return put_field(&form->language, value, NL_TEXT_IN("error", "the language"), err);
    if (strncmp(key, prefix, sizeof prefix - 1) == 0)
        return take_attribute(form, key + sizeof prefix - 1, value, err);
    return NL_OK;
}

/* Decodes one percent-encoded word; NULL when it holds a NUL. */
static char *decode(const char *text, size_t len) {
    char *decoded = nl_strndup(text, len);
    for (char *p = decoded; p != NULL && *p; p++)
        if (*p == '+')
            *p = ' ';
    if (strstr(decoded, "%00") != NULL) {
        free(decoded);
        return NULL;
    }
    if (decoded != NULL)
        nl_text_decode_percent(decoded);
    return decoded;
}

static enum nl_status read_urlencoded(struct nl_form *form, const char *text,
                                      struct nl_error *err) {
    enum nl_status status = NL_OK;
    while (status == NL_OK && *text != '\0') {
        size_t len = strcspn(text, "&");
        const char *equals = memchr(text, '=', len);
        size_t key_len = equals != NULL ? (size_t)(equals - text) : len;
        char *key = decode(text, key_len);
        char *value = equals != NULL ? decode(equals + 1, len - key_len - 1) : nl_strdup("");
        status = key != NULL && value != NULL
                     ? nl_form_take(form, key, value, err)
                     : nl_error_set(err, NL_DATA, "the form data is not URL-encoded");
        free(key);
        free(value);
        text += len + (text[len] == '&');
    }
    return status;
}

/* "list": ["news", "events"]. */
static enum nl_status take_texts(struct nl_form *form, const char *name, const json_t *array,
                                 struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < json_array_size(array); i++)
        if (json_is_string(json_array_get(array, i)))
            status = nl_form_take(form, name, json_string_value(json_array_get(array, i)), err);
    return status;
}

static enum nl_status take_json(struct nl_form *form, const char *prefix, json_t *object,
                                struct nl_error *err) {
    const char *key = NULL;
    json_t *value = NULL;
    enum nl_status status = NL_OK;
    json_object_foreach(object, key, value) {
        struct nl_buf name = {0};
        nl_buf_addf(&name, "%s%s", prefix, key);
        if (json_is_string(value))
            status = nl_form_take(form, nl_buf_text(&name), json_string_value(value), err);
        else if (json_is_array(value))
            status = take_texts(form, nl_buf_text(&name), value, err);
        else if (json_is_object(value) && prefix[0] == '\0' && strcmp(key, "attributes") == 0)
            status = take_json(form, "attribute.", value, err);
        nl_buf_free(&name);
        if (status != NL_OK)
            break;
    }
    return status;
}

static enum nl_status read_json(struct nl_form *form, const char *text, size_t len,
                                struct nl_error *err) {
    json_error_t problem;
    json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);
    enum nl_status status = NL_OK;
    if (!json_is_object(object))
        status = nl_error_set(err, NL_DATA, "standard input is not a JSON object: %s",
                              object == NULL ? problem.text : "expected {\"address\": ...}");
    else
        status = take_json(form, "", object, err);
    json_decref(object);
    return status;
}

enum nl_status nl_form_check(const struct nl_form *form, struct nl_error *err) {
    enum nl_status status = NL_OK;
    if (form->name != NULL)
        status = nl_text_check_line(form->name, NL_TEXT_IN("error", "the name"), err);
    if (status == NL_OK && form->name != NULL && strlen(form->name) > NAME_LIMIT)
        status =
            nl_error_set(err, NL_DATA, NL_TEXT("the name is longer than %d bytes"), NAME_LIMIT);
    if (status == NL_OK && form->language != NULL && form->language[0] != '\0' &&
        !nl_language_is_tag(form->language))
        status = nl_error_set(err, NL_DATA, NL_TEXT("'%s' is not a language tag such as en or kk"),
                              form->language);
    return status;
}

enum nl_status nl_form_read(FILE *in, const struct nl_form_fields *fields, struct nl_form *out,
                            struct nl_error *err) {
    struct nl_buf text = {0};
    enum nl_status status = NL_OK;
    *out = (struct nl_form){.fields = fields};
    while (text.len <= INPUT_LIMIT) {
        nl_buf_reserve(&text, 4096);
        size_t got = fread(text.data + text.len, 1, 4096, in);
        if (got == 0)
            break;
        text.len += got;
        text.data[text.len] = '\0';
    }
    while (text.len > 0 && strchr("\r\n", text.data[text.len - 1]) != NULL)
        text.data[--text.len] = '\0';
    const char *start = nl_buf_text(&text) + strspn(nl_buf_text(&text), " \t\r\n");
    if (ferror(in))
        status = nl_error_set(err, NL_NOINPUT, "cannot read standard input");
    else if (text.len > INPUT_LIMIT)
        status = nl_error_set(err, NL_DATA, "standard input is larger than %d bytes", INPUT_LIMIT);
    else if (strlen(nl_buf_text(&text)) != text.len)
        status = nl_error_set(err, NL_DATA, "standard input holds a NUL byte");
    else if (*start == '{')
        status = read_json(out, nl_buf_text(&text), text.len, err);
    else
        status = read_urlencoded(out, start, err);
    if (status == NL_OK && out->address == NULL)
        status =
            nl_error_set(err, NL_DATA, "no address: the form needs a field 'email' or 'address'");
    nl_buf_free(&text);
    if (status != NL_OK)
        nl_form_free(out);
    return status;
}
