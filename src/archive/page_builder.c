#include "archive/page_builder.h"
#include "archive/clean_html.h"

#include "archive/excerpt.h"
#include "archive/pictures.h"
#include "newsletter/base/text.h"
#include "newsletter/base/token.h"
#include "newsletter/bulletin/message.h"
#include "newsletter/template/data.h"
#include "newsletter/template/dates.h"
#include "newsletter/template/language_menu.h"

#include <stdlib.h>
#include <string.h>

static const char html_type[] = "text/html; charset=utf-8";

void nl_archive_key(const char *value, struct nl_buf *out) {
    char digest[2 * NL_DIGEST_LEN + 1];
    struct nl_buf slug = {0};
    bool ascii = true;
    for (const char *p = value; *p != '\0'; p++)
        ascii = ascii && (unsigned char)*p < 0x80;
    nl_text_slug(&slug, value);
    nl_buf_adds(out, nl_buf_text(&slug));
    if (!ascii || slug.len == 0) { /* the slug leaves out what is not ASCII */
        nl_digest_hex(value, strlen(value), digest);
        nl_buf_addf(out, "%s%.8s", slug.len > 0 ? "-" : "", digest);
    }
    nl_buf_free(&slug);
}

json_t *nl_page_entry(const struct nl_page_builder *builder, const struct nl_entry *entry) {
    json_t *data = json_object();
    struct nl_buf date = {0};
    struct nl_buf href = {0};
    nl_date_long(builder->archive->theme, entry->date, &date);
    nl_buf_addf(&href, "%sissue/%s/", nl_buf_text(&builder->root), entry->slug);
    nl_data_set(data, "href", nl_buf_text(&href));
    nl_data_set(data, "slug", entry->slug);
    nl_data_set(data, "series", entry->series);
    nl_data_set(data, "number", entry->number);
    nl_data_set(data, "title", entry->title);
    nl_data_set(data, "category", entry->category);
    nl_data_set(data, "posted_by", entry->posted_by);
    nl_data_set(data, "date", nl_buf_text(&date));
    nl_data_set(data, "iso_date", entry->date);
    nl_buf_free(&date);
    nl_buf_free(&href);
    return data;
}

void nl_page_builder_free(struct nl_page_builder *builder) {
    for (size_t i = 0; i < sizeof builder->strings / sizeof builder->strings[0]; i++)
        free(builder->strings[i]);
    nl_buf_free(&builder->root);
}

const char *nl_page_root(const struct nl_page_builder *builder) {
    return builder->root.len > 0 ? nl_buf_text(&builder->root) : "./";
}

/* Among files, the front page lies in the folder of the archives. */
static const char *home_of(const struct nl_page_builder *builder, struct nl_buf *out) {
    if (builder->archive->home != NULL)
        return builder->archive->home;
    nl_buf_clear(out);
    nl_buf_addf(out, "%s../", nl_buf_text(&builder->root));
    return nl_buf_text(out);
}

json_t *nl_page_data(const struct nl_page_builder *builder, const char *heading) {
    const struct nl_archive *archive = builder->archive;
    json_t *data = nl_data_new(archive->list, nl_catalog_language(archive->theme->catalog));
    struct nl_buf home = {0};
    struct nl_buf events = {0};
    nl_buf_addf(&events, "%sevents/", nl_buf_text(&builder->root));
    nl_look_add(archive->config, archive->list->name, home_of(builder, &home),
                nl_buf_text(&builder->root), data);
    nl_data_set(data, "home", home_of(builder, &home));
    nl_data_set(data, "root", nl_page_root(builder));
    nl_data_set(data, "archive", nl_page_root(builder));
    nl_data_set(data, "events_page", nl_buf_text(&events));
    nl_data_set(data, "heading", heading);
    nl_data_set(data, "join", archive->join);
    nl_data_set(data, "words", "");
    json_object_set_new(data, "facets", json_array());
    json_object_set_new(data, "feed", json_boolean(archive->url[0] != '\0'));
    json_object_set_new(data, "closed", json_true()); /* any web server may hand the page out */
    json_object_set_new(data, "searchable", json_boolean(archive->searchable));
    if (archive->searchable)
        nl_language_menu_add(archive->config->templates, data);
    nl_data_page(data);
    nl_buf_free(&home);
    nl_buf_free(&events);
    return data;
}

enum nl_status nl_page_render(const struct nl_page_builder *builder, const char *file, json_t *data,
                              struct nl_archive_page *out, struct nl_error *err) {
    out->found = true;
    out->type = html_type;
    return nl_theme_render(builder->archive->theme, file, data, &out->body, err);
}

/* Takes away a first paragraph that only greets the reader: nobody is addressed here. */
static enum nl_status drop_greeting(const struct nl_message *message, struct nl_buf *html,
                                    struct nl_error *err) {
    static const struct nl_recipient somebody = {
        .address = "", .message_id = "", .name = "\u2060Name\u2060"};
    struct nl_buf named = {0};
    if (!nl_greeting_is_likely(nl_buf_text(html)))
        return NL_OK;
    enum nl_status status = nl_message_fill(message, &somebody, &named, err);
    size_t len = status == NL_OK ? nl_greeting_len(nl_buf_text(html), nl_buf_text(&named)) : 0;
    if (len > 0) {
        html->len -= len;
        memmove(html->data, html->data + len, html->len + 1);
    }
    nl_buf_free(&named);
    return status;
}

enum nl_status nl_archive_fill(const struct nl_archived *text, struct nl_buf *out,
                               struct nl_error *err) {
    static const struct nl_recipient nobody = {.address = "", .message_id = ""};
    struct nl_message *message = NULL;
    struct nl_buf html = {0};
    if (text->body == NULL)
        return NL_OK;
    enum nl_status status = nl_message_parse(text->body, text->body_len, &message, err);
    if (status == NL_OK)
        status = nl_message_fill(message, &nobody, &html, err);
    if (status == NL_OK)
        status = drop_greeting(message, &html, err);
    if (status == NL_OK)
        nl_buf_add(out, nl_buf_text(&html), html.len);
    nl_message_free(message);
    nl_buf_free(&html);
    return status;
}

enum nl_status nl_page_body(const struct nl_archived *text, const char *base, struct nl_buf *out,
                            struct nl_error *err) {
    struct nl_buf filled = {0};
    struct nl_buf clean = {0};
    enum nl_status status = nl_archive_fill(text, &filled, err);
    if (status == NL_OK) {
        nl_html_clean(nl_buf_text(&filled), &clean);
        if (base != NULL)
            nl_pictures_link(nl_buf_text(&clean), base, out);
        else
            nl_buf_add(out, nl_buf_text(&clean), clean.len);
    }
    nl_buf_free(&filled);
    nl_buf_free(&clean);
    return status;
}
