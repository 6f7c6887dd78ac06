#include "newsletter/archive/archive.h"
#include "newsletter/base/memory.h"

#include "archive/page_builder.h"

#include <stdlib.h>
#include <string.h>

/* Paths are collected first, since making a page queries the store again. */
struct paths {
    char **items;
    size_t count;
    const char *prefix; /* of a facet's values: "category/" */
    bool months;
};

static void add_path(struct paths *paths, struct nl_buf *path) {
    paths->items = nl_realloc(paths->items, (paths->count + 1) * sizeof *paths->items);
    paths->items[paths->count++] = nl_buf_take(path);
}

static void add_fixed_path(struct paths *paths, const char *path) {
    struct nl_buf copy = {0};
    nl_buf_adds(&copy, path);
    if (copy.len > 0)
        add_path(paths, &copy);
}

static enum nl_status add_facet_path(const char *value, int64_t count, void *ctx,
                                     struct nl_error *err) {
    struct paths *paths = ctx;
    struct nl_buf path = {0};
    (void)count;
    (void)err;
    nl_buf_adds(&path, paths->prefix);
    if (paths->months)
        nl_buf_addf(&path, "%.4s/%.2s", value, value + 5);
    else
        nl_archive_key(value, &path);
    nl_buf_addc(&path, '/');
    add_path(paths, &path);
    return NL_OK;
}

static enum nl_status add_issue_path(const struct nl_entry *entry, void *ctx,
                                     struct nl_error *err) {
    struct nl_buf path = {0};
    (void)err;
    nl_buf_addf(&path, "issue/%s/", entry->slug);
    add_path(ctx, &path);
    return NL_OK;
}

struct editions {
    const struct nl_archive *archive;
    struct paths *paths;
    int64_t id;
    const char *slug;
};

/* The files of an issue in one language, in the folder of its page. */
static enum nl_status add_files(const struct editions *editions, const char *language,
                                struct nl_error *err) {
    struct nl_edition_view view = {0};
    struct nl_buf names = {0};
    bool found = false;
    const struct nl_entry entry = {.id = editions->id, .slug = editions->slug};
    enum nl_status status =
        nl_edition_open(editions->archive, &entry, language, &found, &view, err);
    if (status == NL_OK && found)
        status = nl_issue_file_list(editions->archive, &view, &names, err);
    for (size_t at = 0; status == NL_OK && at < names.len; at += strlen(names.data + at) + 1) {
        struct nl_buf path = {0};
        nl_buf_addf(&path, "issue/%s/%s%s%s", editions->slug, language != NULL ? language : "",
                    language != NULL ? "/" : "", names.data + at);
        add_path(editions->paths, &path);
    }
    nl_edition_free(&view);
    nl_buf_free(&names);
    return status;
}

static enum nl_status add_edition_paths(const char *language, void *ctx, struct nl_error *err) {
    struct editions *editions = ctx;
    struct nl_buf path = {0};
    nl_buf_addf(&path, "issue/%s/%s/", editions->slug, language);
    add_path(editions->paths, &path);
    return add_files(editions, language, err);
}

static enum nl_status add_issue_id(const struct nl_entry *entry, void *ctx, struct nl_error *err) {
    (void)err;
    struct nl_buf *ids = ctx; /* id and slug of each, for after the walk */
    nl_buf_add(ids, &entry->id, sizeof entry->id);
    nl_buf_add(ids, entry->slug, strlen(entry->slug) + 1);
    return NL_OK;
}

static enum nl_status add_editions(const struct nl_archive *archive, struct paths *paths,
                                   struct nl_error *err) {
    const struct nl_filter all = {.unlisted = true};
    struct nl_buf ids = {0};
    enum nl_status status =
        nl_archive_each(archive->store, archive->list->id, &all, add_issue_id, &ids, err);
    for (size_t at = 0; status == NL_OK && at < ids.len;) {
        int64_t id = 0;
        memcpy(&id, ids.data + at, sizeof id);
        struct editions editions = {archive, paths, id, ids.data + at + sizeof id};
        status = add_files(&editions, NULL, err);
        if (status == NL_OK)
            status = nl_archive_languages(archive->store, id, add_edition_paths, &editions, err);
        at += sizeof id + strlen(editions.slug) + 1;
    }
    nl_buf_free(&ids);
    return status;
}

static enum nl_status add_language_feeds(const char *language, void *ctx, struct nl_error *err) {
    static const char *const endings[] = {"atom", "json"};
    (void)err;
    for (size_t i = 0; i < 2; i++) {
        struct nl_buf path = {0};
        nl_buf_addf(&path, "feed.%s.%s", language, endings[i]);
        add_path(ctx, &path);
    }
    return NL_OK;
}

static enum nl_status collect_paths(const struct nl_archive *archive, struct paths *paths,
                                    struct nl_error *err) {
    static const struct {
        enum nl_facet facet;
        const char *prefix;
    } facets[] = {{NL_FACET_YEAR, ""},
                  {NL_FACET_MONTH, ""},
                  {NL_FACET_CATEGORY, "category/"},
                  {NL_FACET_SERIES, "series/"},
                  {NL_FACET_POSTED_BY, "by/"}};
    static const char *const feeds[] = {"feed.atom", "feed.json", "podcast.xml", NL_COVER_NAME,
                                        NULL};
    const struct nl_filter all = {.unlisted = true};
    enum nl_status status = NL_OK;
    add_fixed_path(paths, "events/");
    add_fixed_path(paths, "events.ics");
    for (size_t i = 0; archive->url[0] != '\0' && feeds[i] != NULL; i++)
        add_fixed_path(paths, feeds[i]);
    if (archive->url[0] != '\0')
        status = nl_archive_all_languages(archive->store, archive->list->id, add_language_feeds,
                                          paths, err);
    for (size_t i = 0; status == NL_OK && i < sizeof facets / sizeof facets[0]; i++) {
        paths->prefix = facets[i].prefix;
        paths->months = facets[i].facet == NL_FACET_MONTH;
        status = nl_archive_facets(archive->store, archive->list->id, facets[i].facet,
                                   add_facet_path, paths, err);
    }
    if (status == NL_OK)
        status =
            nl_archive_each(archive->store, archive->list->id, &all, add_issue_path, paths, err);
    return status == NL_OK ? add_editions(archive, paths, err) : status;
}

enum nl_status nl_archive_paths(const struct nl_archive *archive,
                                enum nl_status (*each)(const char *path, void *ctx,
                                                       struct nl_error *err),
                                void *ctx, struct nl_error *err) {
    struct paths paths = {0};
    enum nl_status status = collect_paths(archive, &paths, err);
    if (status == NL_OK)
        status = each("", ctx, err);
    for (size_t i = 0; i < paths.count; i++) {
        if (status == NL_OK)
            status = each(paths.items[i], ctx, err);
        free(paths.items[i]);
    }
    free(paths.items);
    return status;
}
