#include "newsletter/template/language_menu.h"

#include "newsletter/base/catalog.h"
#include "newsletter/template/data.h"
#include "newsletter/template/language_name.h"

#include <string.h>

struct menu {
    const char *current;
    json_t *items;
};

static enum nl_status add_language(const char *tag, void *ctx, struct nl_error *err) {
    (void)err;
    const struct menu *menu = ctx;
    struct nl_buf name = {0};
    json_t *item = json_object();
    nl_language_name(tag, &name);
    nl_data_set(item, "tag", tag);
    nl_data_set(item, "name", nl_buf_text(&name));
    json_object_set_new(item, "current", json_boolean(strcmp(tag, menu->current) == 0));
    json_array_append_new(menu->items, item);
    nl_buf_free(&name);
    return NL_OK;
}

void nl_language_menu_add(const char *templates, json_t *data) {
    struct nl_error ignored = {0};
    struct menu menu = {json_string_value(json_object_get(data, "language")), json_array()};
    json_object_set_new(data, "menu", menu.items);
    nl_data_set(data, "menu_query", "");
    if (nl_catalog_each(templates, add_language, &menu, &ignored) != NL_OK)
        nl_error_free(&ignored);
}
