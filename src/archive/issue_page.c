#include "archive/page_builder.h"

#include "archive/excerpt.h"
#include "newsletter/bulletin/events.h"
#include "newsletter/template/data.h"
#include "newsletter/template/language_name.h"
#include "newsletter/template/size.h"

#include <stdlib.h>
#include <string.h>

enum { DESCRIPTION = 200 };

/* ---- the languages to choose from ---- */

struct choice {
    const struct nl_page_builder *builder;
    const char *shown; /* the language of the page */
    json_t *links, *alternates;
};

static void add_choice(const struct choice *choice, const char *language, bool own) {
    const struct nl_page_builder *builder = choice->builder;
    struct nl_buf path = {0};
    struct nl_buf href = {0};
    nl_buf_addf(&path, "issue/%s/%s%s", builder->entry.slug, own ? "" : language, own ? "" : "/");
    nl_buf_addf(&href, "%s%s", nl_buf_text(&builder->root), nl_buf_text(&path));
    nl_language_link_add(choice->links, language, nl_buf_text(&href),
                         strcmp(language, choice->shown) == 0);
    nl_buf_clear(&href);
    nl_buf_addf(&href, "%s%s", builder->archive->url, nl_buf_text(&path));
    json_array_append_new(choice->alternates,
                          json_pack("{s:s, s:s}", "href", nl_buf_text(&href), "tag", language));
    nl_buf_free(&path);
    nl_buf_free(&href);
}

static enum nl_status add_other(const char *language, void *ctx, struct nl_error *err) {
    (void)err;
    add_choice(ctx, language, false);
    return NL_OK;
}

static enum nl_status add_languages(const struct nl_page_builder *builder, const char *shown,
                                    json_t *data, struct nl_error *err) {
    const char *own = builder->entry.language;
    struct choice choice = {builder, shown, json_array(), json_array()};
    add_choice(&choice, own != NULL ? own : builder->archive->list->language, true);
    enum nl_status status =
        nl_archive_languages(builder->archive->store, builder->entry.id, add_other, &choice, err);
    bool several = json_array_size(choice.links) > 1;
    json_object_set_new(data, "several_languages", json_boolean(several));
    json_object_set_new(data, "languages", choice.links);
    if (!several || builder->archive->url[0] == '\0')
        json_array_clear(choice.alternates);
    json_object_set(data, "alternates", choice.alternates);
    json_decref(choice.alternates);
    return status;
}

/* ---- what stands around the text ---- */

static enum nl_status add_attachments(const struct nl_archive *archive,
                                      const struct nl_edition_view *edition, json_t *data,
                                      struct nl_error *err) {
    json_t *files = json_array();
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < edition->front.attachment_count; i++) {
        const char *path = edition->front.attachments[i];
        const char *slash = strrchr(path, '/');
        bool found = false;
        size_t size = 0;
        struct nl_buf href = {0};
        struct nl_buf length = {0};
        nl_issue_file_name(i, path, &href);
        status = nl_issue_attachment(archive, edition, i, &found, &size, NULL, err);
        nl_size_words(archive->theme, size, &length);
        if (found)
            json_array_append_new(files, json_pack("{s:s, s:s, s:s}", "href", nl_buf_text(&href),
                                                   "name", slash != NULL ? slash + 1 : path, "size",
                                                   nl_buf_text(&length)));
        nl_buf_free(&href);
        nl_buf_free(&length);
    }
    json_object_set_new(data, "has_files", json_boolean(json_array_size(files) > 0));
    json_object_set_new(data, "files", files);
    return status;
}

static void add_address(const struct nl_page_builder *builder,
                        const struct nl_edition_view *edition, const char *file,
                        struct nl_buf *out) {
    nl_buf_addf(out, "%sissue/%s/%s%s%s", builder->archive->url, builder->entry.slug,
                edition->own ? "" : edition->entry.language, edition->own ? "" : "/", file);
}

/* How other places show a link to the page (ogp.me). */
static void add_open_graph(const struct nl_page_builder *builder,
                           const struct nl_edition_view *edition, const char *body, json_t *data) {
    struct nl_buf text = {0};
    const char *line = edition->front.preheader;
    if (line != NULL && strstr(line, "{{") == NULL)
        nl_buf_adds(&text, line);
    else
        nl_excerpt_add(body, DESCRIPTION, &text);
    nl_data_set(data, "description", nl_buf_text(&text));
    nl_buf_free(&text);
    if (builder->archive->url[0] == '\0')
        return;
    json_t *og = json_object();
    nl_data_set(og, "title", edition->entry.title);
    add_address(builder, edition, "", &text);
    nl_data_set(data, "canonical", nl_buf_text(&text));
    nl_buf_clear(&text);
    add_address(builder, edition, "preview.png", &text);
    nl_data_set(og, "image", nl_buf_text(&text));
    nl_data_set(og, "date", edition->entry.date);
    json_object_set_new(data, "og", og);
    nl_buf_free(&text);
}

json_t *nl_page_edition(const struct nl_page_builder *builder,
                        const struct nl_edition_view *edition) {
    const struct nl_archive *archive = builder->archive;
    json_t *data = nl_page_entry(builder, &edition->entry);
    json_object_set_new(data, "contact", nl_data_contact(&edition->front.contact));
    json_object_set_new(data, "calendar", nl_events_data(&edition->front.events, archive->theme));
    return data;
}

static enum nl_status render(struct nl_page_builder *builder, const struct nl_edition_view *edition,
                             struct nl_archive_page *out, struct nl_error *err) {
    const struct nl_archive *archive = builder->archive;
    const char *language = edition->entry.language;
    const struct nl_archived *text = &edition->text;
    struct nl_buf body = {0};
    if (language == NULL)
        language = archive->list->language;
    json_t *data = nl_page_data(builder, edition->entry.title);
    enum nl_status status = nl_page_body(text, "", &body, err);
    nl_data_set(data, "body", nl_buf_text(&body));
    nl_data_set(data, "source", text->body == NULL ? text->source : "");
    nl_data_set(data, "text_language", language);
    nl_data_set(data, "text_direction", nl_language_is_rtl(language) ? "rtl" : "ltr");
    json_object_set_new(data, "entry", nl_page_edition(builder, edition));
    if (status == NL_OK)
        status = add_languages(builder, language, data, err);
    if (status == NL_OK)
        status = add_attachments(archive, edition, data, err);
    json_t *listen = NULL;
    if (status == NL_OK)
        status = nl_listen_data(archive, &builder->entry, edition, "", "../", &listen, err);
    json_object_set_new(data, "has_listen", json_boolean(json_array_size(listen) > 0));
    json_object_set_new(data, "listen", listen != NULL ? listen : json_array());
    nl_data_set(data, "pdf", archive->config->archive.pdf != NULL ? NL_PDF_NAME : "");
    add_open_graph(builder, edition, nl_buf_text(&body), data);
    if (status == NL_OK)
        status = nl_page_reference(archive, edition, data, err);
    if (status == NL_OK)
        status = nl_page_render(builder, "issue.html", data, out, err);
    json_decref(data);
    nl_buf_free(&body);
    return status;
}

enum nl_status nl_page_issue(struct nl_page_builder *builder, const char *slug,
                             const char *language, struct nl_archive_page *out,
                             struct nl_error *err) {
    struct nl_edition_view edition = {0};
    bool found = false;
    enum nl_status status = nl_issue_open(builder, slug, language, &found, &edition, err);
    if (status == NL_OK && found)
        status = render(builder, &edition, out, err);
    nl_edition_free(&edition);
    return status;
}
