#include "archive/page_builder.h"

#include "newsletter/template/data.h"

#include <time.h>

enum { FEED_ENTRIES = 20 };

static void add_utc_time(json_t *data, const char *name, int64_t time) {
    char text[32] = "";
    struct tm tm = {0};
    time_t seconds = (time_t)time;
    if (gmtime_r(&seconds, &tm) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm); /* RFC 3339 */
    nl_data_set(data, name, text);
}

struct feed {
    struct nl_page_builder *builder;
    json_t *entries;
    int64_t newest; /* when the latest of them was sent */
};

static enum nl_status add_to_feed(const struct nl_entry *entry, void *ctx, struct nl_error *err) {
    struct feed *feed = ctx;
    struct nl_page_builder *builder = feed->builder;
    struct nl_archived text = {0};
    struct nl_buf body = {0};
    struct nl_buf base = {0};
    bool found = false;
    enum nl_status status =
        nl_archive_text(builder->archive->store, entry->id, NULL, &found, &text, err);
    nl_buf_addf(&base, "%sissue/%s/", nl_buf_text(&builder->root), entry->slug);
    if (status == NL_OK)
        status = nl_page_body(&text, nl_buf_text(&base), &body, err);
    nl_buf_free(&base);
    if (status == NL_OK) {
        json_t *data = nl_page_entry(builder, entry);
        add_utc_time(data, "updated", entry->sent_at);
        nl_data_set(data, "body", nl_buf_text(&body));
        nl_data_set(data, "language", entry->language);
        json_array_append_new(feed->entries, data);
        if (entry->sent_at > feed->newest)
            feed->newest = entry->sent_at;
    }
    nl_buf_free(&body);
    nl_archived_free(&text);
    return status;
}

enum nl_status nl_page_feed(struct nl_page_builder *builder, struct nl_archive_page *out,
                            struct nl_error *err) {
    const struct nl_archive *archive = builder->archive;
    const struct nl_filter filter = {.limit = FEED_ENTRIES};
    if (archive->url[0] == '\0')
        return NL_OK;
    nl_buf_adds(&builder->root, archive->url);
    struct feed feed = {.builder = builder, .entries = json_array()};
    enum nl_status status =
        nl_archive_each(archive->store, archive->list->id, &filter, add_to_feed, &feed, err);
    json_t *data = nl_page_data(builder, "");
    json_object_set(data, "entries", feed.entries);
    nl_data_set(data, "url", archive->url);
    nl_data_set(data, "uuid", archive->list->uuid);
    add_utc_time(data, "updated", feed.newest);
    if (status == NL_OK)
        status = nl_page_render(builder, "feed.xml", data, out, err);
    out->type = "application/atom+xml; charset=utf-8";
    json_decref(feed.entries);
    json_decref(data);
    return status;
}
