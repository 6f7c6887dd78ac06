#include "archive/page_builder.h"

#include "archive/pictures.h"
#include "newsletter/base/language.h"
#include "newsletter/bulletin/message.h"
#include "newsletter/template/data.h"

#include <stdlib.h>
#include <string.h>

static enum nl_status keep_entry(const struct nl_entry *entry, void *ctx, struct nl_error *err) {
    struct making *making = ctx;
    const char *const from[] = {entry->slug,     entry->series,    entry->number, entry->title,
                                entry->category, entry->posted_by, entry->date,   entry->language};
    const char **const to[] = {&making->entry.slug,     &making->entry.series,
                               &making->entry.number,   &making->entry.title,
                               &making->entry.category, &making->entry.posted_by,
                               &making->entry.date,     &making->entry.language};
    making->entry.id = entry->id;
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        if (from[i] == NULL)
            continue;
        making->strings[i] = strdup(from[i]);
        if (making->strings[i] == NULL)
            return nl_error_nomem(err);
        *to[i] = making->strings[i];
    }
    return NL_OK;
}

enum nl_status nl_archive_fill(const struct nl_archived *text, struct nl_buf *out,
                               struct nl_error *err) {
    static const struct nl_recipient nobody = {.address = "", .message_id = ""};
    struct nl_message *message = NULL;
    if (text->body == NULL)
        return NL_OK;
    enum nl_status status = nl_message_parse(text->body, text->body_len, &message, err);
    if (status == NL_OK)
        status = nl_message_fill(message, &nobody, out, err);
    nl_message_free(message);
    return status;
}

enum nl_status nl_making_body(const struct nl_archived *text, const char *base, struct nl_buf *out,
                              struct nl_error *err) {
    struct nl_buf filled = {0};
    enum nl_status status = nl_archive_fill(text, &filled, err);
    if (status == NL_OK)
        nl_pictures_link(nl_buf_text(&filled), base, out);
    nl_buf_free(&filled);
    return status;
}

static enum nl_status add_language(const char *language, void *ctx, struct nl_error *err) {
    struct making *making = ctx;
    struct nl_buf href = {0};
    (void)err;
    nl_buf_addf(&href, "%sissue/%s/%s/", nl_buf_text(&making->root), making->entry.slug, language);
    json_array_append_new(making->array,
                          json_pack("{s:s, s:s}", "href", nl_buf_text(&href), "name", language));
    nl_buf_free(&href);
    return NL_OK;
}

/* The languages to choose from, if there are several. */
static enum nl_status add_languages(struct making *making, json_t *data, struct nl_error *err) {
    const struct nl_entry *entry = &making->entry;
    struct nl_buf own = {0};
    making->array = json_array();
    nl_buf_addf(&own, "%sissue/%s/", nl_buf_text(&making->root), entry->slug);
    json_array_append_new(making->array,
                          json_pack("{s:s, s:s}", "href", nl_buf_text(&own), "name",
                                    entry->language != NULL ? entry->language : "en"));
    enum nl_status status =
        nl_archive_languages(making->archive->store, entry->id, add_language, making, err);
    json_object_set_new(data, "languages",
                        json_array_size(making->array) > 1 ? json_incref(making->array)
                                                           : json_array());
    json_decref(making->array);
    nl_buf_free(&own);
    return status;
}

/* Keeps the entry of that slug in `making` and reads its text in `language`, NULL for its own. */
static enum nl_status find_text(struct making *making, const char *slug, const char *language,
                                bool *found, struct nl_archived *text, struct nl_error *err) {
    const struct nl_archive *archive = making->archive;
    const struct nl_filter filter = {.slug = slug, .limit = 1};
    enum nl_status status =
        nl_archive_each(archive->store, archive->list->id, &filter, keep_entry, making, err);
    if (status == NL_OK && making->entry.id != 0)
        status = nl_archive_text(archive->store, making->entry.id, language, found, text, err);
    return status;
}

enum nl_status nl_making_issue(struct making *making, const char *slug, const char *language,
                               struct nl_archive_page *out, struct nl_error *err) {
    struct nl_archived text = {0};
    struct nl_buf body = {0};
    bool found = false;
    enum nl_status status = find_text(making, slug, language, &found, &text, err);
    if (status == NL_OK && found) {
        const char *own = language != NULL ? language : making->entry.language;
        making->entry.title = text.title;
        json_t *data = nl_making_page(making, text.title);
        json_t *entry = nl_making_entry(making, &making->entry);
        status = nl_making_body(&text, "", &body, err);
        nl_data_set(data, "body", nl_buf_text(&body));
        nl_data_set(data, "source", text.body == NULL ? text.source : "");
        nl_data_set(data, "text_language", own != NULL ? own : making->archive->list->language);
        nl_data_set(data, "text_direction",
                    nl_language_is_rtl(own != NULL ? own : "en") ? "rtl" : "ltr");
        json_object_set_new(data, "entry", entry);
        if (status == NL_OK)
            status = add_languages(making, data, err);
        if (status == NL_OK)
            status = nl_making_render(making, "issue.html", data, out, err);
        json_decref(data);
    }
    nl_buf_free(&body);
    nl_archived_free(&text);
    return status;
}

enum nl_status nl_making_picture(struct making *making, char *const parts[3], size_t count,
                                 const char *name, struct nl_archive_page *out,
                                 struct nl_error *err) {
    struct nl_archived text = {0};
    struct nl_buf body = {0};
    bool found = false;
    if (count < 2 || strcmp(parts[0], "issue") != 0)
        return NL_OK;
    enum nl_status status =
        find_text(making, parts[1], count == 3 ? parts[2] : NULL, &found, &text, err);
    if (status == NL_OK && found)
        status = nl_archive_fill(&text, &body, err);
    if (status == NL_OK)
        out->found = nl_pictures_get(nl_buf_text(&body), name, &out->body, &out->type);
    nl_buf_free(&body);
    nl_archived_free(&text);
    return status;
}
