#include "archive/page_builder.h"

#include "archive/pictures.h"
#include "newsletter/base/language.h"
#include "newsletter/template/data.h"

#include <stdlib.h>
#include <string.h>

static enum nl_status keep_entry(const struct nl_entry *entry, void *ctx, struct nl_error *err) {
    struct nl_page_builder *builder = ctx;
    const char *const from[] = {entry->slug,     entry->series,    entry->number, entry->title,
                                entry->category, entry->posted_by, entry->date,   entry->language};
    const char **const to[] = {&builder->entry.slug,     &builder->entry.series,
                               &builder->entry.number,   &builder->entry.title,
                               &builder->entry.category, &builder->entry.posted_by,
                               &builder->entry.date,     &builder->entry.language};
    builder->entry.id = entry->id;
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        if (from[i] == NULL)
            continue;
        builder->strings[i] = strdup(from[i]);
        if (builder->strings[i] == NULL)
            return nl_error_nomem(err);
        *to[i] = builder->strings[i];
    }
    return NL_OK;
}

static enum nl_status add_language(const char *language, void *ctx, struct nl_error *err) {
    struct nl_page_builder *builder = ctx;
    struct nl_buf href = {0};
    (void)err;
    nl_buf_addf(&href, "%sissue/%s/%s/", nl_buf_text(&builder->root), builder->entry.slug,
                language);
    json_array_append_new(builder->array,
                          json_pack("{s:s, s:s}", "href", nl_buf_text(&href), "name", language));
    nl_buf_free(&href);
    return NL_OK;
}

/* The languages to choose from, if there are several. */
static enum nl_status add_languages(struct nl_page_builder *builder, json_t *data,
                                    struct nl_error *err) {
    const struct nl_entry *entry = &builder->entry;
    struct nl_buf own = {0};
    builder->array = json_array();
    nl_buf_addf(&own, "%sissue/%s/", nl_buf_text(&builder->root), entry->slug);
    json_array_append_new(builder->array,
                          json_pack("{s:s, s:s}", "href", nl_buf_text(&own), "name",
                                    entry->language != NULL ? entry->language : "en"));
    enum nl_status status =
        nl_archive_languages(builder->archive->store, entry->id, add_language, builder, err);
    json_object_set_new(data, "languages",
                        json_array_size(builder->array) > 1 ? json_incref(builder->array)
                                                            : json_array());
    json_decref(builder->array);
    nl_buf_free(&own);
    return status;
}

/* Stores the entry with that slug in `builder` and reads its text in `language`, NULL for its own.
 */
static enum nl_status find_text(struct nl_page_builder *builder, const char *slug,
                                const char *language, bool *found, struct nl_archived *text,
                                struct nl_error *err) {
    const struct nl_archive *archive = builder->archive;
    const struct nl_filter filter = {.slug = slug, .unlisted = true, .limit = 1};
    enum nl_status status =
        nl_archive_each(archive->store, archive->list->id, &filter, keep_entry, builder, err);
    if (status == NL_OK && builder->entry.id != 0)
        status = nl_archive_text(archive->store, builder->entry.id, language, found, text, err);
    return status;
}

enum nl_status nl_page_issue(struct nl_page_builder *builder, const char *slug,
                             const char *language, struct nl_archive_page *out,
                             struct nl_error *err) {
    struct nl_archived text = {0};
    struct nl_buf body = {0};
    bool found = false;
    enum nl_status status = find_text(builder, slug, language, &found, &text, err);
    if (status == NL_OK && found) {
        const char *own = language != NULL ? language : builder->entry.language;
        builder->entry.title = text.title;
        json_t *data = nl_page_data(builder, text.title);
        json_t *entry = nl_page_entry(builder, &builder->entry);
        status = nl_page_body(&text, "", &body, err);
        nl_data_set(data, "body", nl_buf_text(&body));
        nl_data_set(data, "source", text.body == NULL ? text.source : "");
        nl_data_set(data, "text_language", own != NULL ? own : builder->archive->list->language);
        nl_data_set(data, "text_direction",
                    nl_language_is_rtl(own != NULL ? own : "en") ? "rtl" : "ltr");
        json_object_set_new(data, "entry", entry);
        if (status == NL_OK)
            status = add_languages(builder, data, err);
        if (status == NL_OK)
            status = nl_page_render(builder, "issue.html", data, out, err);
        json_decref(data);
    }
    nl_buf_free(&body);
    nl_archived_free(&text);
    return status;
}

enum nl_status nl_page_picture(struct nl_page_builder *builder, char *const parts[3], size_t count,
                               const char *name, struct nl_archive_page *out,
                               struct nl_error *err) {
    struct nl_archived text = {0};
    struct nl_buf body = {0};
    bool found = false;
    if (count < 2 || strcmp(parts[0], "issue") != 0)
        return NL_OK;
    enum nl_status status =
        find_text(builder, parts[1], count == 3 ? parts[2] : NULL, &found, &text, err);
    if (status == NL_OK && found)
        status = nl_archive_fill(&text, &body, err);
    if (status == NL_OK)
        out->found = nl_pictures_get(nl_buf_text(&body), name, &out->body, &out->type);
    nl_buf_free(&body);
    nl_archived_free(&text);
    return status;
}
