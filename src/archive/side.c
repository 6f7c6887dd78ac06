#include "archive/page_builder.h"

#include "newsletter/store/recording.h"
#include "newsletter/template/data.h"
#include "newsletter/template/language_name.h"

enum { YEARS = 12, LISTS_TO_CHOOSE = 8 };

struct years {
    const struct nl_page_builder *builder;
    json_t *array;
};

static enum nl_status add_year(const char *year, int64_t count, void *ctx, struct nl_error *err) {
    const struct years *years = ctx;
    struct nl_buf href = {0};
    (void)err;
    nl_buf_addf(&href, "%s%s/", nl_buf_text(&years->builder->root), year);
    if (json_array_size(years->array) < YEARS)
        json_array_append_new(years->array, json_pack("{s:s, s:s, s:I}", "href", nl_buf_text(&href),
                                                      "name", year, "count", (json_int_t)count));
    nl_buf_free(&href);
    return NL_OK;
}

static enum nl_status add_years(const struct nl_page_builder *builder, bool several,
                                json_t *archives, struct nl_error *err) {
    const struct nl_archive *archive = builder->archive;
    struct years years = {builder, json_array()};
    enum nl_status status =
        nl_archive_facets(archive->store, archive->list->id, NL_FACET_YEAR, add_year, &years, err);
    if (json_array_size(years.array) > 0) {
        json_t *item = json_object();
        nl_data_set(item, "title", several ? archive->list->title : "");
        nl_data_set(item, "href", nl_page_root(builder));
        json_object_set(item, "years", years.array);
        json_array_append_new(archives, item);
    }
    json_decref(years.array);
    return status;
}

struct feeds {
    const struct nl_page_builder *builder;
    bool several; /* lists */
    json_t *array;
};

static void add_feed(const struct feeds *feeds, const char *file, const char *name,
                     const char *type) {
    struct nl_buf href = {0};
    struct nl_buf text = {0};
    nl_buf_addf(&href, "%s%s", nl_buf_text(&feeds->builder->root), file);
    nl_buf_addf(&text, "%s%s%s", name, feeds->several ? " \u00b7 " : "",
                feeds->several ? feeds->builder->archive->list->title : "");
    json_array_append_new(feeds->array, json_pack("{s:s, s:s, s:s}", "href", nl_buf_text(&href),
                                                  "name", nl_buf_text(&text), "type", type));
    nl_buf_free(&href);
    nl_buf_free(&text);
}

static enum nl_status add_language_feed(const char *language, void *ctx, struct nl_error *err) {
    struct nl_buf file = {0};
    struct nl_buf name = {0};
    (void)err;
    nl_buf_addf(&file, "feed.%s.atom", language);
    nl_buf_adds(&name, "Atom \u00b7 ");
    nl_language_name(language, &name);
    add_feed(ctx, nl_buf_text(&file), nl_buf_text(&name), "application/atom+xml");
    nl_buf_free(&file);
    nl_buf_free(&name);
    return NL_OK;
}

static enum nl_status count_language(const char *language, void *ctx, struct nl_error *err) {
    (void)language;
    (void)err;
    ++*(size_t *)ctx;
    return NL_OK;
}

static enum nl_status add_feeds(const struct nl_page_builder *builder, bool several, json_t *array,
                                struct nl_error *err) {
    const struct nl_archive *archive = builder->archive;
    struct feeds feeds = {builder, several, array};
    size_t languages = 0;
    bool heard = false;
    add_feed(&feeds, "feed.atom", "Atom", "application/atom+xml");
    enum nl_status status = nl_archive_all_languages(archive->store, archive->list->id,
                                                     count_language, &languages, err);
    if (status == NL_OK && languages > 1)
        status = nl_archive_all_languages(archive->store, archive->list->id, add_language_feed,
                                          &feeds, err);
    add_feed(&feeds, "feed.json", "JSON Feed", "application/feed+json");
    if (status == NL_OK)
        status = nl_recordings_exist(archive->store, archive->list->id, &heard, err);
    if (heard)
        add_feed(&feeds, "podcast.xml", "Podcast", "application/rss+xml");
    return status;
}

/* The form to join, or the link to one. */
static json_t *join_data(struct nl_page_builder *const *builders, size_t count) {
    const struct nl_archive *first = builders[0]->archive;
    json_t *join = json_object();
    json_t *lists = json_array();
    bool form = first->action != NULL && count <= LISTS_TO_CHOOSE;
    for (size_t i = 0; i < count; i++)
        json_array_append_new(lists,
                              json_pack("{s:s, s:s}", "name", builders[i]->archive->list->name,
                                        "title", builders[i]->archive->list->title));
    nl_data_set(join, "action", form ? first->action : "");
    nl_data_set(join, "href", first->join);
    nl_data_set(join, "stamp", first->stamp);
    nl_data_set(join, "honeypot", "website");
    nl_data_set(join, "challenge", "");
    json_object_set_new(join, "several", json_boolean(count > 1));
    json_object_set_new(join, "lists", lists);
    if (form || (first->join != NULL && first->join[0] != '\0'))
        return join;
    json_decref(join);
    return json_null();
}

enum nl_status nl_side_add(struct nl_page_builder *const *builders, size_t count, json_t *data,
                           struct nl_error *err) {
    json_t *side = json_object();
    json_t *archives = json_array();
    json_t *feeds = json_array();
    json_t *calendars = json_array();
    bool several = count > 1;
    struct nl_month *month = nl_month_new(builders[0]->archive->theme);
    enum nl_status status = month != NULL ? NL_OK : nl_error_nomem(err);
    for (size_t i = 0; status == NL_OK && i < count; i++) {
        struct nl_buf ics = {0};
        status = nl_month_add(month, builders[i], err);
        if (status == NL_OK)
            status = add_years(builders[i], several, archives, err);
        if (status == NL_OK && builders[i]->archive->url[0] != '\0')
            status = add_feeds(builders[i], several, feeds, err);
        nl_buf_addf(&ics, "%sevents/", nl_buf_text(&builders[i]->root));
        json_array_append_new(calendars,
                              json_pack("{s:s, s:s}", "href", nl_buf_text(&ics), "title",
                                        several ? builders[i]->archive->list->title : ""));
        nl_buf_free(&ics);
    }
    json_object_set_new(side, "join", join_data(builders, count));
    json_object_set_new(side, "calendar", status == NL_OK ? nl_month_data(month) : json_null());
    json_object_set_new(side, "calendars", calendars);
    json_object_set_new(side, "archives", archives);
    json_t *listen = nl_listen_site(builders[0]->archive->config,
                                    json_string_value(json_object_get(data, "home")));
    json_object_set_new(side, "has_listen", json_boolean(json_array_size(listen) > 0));
    json_object_set_new(side, "listen", listen);
    json_object_set(data, "feeds", feeds);
    json_object_set_new(side, "has_feeds", json_boolean(json_array_size(feeds) > 0));
    json_object_set_new(side, "feeds", feeds);
    json_object_set_new(data, "side", side);
    nl_month_free(month);
    return status;
}
