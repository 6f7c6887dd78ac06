#include "archive/page_builder.h"

#include "newsletter/template/data.h"

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

static void add_feeds(const struct nl_page_builder *builder, bool several, json_t *feeds) {
    static const struct {
        const char *file, *name, *type;
    } kinds[] = {{"feed.atom", "Atom", "application/atom+xml"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct nl_buf href = {0};
        struct nl_buf name = {0};
        nl_buf_addf(&href, "%s%s", nl_buf_text(&builder->root), kinds[i].file);
        nl_buf_addf(&name, "%s%s%s", kinds[i].name, several ? " \u00b7 " : "",
                    several ? builder->archive->list->title : "");
        json_array_append_new(feeds, json_pack("{s:s, s:s, s:s}", "href", nl_buf_text(&href),
                                               "name", nl_buf_text(&name), "type", kinds[i].type));
        nl_buf_free(&href);
        nl_buf_free(&name);
    }
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
        if (builders[i]->archive->url[0] != '\0')
            add_feeds(builders[i], several, feeds);
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
    json_object_set(data, "feeds", feeds);
    json_object_set_new(side, "feeds", feeds);
    json_object_set_new(data, "side", side);
    nl_month_free(month);
    return status;
}
