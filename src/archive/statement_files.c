#include "archive/statement_files.h"

#include "newsletter/template/language_name.h"

#include <string.h>

static bool is_listed(const json_t *tags, const char *tag) {
    for (size_t i = 0; i < json_array_size(tags); i++)
        if (strcmp(json_string_value(json_array_get(tags, i)), tag) == 0)
            return true;
    return false;
}

static enum nl_status add_tag(const char *tag, void *ctx, struct nl_error *err) {
    (void)err;
    if (!is_listed(ctx, tag))
        json_array_append_new(ctx, json_string(tag));
    return NL_OK;
}

/* The language of the front page is the first. */
static enum nl_status find_tags(const struct nl_front *front, const struct nl_archive *bare,
                                json_t *tags, struct nl_error *err) {
    enum nl_status status = add_tag(nl_catalog_language(bare->theme->catalog), tags, err);
    for (size_t i = 0; status == NL_OK && i < front->count; i++) {
        const struct nl_list *list = front->archives[i].list;
        status = add_tag(list->language, tags, err);
        if (status == NL_OK)
            status = nl_archive_all_languages(bare->store, list->id, add_tag, tags, err);
    }
    return status;
}

/* Leaves out languages without a catalog: the statement would be in English. */
static enum nl_status keep_known(const struct nl_config *config, json_t *tags,
                                 struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = json_array_size(tags); status == NL_OK && i-- > 1;) {
        const char *tag = json_string_value(json_array_get(tags, i));
        struct nl_catalog *catalog = NULL;
        status = nl_catalog_open(config->templates, tag, &catalog, err);
        bool known = status == NL_OK && strcmp(nl_catalog_language(catalog), tag) == 0;
        nl_catalog_free(catalog);
        if (!known)
            json_array_remove(tags, i);
    }
    return status;
}

/* The links among the statements, as number `shown` has them. */
static json_t *links(const json_t *tags, size_t shown) {
    json_t *all = json_array();
    for (size_t i = 0; i < json_array_size(tags); i++) {
        const char *tag = json_string_value(json_array_get(tags, i));
        struct nl_buf href = {0};
        nl_buf_addf(&href, "%s%s%s", shown == 0 ? "./" : "../", i == 0 ? "" : tag,
                    i == 0 ? "" : "/");
        nl_language_link_add(all, tag, nl_buf_text(&href), i == shown);
        nl_buf_free(&href);
    }
    return all;
}

enum nl_status nl_statement_write(const struct nl_front *front, const struct nl_archive *bare,
                                  enum nl_status (*write)(const char *path,
                                                          const struct nl_buf *body, void *ctx,
                                                          struct nl_error *err),
                                  void *ctx, struct nl_error *err) {
    json_t *tags = json_array();
    enum nl_status status = find_tags(front, bare, tags, err);
    if (status == NL_OK)
        status = keep_known(bare->config, tags, err);
    for (size_t i = 0; status == NL_OK && i < json_array_size(tags); i++) {
        const char *tag = json_string_value(json_array_get(tags, i));
        struct nl_theme theme = {0};
        struct nl_archive_page page = {0};
        struct nl_buf path = {0};
        struct nl_front inner = *front;
        struct nl_archive top = *bare;
        inner.prefix = top.home = i == 0 ? "../" : "../../";
        inner.languages = links(tags, i);
        top.theme = &theme;
        nl_buf_addf(&path, "accessibility/%s%s", i == 0 ? "" : tag, i == 0 ? "" : "/");
        status = nl_theme_open(bare->config->templates, tag, &theme, err);
        if (status == NL_OK)
            status = nl_front_statement(&inner, &top, &page, err);
        if (status == NL_OK && page.found)
            status = write(nl_buf_text(&path), &page.body, ctx, err);
        json_decref(inner.languages);
        nl_theme_free(&theme);
        nl_buf_free(&page.body);
        nl_buf_free(&path);
    }
    json_decref(tags);
    return status;
}
