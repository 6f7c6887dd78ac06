#include "archive/page_builder.h"

#include "newsletter/base/memory.h"
#include "newsletter/template/data.h"
#include "newsletter/template/dates.h"
#include "newsletter/template/language_menu.h"

#include <stdlib.h>
#include <string.h>

enum { CARDS = 7, OPENING = 420 };

/* A builder for each list, all of them for one page. */
struct fronts {
    struct nl_page_builder *items;
    struct nl_page_builder **each;
    size_t count;
};

static void open_builders(const struct nl_front *front, struct fronts *out) {
    out->items = nl_calloc(front->count + 1, sizeof *out->items);
    out->each = nl_calloc(front->count + 1, sizeof(struct nl_page_builder *));
    for (; out->count < front->count; out->count++) {
        struct nl_page_builder *builder = &out->items[out->count];
        builder->archive = &front->archives[out->count];
        nl_buf_addf(&builder->root, "%s%s/", front->prefix, builder->archive->list->name);
        out->each[out->count] = builder;
    }
}

static void close_builders(struct fronts *fronts) {
    for (size_t i = 0; i < fronts->count; i++)
        nl_buf_free(&fronts->items[i].root);
    free(fronts->items);
    free(fronts->each);
}

struct cards {
    const struct nl_page_builder *builder;
    bool several;
    json_t *array;
};

static enum nl_status add_card(const struct nl_entry *entry, void *ctx, struct nl_error *err) {
    const struct cards *cards = ctx;
    json_t *card = NULL;
    enum nl_status status = nl_page_card(cards->builder, entry, OPENING, NULL, &card, err);
    if (status != NL_OK)
        return status;
    nl_data_set(card, "list_title", cards->several ? cards->builder->archive->list->title : "");
    json_object_set_new(card, "sent_at", json_integer((json_int_t)entry->sent_at));
    json_array_append_new(cards->array, card);
    return NL_OK;
}

static enum nl_status newest_of(const struct nl_page_builder *builder, bool several, int64_t limit,
                                json_t *array, struct nl_error *err) {
    const struct nl_filter filter = {.limit = limit};
    struct cards cards = {builder, several, array};
    return nl_archive_each(builder->archive->store, builder->archive->list->id, &filter, add_card,
                           &cards, err);
}

static bool is_newer(const json_t *a, const json_t *b) {
    int order = strcmp(json_string_value(json_object_get(a, "iso_date")),
                       json_string_value(json_object_get(b, "iso_date")));
    return order > 0 || (order == 0 && json_integer_value(json_object_get(a, "sent_at")) >
                                           json_integer_value(json_object_get(b, "sent_at")));
}

/* Takes the newest card out of an array. The caller owns it; null if there is none. */
static json_t *take_newest(json_t *cards) {
    size_t best = 0;
    for (size_t i = 1; i < json_array_size(cards); i++)
        if (is_newer(json_array_get(cards, i), json_array_get(cards, best)))
            best = i;
    json_t *card = json_array_get(cards, best);
    json_incref(card);
    json_array_remove(cards, best);
    return card != NULL ? card : json_null();
}

static enum nl_status add_issues(const struct fronts *fronts, json_t *data, struct nl_error *err) {
    json_t *cards = json_array();
    json_t *earlier = json_array();
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < fronts->count; i++)
        status = newest_of(&fronts->items[i], fronts->count > 1, CARDS, cards, err);
    json_object_set_new(data, "latest", take_newest(cards));
    while (json_array_size(cards) > 0 && json_array_size(earlier) < CARDS - 1)
        json_array_append_new(earlier, take_newest(cards));
    json_object_set_new(data, "earlier_shown", json_boolean(json_array_size(earlier) > 0));
    json_object_set_new(data, "earlier", earlier);
    json_decref(cards);
    return status;
}

/* The data of a page about all lists. `root` is the archive of the first. The caller owns it. */
static json_t *front_data(const struct nl_front *front, const struct nl_archive *bare,
                          const char *root) {
    static const struct nl_list none = {0};
    const struct nl_list *only = front->count == 1 ? front->archives[0].list : &none;
    json_t *data = nl_data_new(only, nl_catalog_language(bare->theme->catalog));
    nl_look_add(bare->config, only->name, bare->home, root, data);
    nl_data_set(data, "home", bare->home);
    nl_data_set(data, "join", bare->join);
    nl_data_set(data, "heading", "");
    nl_data_set(data, "words", "");
    nl_data_set(data, "root", front->prefix[0] != '\0' ? front->prefix : "./");
    json_object_set_new(data, "feed", json_false());
    json_object_set_new(data, "closed", json_true());
    json_object_set_new(data, "searchable", json_false());
    json_object_set_new(data, "facets", json_array());
    if (bare->searchable)
        nl_language_menu_add(bare->config->templates, data);
    nl_data_page(data);
    return data;
}

static enum nl_status render(const struct nl_archive *bare, const char *file, json_t *data,
                             struct nl_archive_page *out, struct nl_error *err) {
    const struct nl_page_builder builder = {.archive = bare};
    return nl_page_render(&builder, file, data, out, err);
}

enum nl_status nl_front_make(const struct nl_front *front, const struct nl_archive *bare,
                             struct nl_archive_page *out, struct nl_error *err) {
    struct fronts fronts = {0};
    struct nl_buf all = {0};
    open_builders(front, &fronts);
    json_t *data =
        front_data(front, bare, fronts.count > 0 ? nl_buf_text(&fronts.items[0].root) : "");
    enum nl_status status = add_issues(&fronts, data, err);
    if (status == NL_OK && fronts.count > 0)
        status = nl_side_add(fronts.each, fronts.count, data, err);
    nl_buf_addf(&all, "%s", front->prefix);
    if (front->count == 1)
        nl_buf_addf(&all, "%s/", front->archives[0].list->name);
    nl_data_set(data, "archive", nl_buf_text(&all));
    nl_buf_adds(&all, "events/");
    nl_data_set(data, "events_page", front->count == 1 ? nl_buf_text(&all) : "");
    json_object_set_new(data, "front", json_true());
    if (status == NL_OK)
        status = render(bare, "front.html", data, out, err);
    json_decref(data);
    close_builders(&fronts);
    nl_buf_free(&all);
    return status;
}

static enum nl_status add_count(const char *year, int64_t count, void *ctx, struct nl_error *err) {
    int64_t *total = ctx;
    (void)year;
    (void)err;
    *total += count;
    return NL_OK;
}

static enum nl_status add_list(const struct nl_page_builder *builder, json_t *lists,
                               struct nl_error *err) {
    const struct nl_archive *archive = builder->archive;
    int64_t total = 0;
    json_t *item = json_object();
    json_t *cards = json_array();
    enum nl_status status =
        nl_archive_facets(archive->store, archive->list->id, NL_FACET_YEAR, add_count, &total, err);
    if (status == NL_OK)
        status = newest_of(builder, false, 1, cards, err);
    nl_data_set(item, "title", archive->list->title);
    nl_data_set(item, "name", archive->list->name);
    nl_data_set(item, "href", nl_buf_text(&builder->root));
    json_object_set_new(item, "count", json_integer((json_int_t)total));
    json_object_set_new(item, "latest", take_newest(cards));
    json_array_append_new(lists, item);
    json_decref(cards);
    return status;
}

enum nl_status nl_front_lists(const struct nl_front *front, const struct nl_archive *bare,
                              struct nl_archive_page *out, struct nl_error *err) {
    struct fronts fronts = {0};
    json_t *lists = json_array();
    enum nl_status status = NL_OK;
    open_builders(front, &fronts);
    json_t *data =
        front_data(front, bare, fronts.count > 0 ? nl_buf_text(&fronts.items[0].root) : "");
    for (size_t i = 0; status == NL_OK && i < fronts.count; i++)
        status = add_list(&fronts.items[i], lists, err);
    if (status == NL_OK && fronts.count > 0)
        status = nl_side_add(fronts.each, fronts.count, data, err);
    nl_data_set(data, "heading", nl_catalog_text(bare->theme->catalog, NULL, NL_TEXT("Archive")));
    json_object_set(data, "archives", lists);
    if (status == NL_OK)
        status = render(bare, "archives.html", data, out, err);
    json_decref(lists);
    json_decref(data);
    close_builders(&fronts);
    return status;
}

enum nl_status nl_front_statement(const struct nl_front *front, const struct nl_archive *bare,
                                  struct nl_archive_page *out, struct nl_error *err) {
    struct fronts fronts = {0};
    struct nl_identity identity = {0};
    struct nl_buf reviewed = {0};
    nl_identity_of(bare->config, NULL, nl_catalog_language(bare->theme->catalog), &identity);
    if (identity.reviewed == NULL)
        return NL_OK;
    open_builders(front, &fronts);
    json_t *data =
        front_data(front, bare, fronts.count > 0 ? nl_buf_text(&fronts.items[0].root) : "");
    nl_date_long(bare->theme, identity.reviewed, &reviewed);
    nl_data_set(data, "archive", front->prefix);
    nl_data_set(data, "heading",
                nl_catalog_text(bare->theme->catalog, NULL, NL_TEXT("Accessibility statement")));
    nl_data_set(data, "reviewed", nl_buf_text(&reviewed));
    nl_data_set(data, "limits", identity.limits);
    json_object_set_new(data, "several_languages",
                        json_boolean(json_array_size(front->languages) > 1));
    json_object_set_new(data, "languages",
                        front->languages != NULL ? json_incref(front->languages) : json_array());
    enum nl_status status =
        fronts.count > 0 ? nl_side_add(fronts.each, fronts.count, data, err) : NL_OK;
    if (status == NL_OK)
        status = render(bare, "accessibility.html", data, out, err);
    json_decref(data);
    close_builders(&fronts);
    nl_buf_free(&reviewed);
    return status;
}

enum nl_status nl_archive_latest(const struct nl_archive *archive, const char *root, json_t **out,
                                 struct nl_error *err) {
    struct nl_page_builder builder = {.archive = archive};
    json_t *cards = json_array();
    nl_buf_adds(&builder.root, root);
    enum nl_status status = newest_of(&builder, false, 1, cards, err);
    *out = take_newest(cards);
    json_decref(cards);
    nl_buf_free(&builder.root);
    return status;
}
