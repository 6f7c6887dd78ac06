#include "archive/page_builder.h"

#include "newsletter/template/data.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FEED_ENTRIES = 20 };

bool nl_feed_parse(const char *name, enum nl_feed *kind, char language[NL_LANGUAGE_TAG]) {
    static const char start[] = "feed.";
    const char *end = strrchr(name, '.');
    language[0] = '\0';
    *kind = NL_FEED_PODCAST;
    if (strcmp(name, "podcast.xml") == 0)
        return true;
    if (strncmp(name, start, sizeof start - 1) != 0)
        return false;
    *kind = strcmp(end, ".json") == 0 ? NL_FEED_JSON : NL_FEED_ATOM;
    if (*kind == NL_FEED_ATOM && strcmp(end, ".atom") != 0)
        return false;
    name += sizeof start - 1;
    if (end < name) /* no language between the two points */
        return true;
    size_t len = (size_t)(end - name);
    if (len == 0 || len >= NL_LANGUAGE_TAG)
        return false;
    memcpy(language, name, len);
    language[len] = '\0';
    return nl_language_is_tag(language);
}

struct feed {
    struct nl_page_builder *builder;
    const char *language;
    json_t *entries;
    int64_t newest; /* when the latest of them was sent */
};

static enum nl_status add_to_feed(const struct nl_entry *entry, void *ctx, struct nl_error *err) {
    struct feed *feed = ctx;
    json_t *data = NULL;
    enum nl_status status = nl_feed_entry(feed->builder, entry, feed->language, &data, err);
    if (data != NULL)
        json_array_append_new(feed->entries, data);
    if (entry->sent_at > feed->newest)
        feed->newest = entry->sent_at;
    return status;
}

struct search {
    const char *language;
    bool found;
};

static enum nl_status compare(const char *language, void *ctx, struct nl_error *err) {
    struct search *search = ctx;
    (void)err;
    search->found = search->found || strcmp(language, search->language) == 0;
    return NL_OK;
}

/* ---- JSON Feed (jsonfeed.org) ---- */

static void add_attachments(const json_t *from, json_t *to) {
    for (size_t i = 0; i < json_array_size(from); i++) {
        const json_t *file = json_array_get(from, i);
        json_t *item =
            json_pack("{s:O, s:O, s:O}", "url", json_object_get(file, "src"), "mime_type",
                      json_object_get(file, "type"), "title", json_object_get(file, "title"));
        if (json_integer_value(json_object_get(file, "size")) > 0)
            json_object_set(item, "size_in_bytes", json_object_get(file, "size"));
        if (json_integer_value(json_object_get(file, "seconds")) > 0)
            json_object_set(item, "duration_in_seconds", json_object_get(file, "seconds"));
        json_array_append_new(to, item);
    }
}

static json_t *json_item(const json_t *entry) {
    json_t *files = json_array();
    struct nl_buf title = {0};
    const char *number = json_string_value(json_object_get(entry, "number"));
    nl_buf_addf(&title, "%s%s%s", number, number[0] != '\0' ? ": " : "",
                json_string_value(json_object_get(entry, "title")));
    add_attachments(json_object_get(entry, "recordings"), files);
    add_attachments(json_object_get(entry, "files"), files);
    json_t *item = json_pack(
        "{s:O, s:O, s:s, s:O, s:O, s:O, s:[{s:O}], s:o}", "id", json_object_get(entry, "href"),
        "url", json_object_get(entry, "href"), "title", nl_buf_text(&title), "content_html",
        json_object_get(entry, "body"), "date_published", json_object_get(entry, "published"),
        "date_modified", json_object_get(entry, "updated"), "authors", "name",
        json_object_get(entry, "author"), "attachments", files);
    const char *language = json_string_value(json_object_get(entry, "language"));
    const char *summary = json_string_value(json_object_get(entry, "summary"));
    if (language[0] != '\0')
        json_object_set_new(item, "language", json_string(language));
    if (summary[0] != '\0') /* an issue may be a picture alone */
        json_object_set_new(item, "summary", json_string(summary));
    nl_buf_free(&title);
    return item;
}

static enum nl_status write_json(const struct feed *feed, const char *self, const char *hub,
                                 struct nl_archive_page *out, struct nl_error *err) {
    const struct nl_archive *archive = feed->builder->archive;
    json_t *items = json_array();
    for (size_t i = 0; i < json_array_size(feed->entries); i++)
        json_array_append_new(items, json_item(json_array_get(feed->entries, i)));
    json_t *data = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o}", "version", "https://jsonfeed.org/version/1.1", "title",
        archive->list->title, "home_page_url", archive->url, "feed_url", self, "language",
        feed->language != NULL ? feed->language : archive->list->language, "items", items);
    if (hub[0] != '\0')
        json_object_set_new(data, "hubs", json_pack("[{s:s, s:s}]", "type", "WebSub", "url", hub));
    char *text = json_dumps(data, JSON_INDENT(1));
    nl_buf_adds(&out->body, text != NULL ? text : "");
    nl_buf_addc(&out->body, '\n');
    bool failed = text == NULL;
    free(text);
    json_decref(data);
    out->found = true;
    return failed ? nl_error_nomem(err) : NL_OK;
}

/* ---- XML ---- */

static void add_updated(int64_t at, json_t *data) {
    char text[32] = "";
    struct tm tm = {0};
    time_t seconds = (time_t)at;
    if (gmtime_r(&seconds, &tm) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    nl_data_set(data, "updated", text);
}

static enum nl_status write_xml(const struct feed *feed, const char *file, const char *self,
                                const char *hub, struct nl_archive_page *out,
                                struct nl_error *err) {
    const struct nl_archive *archive = feed->builder->archive;
    json_t *data = nl_page_data(feed->builder, "");
    json_object_set(data, "entries", feed->entries);
    nl_data_set(data, "url", archive->url);
    nl_data_set(data, "uuid", archive->list->uuid);
    nl_data_set(data, "self", self);
    nl_data_set(data, "hub", hub);
    nl_data_set(data, "feed_language",
                feed->language != NULL ? feed->language : archive->list->language);
    nl_data_set(data, "id_language", feed->language);
    add_updated(feed->newest, data);
    nl_data_set(data, "cover", nl_preview_possible ? NL_COVER_NAME : "");
    enum nl_status status = nl_page_render(feed->builder, file, data, out, err);
    json_decref(data);
    return status;
}

static enum nl_status write_feed(const struct feed *feed, enum nl_feed kind,
                                 struct nl_archive_page *out, struct nl_error *err) {
    static const char *const types[] = {[NL_FEED_ATOM] = "application/atom+xml; charset=utf-8",
                                        [NL_FEED_JSON] = "application/feed+json; charset=utf-8",
                                        [NL_FEED_PODCAST] = "application/rss+xml; charset=utf-8"};
    const struct nl_archive *archive = feed->builder->archive;
    const char *hub = archive->config->serve.websub;
    struct nl_buf self = {0};
    enum nl_status status = NL_OK;
    if (kind == NL_FEED_PODCAST)
        nl_buf_addf(&self, "%spodcast.xml", archive->url);
    else
        nl_buf_addf(&self, "%sfeed%s%s.%s", archive->url, feed->language != NULL ? "." : "",
                    feed->language != NULL ? feed->language : "",
                    kind == NL_FEED_ATOM ? "atom" : "json");
    hub = hub != NULL ? hub : "";
    if (kind == NL_FEED_JSON)
        status = write_json(feed, nl_buf_text(&self), hub, out, err);
    else
        status = write_xml(feed, kind == NL_FEED_ATOM ? "feed.xml" : "podcast.xml",
                           nl_buf_text(&self), hub, out, err);
    out->type = types[kind];
    nl_buf_free(&self);
    return status;
}

enum nl_status nl_page_feed(struct nl_page_builder *builder, enum nl_feed kind,
                            const char *language, struct nl_archive_page *out,
                            struct nl_error *err) {
    const struct nl_archive *archive = builder->archive;
    const struct nl_filter filter = {.limit = FEED_ENTRIES};
    struct search search = {language, language == NULL};
    enum nl_status status = NL_OK;
    if (archive->url[0] == '\0')
        return NL_OK;
    if (language != NULL)
        status = nl_archive_all_languages(archive->store, archive->list->id, compare, &search, err);
    if (status != NL_OK || !search.found)
        return status;
    nl_buf_adds(&builder->root, archive->url);
    struct feed feed = {.builder = builder, .language = language, .entries = json_array()};
    status = nl_archive_each(archive->store, archive->list->id, &filter, add_to_feed, &feed, err);
    if (status == NL_OK)
        status = write_feed(&feed, kind, out, err);
    json_decref(feed.entries);
    return status;
}
