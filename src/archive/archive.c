#include "newsletter/archive/archive.h"
#include "newsletter/base/memory.h"

#include "archive/page_builder.h"
#include "newsletter/bulletin/events.h"

#include <stdlib.h>
#include <string.h>

static bool is_year(const char *text) {
    return strlen(text) == 4 && strspn(text, "0123456789") == 4;
}

static bool is_month(const char *text) {
    return strlen(text) == 2 && strspn(text, "0123456789") == 2 && strcmp(text, "01") >= 0 &&
           strcmp(text, "12") <= 0;
}

static enum nl_status make_events_page(struct nl_page_builder *builder, struct nl_archive_page *out,
                                       struct nl_error *err) {
    struct nl_events events = {0};
    const struct nl_theme *theme = builder->archive->theme;
    enum nl_status status = nl_archive_upcoming(builder->archive, &events, err);
    if (status == NL_OK) {
        json_t *data = nl_page_data(
            builder, nl_catalog_text(theme->catalog, NULL, NL_TEXT("Upcoming events")));
        json_object_set_new(data, "calendar", nl_events_data(&events, theme));
        status = nl_side_add(&builder, 1, data, err);
        if (status == NL_OK)
            status = nl_page_render(builder, "events.html", data, out, err);
        json_decref(data);
    }
    nl_events_free(&events);
    return status;
}

/* `parts` are the names between the slashes. */
static enum nl_status make_folder_page(struct nl_page_builder *builder, char *const parts[3],
                                       size_t count, struct nl_archive_page *out,
                                       struct nl_error *err) {
    if (count == 1 && strcmp(parts[0], "events") == 0)
        return make_events_page(builder, out, err);
    if (is_year(parts[0]) && (count == 1 || (count == 2 && is_month(parts[1]))))
        return nl_page_date(builder, parts[0], count == 2 ? parts[1] : NULL, out, err);
    if (strcmp(parts[0], "issue") == 0 && count >= 2)
        return nl_page_issue(builder, parts[1], count == 3 ? parts[2] : NULL, out, err);
    if (count == 2)
        return nl_page_kind(builder, parts[0], parts[1], out, err);
    return NL_OK;
}

static enum nl_status make_look(const struct nl_page_builder *builder, const char *name,
                                struct nl_archive_page *out, struct nl_error *err) {
    const struct nl_archive *archive = builder->archive;
    out->found = strcmp(name, "style.css") == 0;
    out->type = "text/css; charset=utf-8";
    return out->found ? nl_look_style(archive->config, archive->list->name, archive->theme,
                                      &out->body, err)
                      : nl_look_logo(archive->config, archive->list->name, name, &out->found,
                                     &out->body, &out->type, err);
}

static enum nl_status make_file(struct nl_page_builder *builder, char *const parts[3], size_t count,
                                const char *name, struct nl_archive_page *out,
                                struct nl_error *err) {
    bool printed = strcmp(name, NL_PDF_NAME) == 0 && count >= 2 && strcmp(parts[0], "issue") == 0;
    if (!printed)
        return nl_page_file(builder, parts, count, name, out, err);
    return builder->archive->config->archive.pdf != NULL
               ? nl_page_print(builder->archive, parts[1], count == 3 ? parts[2] : NULL, out, err)
               : NL_OK;
}

static enum nl_status make_page(struct nl_page_builder *builder, char *path, const char *words,
                                struct nl_archive_page *out, struct nl_error *err) {
    char *parts[3] = {NULL};
    size_t count = 0;
    if (path[0] == '\0')
        return nl_page_newest(builder, out, err);
    enum nl_feed feed = NL_FEED_ATOM;
    char language[NL_LANGUAGE_TAG];
    if (nl_feed_parse(path, &feed, language))
        return nl_page_feed(builder, feed, language[0] != '\0' ? language : NULL, out, err);
    if (strcmp(path, NL_COVER_NAME) == 0)
        return nl_page_cover(builder, out, err);
    if (strcmp(path, "search") == 0 && words != NULL)
        return nl_page_search(builder, words, out, err);
    if (strcmp(path, "events.ics") == 0) {
        out->found = true;
        out->type = "text/calendar; charset=utf-8";
        return nl_archive_ics(builder->archive, &out->body, err);
    }
    if (nl_look_is_own(builder->archive->config, builder->archive->list->name) &&
        strchr(path, '/') == NULL)
        return make_look(builder, path, out, err);
    while (*path != '\0') {
        char *slash = strchr(path, '/');
        if (slash == NULL && count > 0)
            return make_file(builder, parts, count, path, out, err);
        if (slash == NULL || slash == path || count == 3)
            return NL_OK;
        *slash = '\0';
        parts[count++] = path;
        nl_buf_adds(&builder->root, "../");
        path = slash + 1;
    }
    return make_folder_page(builder, parts, count, out, err);
}

enum nl_status nl_archive_make(const struct nl_archive *archive, const char *path,
                               const char *words, struct nl_archive_page *out,
                               struct nl_error *err) {
    struct nl_page_builder builder = {.archive = archive};
    *out = (struct nl_archive_page){0};
    char *copy = nl_strdup(path);
    enum nl_status status = make_page(&builder, copy, words, out, err);
    free(copy);
    nl_page_builder_free(&builder);
    if (status != NL_OK)
        nl_buf_free(&out->body);
    return status;
}
