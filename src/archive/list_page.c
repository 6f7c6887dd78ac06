#include "archive/page_builder.h"

#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"
#include "newsletter/template/data.h"
#include "newsletter/template/dates.h"

#include <stdlib.h>
#include <string.h>

enum { NEWEST = 50, MOST_FOUND = 100, OPENING = 220 };

/* The three ways in which the archive sorts issues, apart from the date. */
static const struct kind {
    const char *name; /* in paths and templates */
    enum nl_facet facet;
    const char *title;
} kinds[] = {{"category", NL_FACET_CATEGORY, NL_TEXT("Category")},
             {"series", NL_FACET_SERIES, NL_TEXT("Series")},
             {"by", NL_FACET_POSTED_BY, NL_TEXT("Posted by")}};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

struct listing {
    const struct nl_page_builder *builder;
    const char *words;
    json_t *array;
};

static enum nl_status add_list_entry(const struct nl_entry *entry, void *ctx,
                                     struct nl_error *err) {
    const struct listing *listing = ctx;
    json_t *card = NULL;
    enum nl_status status =
        nl_page_card(listing->builder, entry, OPENING, listing->words, &card, err);
    if (status == NL_OK)
        json_array_append_new(listing->array, card);
    return status;
}

/* A walk over the values that issues have of one kind. */
struct value_walk {
    const struct nl_page_builder *builder;
    const struct kind *kind;
    json_t *array;          /* gets an object for each value */
    const char *wanted_key; /* the key looked for */
    char *found;            /* the value that has this key */
};

static enum nl_status add_value_link(const char *value, int64_t count, void *ctx,
                                     struct nl_error *err) {
    const struct value_walk *walk = ctx;
    const struct nl_page_builder *builder = walk->builder;
    struct nl_buf href = {0};
    (void)err;
    nl_buf_addf(&href, "%s%s/", nl_buf_text(&builder->root), walk->kind->name);
    nl_archive_key(value, &href);
    nl_buf_addc(&href, '/');
    json_array_append_new(walk->array, json_pack("{s:s, s:s, s:I}", "href", nl_buf_text(&href),
                                                 "name", value, "count", (json_int_t)count));
    nl_buf_free(&href);
    return NL_OK;
}

/* Adds the navigation that each page of lists has: categories, series and authors, where there are
 * several to choose from. The years stand in the side bar. */
static enum nl_status add_navigation(const struct nl_page_builder *builder, json_t *data,
                                     struct nl_error *err) {
    const struct nl_archive *archive = builder->archive;
    json_t *facets = json_array();
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < KINDS; i++) {
        struct value_walk walk = {.builder = builder, .kind = &kinds[i], .array = json_array()};
        status = nl_archive_facets(archive->store, archive->list->id, kinds[i].facet,
                                   add_value_link, &walk, err);
        if (json_array_size(walk.array) > 1)
            json_array_append_new(
                facets, json_pack("{s:s, s:O}", "title",
                                  nl_catalog_text(archive->theme->catalog, NULL, kinds[i].title),
                                  "values", walk.array));
        json_decref(walk.array);
    }
    json_object_set_new(data, "facets", facets);
    return status;
}

/* How many there are. */
static void add_found(const char *words, size_t count, json_t *data) {
    bool found = words != NULL && words[0] != '\0' && count > 0;
    json_object_set_new(
        data, "found",
        found ? json_pack("{s:I, s:b}", "count", (json_int_t)count, "more", count >= MOST_FOUND)
              : json_null());
}

/* The menu of languages asks for the same words again. */
static void add_query(const char *words, json_t *data) {
    struct nl_buf query = {0};
    nl_buf_adds(&query, "q=");
    nl_text_encode_percent(&query, words);
    nl_buf_addc(&query, '&');
    nl_data_set(data, "menu_query", nl_buf_text(&query));
    nl_buf_free(&query);
}

/* Makes a page that lists issues. With no issue the page does not exist, unless `always`: the
 * archive's first page and a search are there all the same. */
static enum nl_status make_list_page(struct nl_page_builder *builder,
                                     const struct nl_filter *filter, const char *heading,
                                     bool always, const char *words, struct nl_archive_page *out,
                                     struct nl_error *err) {
    const struct nl_archive *archive = builder->archive;
    json_t *entries = json_array();
    struct listing listing = {builder, words, entries};
    enum nl_status status =
        nl_archive_each(archive->store, archive->list->id, filter, add_list_entry, &listing, err);
    if (status == NL_OK && (always || json_array_size(entries) > 0)) {
        json_t *data = nl_page_data(builder, heading);
        json_object_set(data, "entries", entries);
        nl_data_set(data, "words", words);
        add_found(words, json_array_size(entries), data);
        if (words != NULL)
            add_query(words, data);
        json_object_set_new(data, "search", json_boolean(words != NULL));
        json_object_set_new(data, "nothing", json_boolean(json_array_size(entries) == 0));
        status = add_navigation(builder, data, err);
        if (status == NL_OK)
            status = nl_side_add(&builder, 1, data, err);
        if (status == NL_OK)
            status = nl_page_render(builder, "archive.html", data, out, err);
        json_decref(data);
    }
    json_decref(entries);
    return status;
}

static enum nl_status compare_key(const char *value, int64_t count, void *ctx,
                                  struct nl_error *err) {
    struct value_walk *walk = ctx;
    struct nl_buf key = {0};
    (void)count;
    nl_archive_key(value, &key);
    if (walk->found == NULL && strcmp(nl_buf_text(&key), walk->wanted_key) == 0)
        walk->found = nl_strdup(value);
    nl_buf_free(&key);
    (void)err;
    return NL_OK;
}

static enum nl_status make_kind_page(struct nl_page_builder *builder, const struct kind *kind,
                                     const char *key, struct nl_archive_page *out,
                                     struct nl_error *err) {
    const struct nl_archive *archive = builder->archive;
    struct value_walk walk = {.wanted_key = key};
    enum nl_status status =
        nl_archive_facets(archive->store, archive->list->id, kind->facet, compare_key, &walk, err);
    if (status == NL_OK && walk.found != NULL) {
        const struct nl_filter filter = {
            .category = kind->facet == NL_FACET_CATEGORY ? walk.found : NULL,
            .series = kind->facet == NL_FACET_SERIES ? walk.found : NULL,
            .posted_by = kind->facet == NL_FACET_POSTED_BY ? walk.found : NULL};
        status = make_list_page(builder, &filter, walk.found, false, NULL, out, err);
    }
    free(walk.found);
    return status;
}

enum nl_status nl_page_kind(struct nl_page_builder *builder, const char *name, const char *key,
                            struct nl_archive_page *out, struct nl_error *err) {
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return make_kind_page(builder, &kinds[i], key, out, err);
    return NL_OK;
}

enum nl_status nl_page_date(struct nl_page_builder *builder, const char *year, const char *month,
                            struct nl_archive_page *out, struct nl_error *err) {
    struct nl_buf date = {0};
    struct nl_buf heading = {0};
    nl_buf_adds(&date, year);
    if (month != NULL)
        nl_buf_addf(&date, "-%s", month);
    if (month != NULL)
        nl_date_month(builder->archive->theme, (int)strtol(year, NULL, 10),
                      (int)strtol(month, NULL, 10), &heading);
    else
        nl_buf_adds(&heading, year);
    const struct nl_filter filter = {.date = nl_buf_text(&date)};
    enum nl_status status =
        make_list_page(builder, &filter, nl_buf_text(&heading), false, NULL, out, err);
    nl_buf_free(&date);
    nl_buf_free(&heading);
    return status;
}

enum nl_status nl_page_search(struct nl_page_builder *builder, const char *words,
                              struct nl_archive_page *out, struct nl_error *err) {
    const struct nl_filter filter = {.words = words, .limit = MOST_FOUND};
    const char *heading =
        nl_catalog_text(builder->archive->theme->catalog, NULL, NL_TEXT("Search"));
    return make_list_page(builder, &filter, heading, true, words, out, err);
}

enum nl_status nl_page_newest(struct nl_page_builder *builder, struct nl_archive_page *out,
                              struct nl_error *err) {
    const struct nl_filter filter = {.limit = NEWEST};
    const char *heading =
        nl_catalog_text(builder->archive->theme->catalog, NULL, NL_TEXT("All issues"));
    return make_list_page(builder, &filter, heading, true, NULL, out, err);
}
