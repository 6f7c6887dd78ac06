#include "archive/page_builder.h"

#include "newsletter/base/text.h"
#include "newsletter/base/token.h"
#include "newsletter/bulletin/events.h"
#include "newsletter/template/data.h"
#include "newsletter/template/dates.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NEWEST = 50, FEED_ENTRIES = 20, MOST_FOUND = 100 };

static const char html_type[] = "text/html; charset=utf-8";

/* The three ways to sort issues, besides the date. */
static const struct kind {
    const char *name; /* in paths and templates */
    enum nl_facet facet;
    const char *title;
} kinds[] = {{"category", NL_FACET_CATEGORY, NL_TEXT("Category")},
             {"series", NL_FACET_SERIES, NL_TEXT("Series")},
             {"by", NL_FACET_POSTED_BY, NL_TEXT("Posted by")}};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

void nl_archive_key(const char *value, struct nl_buf *out) {
    char digest[2 * NL_DIGEST_LEN + 1];
    struct nl_buf slug = {0};
    bool ascii = true;
    for (const char *p = value; *p != '\0'; p++)
        ascii = ascii && (unsigned char)*p < 0x80;
    nl_text_slug(&slug, value);
    nl_buf_adds(out, nl_buf_text(&slug));
    if (!ascii || slug.len == 0) { /* other letters are not in the slug */
        nl_digest_hex(value, strlen(value), digest);
        nl_buf_addf(out, "%s%.8s", slug.len > 0 ? "-" : "", digest);
    }
    nl_buf_free(&slug);
}

/* ---- what pages show ---- */

json_t *nl_making_entry(const struct making *making, const struct nl_entry *entry) {
    json_t *data = json_object();
    struct nl_buf date = {0};
    struct nl_buf href = {0};
    nl_date_long(making->archive->theme, entry->date, &date);
    nl_buf_addf(&href, "%sissue/%s/", nl_buf_text(&making->root), entry->slug);
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

static enum nl_status add_entry(const struct nl_entry *entry, void *ctx, struct nl_error *err) {
    struct making *making = ctx;
    json_array_append_new(making->array, nl_making_entry(making, entry));
    (void)err;
    return NL_OK;
}

static enum nl_status add_value(const char *value, int64_t count, void *ctx, struct nl_error *err) {
    struct making *making = ctx;
    struct nl_buf href = {0};
    (void)err;
    if (making->kind != NULL) {
        nl_buf_addf(&href, "%s%s/", nl_buf_text(&making->root), making->kind->name);
        nl_archive_key(value, &href);
        nl_buf_addc(&href, '/');
    } else {
        nl_buf_addf(&href, "%s%s/", nl_buf_text(&making->root), value);
    }
    json_array_append_new(making->array, json_pack("{s:s, s:s, s:I}", "href", nl_buf_text(&href),
                                                   "name", value, "count", (json_int_t)count));
    nl_buf_free(&href);
    return NL_OK;
}

/* The navigation that each page of lists has. */
static enum nl_status add_facets(struct making *making, json_t *data, struct nl_error *err) {
    const struct nl_archive *archive = making->archive;
    json_t *facets = json_array();
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i <= KINDS; i++) {
        making->kind = i > 0 ? &kinds[i - 1] : NULL;
        making->array = json_array();
        status =
            nl_archive_facets(archive->store, archive->list->id,
                              i > 0 ? kinds[i - 1].facet : NL_FACET_YEAR, add_value, making, err);
        const char *title = i > 0 ? kinds[i - 1].title : NL_TEXT("Year");
        if (json_array_size(making->array) > 0)
            json_array_append_new(facets,
                                  json_pack("{s:s, s:O}", "title",
                                            nl_catalog_text(archive->theme->catalog, NULL, title),
                                            "values", making->array));
        json_decref(making->array);
    }
    json_object_set_new(data, "facets", facets);
    return status;
}

json_t *nl_making_page(const struct making *making, const char *heading) {
    const struct nl_archive *archive = making->archive;
    json_t *data = nl_data_new(archive->list, nl_catalog_language(archive->theme->catalog));
    struct nl_buf stylesheet = {0};
    if (archive->stylesheet != NULL)
        nl_buf_adds(&stylesheet, archive->stylesheet);
    else
        nl_buf_addf(&stylesheet, "%s../style.css", nl_buf_text(&making->root));
    nl_data_set(data, "stylesheet", nl_buf_text(&stylesheet));
    nl_data_set(data, "root", making->root.len > 0 ? nl_buf_text(&making->root) : "./");
    nl_data_set(data, "heading", heading);
    nl_data_set(data, "join", archive->join);
    nl_data_set(data, "words", "");
    json_object_set_new(data, "feed", json_boolean(archive->url[0] != '\0'));
    json_object_set_new(data, "searchable", json_boolean(archive->searchable));
    nl_buf_free(&stylesheet);
    return data;
}

enum nl_status nl_making_render(const struct making *making, const char *file, json_t *data,
                                struct nl_archive_page *out, struct nl_error *err) {
    out->found = true;
    out->type = html_type;
    return nl_theme_render(making->archive->theme, file, data, &out->body, err);
}

/* A page that lists issues. Without any it is not there, but for the archive's first page and a
 * search. */
static enum nl_status make_list(struct making *making, const struct nl_filter *filter,
                                const char *heading, bool always, const char *words,
                                struct nl_archive_page *out, struct nl_error *err) {
    const struct nl_archive *archive = making->archive;
    json_t *entries = json_array();
    making->array = entries;
    enum nl_status status =
        nl_archive_each(archive->store, archive->list->id, filter, add_entry, making, err);
    if (status == NL_OK && (always || json_array_size(entries) > 0)) {
        json_t *data = nl_making_page(making, heading);
        json_object_set(data, "entries", entries);
        nl_data_set(data, "words", words);
        json_object_set_new(data, "nothing", json_boolean(json_array_size(entries) == 0));
        status = add_facets(making, data, err);
        if (status == NL_OK)
            status = nl_making_render(making, "archive.html", data, out, err);
        json_decref(data);
    }
    json_decref(entries);
    return status;
}

/* ---- events, feed ---- */

static enum nl_status make_events(struct making *making, struct nl_archive_page *out,
                                  struct nl_error *err) {
    struct nl_events events = {0};
    const struct nl_theme *theme = making->archive->theme;
    enum nl_status status = nl_archive_upcoming(making->archive, &events, err);
    if (status == NL_OK) {
        json_t *data = nl_making_page(
            making, nl_catalog_text(theme->catalog, NULL, NL_TEXT("Upcoming events")));
        json_object_set_new(data, "calendar", nl_events_data(&events, theme));
        status = nl_making_render(making, "events.html", data, out, err);
        json_decref(data);
    }
    nl_events_free(&events);
    return status;
}

static void add_time(json_t *data, const char *name, int64_t time) {
    char text[32] = "";
    struct tm tm = {0};
    time_t seconds = (time_t)time;
    if (gmtime_r(&seconds, &tm) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm); /* RFC 3339 */
    nl_data_set(data, name, text);
}

static enum nl_status add_to_feed(const struct nl_entry *entry, void *ctx, struct nl_error *err) {
    struct making *making = ctx;
    struct nl_archived text = {0};
    struct nl_buf body = {0};
    struct nl_buf base = {0};
    bool found = false;
    enum nl_status status =
        nl_archive_text(making->archive->store, entry->id, NULL, &found, &text, err);
    nl_buf_addf(&base, "%sissue/%s/", nl_buf_text(&making->root), entry->slug);
    if (status == NL_OK)
        status = nl_making_body(&text, nl_buf_text(&base), &body, err);
    nl_buf_free(&base);
    if (status == NL_OK) {
        json_t *data = nl_making_entry(making, entry);
        add_time(data, "updated", entry->sent_at);
        nl_data_set(data, "body", nl_buf_text(&body));
        nl_data_set(data, "language", entry->language);
        json_array_append_new(making->array, data);
        if (entry->sent_at > making->newest)
            making->newest = entry->sent_at;
    }
    nl_buf_free(&body);
    nl_archived_free(&text);
    return status;
}

/* RFC 4287. */
static enum nl_status make_feed(struct making *making, struct nl_archive_page *out,
                                struct nl_error *err) {
    const struct nl_archive *archive = making->archive;
    const struct nl_filter filter = {.limit = FEED_ENTRIES};
    if (archive->url[0] == '\0')
        return NL_OK;
    nl_buf_adds(&making->root, archive->url);
    making->array = json_array();
    enum nl_status status =
        nl_archive_each(archive->store, archive->list->id, &filter, add_to_feed, making, err);
    json_t *data = nl_making_page(making, "");
    json_object_set(data, "entries", making->array);
    nl_data_set(data, "url", archive->url);
    nl_data_set(data, "uuid", archive->list->uuid);
    add_time(data, "updated", making->newest);
    if (status == NL_OK)
        status = nl_making_render(making, "feed.xml", data, out, err);
    out->type = "application/atom+xml; charset=utf-8";
    json_decref(making->array);
    json_decref(data);
    return status;
}

/* ---- paths ---- */

static enum nl_status compare_key(const char *value, int64_t count, void *ctx,
                                  struct nl_error *err) {
    struct making *making = ctx;
    struct nl_buf key = {0};
    (void)count;
    nl_archive_key(value, &key);
    if (making->value == NULL && strcmp(nl_buf_text(&key), making->wanted) == 0)
        making->value = strdup(value);
    nl_buf_free(&key);
    (void)err;
    return NL_OK;
}

static enum nl_status make_kind(struct making *making, const struct kind *kind, const char *key,
                                struct nl_archive_page *out, struct nl_error *err) {
    const struct nl_archive *archive = making->archive;
    making->wanted = key;
    enum nl_status status =
        nl_archive_facets(archive->store, archive->list->id, kind->facet, compare_key, making, err);
    if (status != NL_OK || making->value == NULL)
        return status;
    const struct nl_filter filter = {
        .category = kind->facet == NL_FACET_CATEGORY ? making->value : NULL,
        .series = kind->facet == NL_FACET_SERIES ? making->value : NULL,
        .posted_by = kind->facet == NL_FACET_POSTED_BY ? making->value : NULL};
    return make_list(making, &filter, making->value, false, NULL, out, err);
}

static bool is_year(const char *text) {
    return strlen(text) == 4 && strspn(text, "0123456789") == 4;
}

static bool is_month(const char *text) {
    return strlen(text) == 2 && strspn(text, "0123456789") == 2 && strcmp(text, "01") >= 0 &&
           strcmp(text, "12") <= 0;
}

static enum nl_status make_date(struct making *making, const char *year, const char *month,
                                struct nl_archive_page *out, struct nl_error *err) {
    struct nl_buf date = {0};
    struct nl_buf heading = {0};
    nl_buf_adds(&date, year);
    if (month != NULL)
        nl_buf_addf(&date, "-%s", month);
    if (month != NULL)
        nl_date_month(making->archive->theme, (int)strtol(year, NULL, 10),
                      (int)strtol(month, NULL, 10), &heading);
    else
        nl_buf_adds(&heading, year);
    const struct nl_filter filter = {.date = nl_buf_text(&date)};
    enum nl_status status =
        make_list(making, &filter, nl_buf_text(&heading), false, NULL, out, err);
    nl_buf_free(&date);
    nl_buf_free(&heading);
    return status;
}

static enum nl_status make_search(struct making *making, const char *words,
                                  struct nl_archive_page *out, struct nl_error *err) {
    const struct nl_filter filter = {.words = words, .limit = MOST_FOUND};
    const char *heading = nl_catalog_text(making->archive->theme->catalog, NULL, NL_TEXT("Search"));
    return make_list(making, &filter, heading, true, words, out, err);
}

/* `parts` are the names between the slashes. */
static enum nl_status make_folder(struct making *making, char *const parts[3], size_t count,
                                  struct nl_archive_page *out, struct nl_error *err) {
    if (count == 1 && strcmp(parts[0], "events") == 0)
        return make_events(making, out, err);
    if (is_year(parts[0]) && (count == 1 || (count == 2 && is_month(parts[1]))))
        return make_date(making, parts[0], count == 2 ? parts[1] : NULL, out, err);
    if (strcmp(parts[0], "issue") == 0 && count >= 2)
        return nl_making_issue(making, parts[1], count == 3 ? parts[2] : NULL, out, err);
    for (size_t i = 0; count == 2 && i < KINDS; i++)
        if (strcmp(kinds[i].name, parts[0]) == 0)
            return make_kind(making, &kinds[i], parts[1], out, err);
    return NL_OK;
}

static enum nl_status make(struct making *making, char *path, const char *words,
                           struct nl_archive_page *out, struct nl_error *err) {
    char *parts[3] = {NULL};
    size_t count = 0;
    if (path[0] == '\0')
        return make_list(
            making, &(struct nl_filter){.limit = NEWEST},
            nl_catalog_text(making->archive->theme->catalog, NULL, NL_TEXT("Earlier issues")), true,
            NULL, out, err);
    if (strcmp(path, "feed.atom") == 0)
        return make_feed(making, out, err);
    if (strcmp(path, "search") == 0 && words != NULL)
        return make_search(making, words, out, err);
    if (strcmp(path, "events.ics") == 0) {
        out->found = true;
        out->type = "text/calendar; charset=utf-8";
        return nl_archive_ics(making->archive, &out->body, err);
    }
    while (*path != '\0') {
        char *slash = strchr(path, '/');
        if (slash == NULL && count > 0)
            return nl_making_picture(making, parts, count, path, out, err);
        if (slash == NULL || slash == path || count == 3)
            return NL_OK;
        *slash = '\0';
        parts[count++] = path;
        nl_buf_adds(&making->root, "../");
        path = slash + 1;
    }
    return make_folder(making, parts, count, out, err);
}

enum nl_status nl_archive_make(const struct nl_archive *archive, const char *path,
                               const char *words, struct nl_archive_page *out,
                               struct nl_error *err) {
    struct making making = {.archive = archive};
    *out = (struct nl_archive_page){0};
    char *copy = strdup(path);
    enum nl_status status =
        copy != NULL ? make(&making, copy, words, out, err) : nl_error_nomem(err);
    if (status == NL_OK && (out->body.failed || making.root.failed))
        status = nl_error_nomem(err);
    for (size_t i = 0; i < sizeof making.strings / sizeof making.strings[0]; i++)
        free(making.strings[i]);
    free(making.value);
    free(copy);
    nl_buf_free(&making.root);
    if (status != NL_OK)
        nl_buf_free(&out->body);
    return status;
}
