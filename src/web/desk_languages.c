#include "newsletter/template/data.h"
#include "newsletter/template/language_name.h"
#include "web/desk.h"

#include <string.h>
#include <strings.h>

static json_t *language_item(const char *tag) {
    struct nl_buf name = {0};
    json_t *item = json_object();
    nl_language_name(tag, &name);
    nl_data_set(item, "tag", tag);
    nl_data_set(item, "name", nl_buf_text(&name));
    nl_buf_free(&name);
    return item;
}

static const char *tag_of(const json_t *text) {
    return json_string_value(json_object_get(text, "language"));
}

void nl_desk_languages(const struct nl_desk *desk, json_t *data) {
    json_t *out = json_array();
    size_t at = 0;
    const json_t *text = NULL;
    const json_t *texts = json_object_get(desk->draft, "texts");
    json_int_t main_at = json_integer_value(json_object_get(json_array_get(texts, 0), "at"));
    json_array_foreach(texts, at, text) {
        bool older = at > 0 && json_integer_value(json_object_get(text, "at")) < main_at;
        json_t *item = language_item(tag_of(text));
        json_object_set_new(item, "chosen", json_boolean(strcmp(tag_of(text), desk->text) == 0));
        json_object_set_new(item, "older", json_boolean(older));
        json_array_append_new(out, item);
    }
    json_object_set_new(data, "removable", json_boolean(json_array_size(out) > 1));
    json_object_set_new(data, "texts", out);
}

static bool has_text(const struct nl_desk *desk, const char *tag) {
    size_t at = 0;
    const json_t *text = NULL;
    bool found = false;
    json_array_foreach(json_object_get(desk->draft, "texts"), at, text) found =
        found || strcasecmp(tag_of(text), tag) == 0;
    return found;
}

void nl_desk_languages_missing(const struct nl_desk *desk, json_t *data) {
    json_t *out = json_array();
    size_t at = 0;
    const json_t *tag = NULL;
    const json_t *proposals = json_object_get(data, "proposals");
    json_array_foreach(json_object_get(proposals, "languages"), at, tag) {
        if (!has_text(desk, json_string_value(tag)))
            json_array_append_new(out, language_item(json_string_value(tag)));
    }
    json_object_set_new(data, "missing", out);
}
