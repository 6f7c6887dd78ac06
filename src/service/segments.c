#include "newsletter/service/segments.h"
#include "newsletter/base/memory.h"

#include "newsletter/store/list.h"
#include "newsletter/store/member.h"
#include "newsletter/store/saved_segment.h"
#include "newsletter/store/segment_check.h"
#include "newsletter/store/segment_index.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is meant ---- */

/* An attribute that a form asks for, or that decides when mail goes out, may be one that nobody has
 * told yet. */
static enum nl_status check_attributes(const struct nl_office *office,
                                       const struct nl_segment *segment, struct nl_error *err) {
    const struct nl_form_fields *forms = &office->config->forms;
    const char **known = nl_calloc(forms->count + 1, sizeof *known);
    for (size_t i = 0; i < forms->count; i++)
        known[i] = forms->items[i].attribute;
    known[forms->count] = "timezone";
    enum nl_status status = nl_segment_check(office->store, segment, known, forms->count + 1, err);
    free(known);
    return status;
}

static enum nl_status parse(const struct nl_office *office, const char *text,
                            struct nl_segment **out, struct nl_error *err) {
    return nl_segment_parse(text, nl_store_now(office->store), out, err);
}

/* By itself first: parentheses that do not match must not match around both. */
static enum nl_status try_alone(const struct nl_office *office, const char *where,
                                struct nl_error *err) {
    struct nl_segment *alone = NULL;
    enum nl_status status = parse(office, where, &alone, err);
    nl_segment_free(alone);
    return status;
}

enum nl_status nl_office_segment(const struct nl_office *office, const char *where,
                                 const char *name, struct nl_segment **out, char **text,
                                 struct nl_error *err) {
    char *saved = NULL;
    struct nl_buf both = {0};
    enum nl_status status = NL_OK;
    *out = NULL;
    if (where == NULL && name == NULL)
        return NL_OK;
    if (name != NULL)
        status = nl_saved_segment_get(office->store, name, &saved, err);
    if (saved != NULL && where != NULL)
        nl_buf_addf(&both, "(%s) and (%s)", saved, where);
    else if (status == NL_OK)
        nl_buf_adds(&both, saved != NULL ? saved : where);
    if (status == NL_OK && saved != NULL && where != NULL)
        status = try_alone(office, where, err);
    if (status == NL_OK)
        status = parse(office, nl_buf_text(&both), out, err);
    if (status == NL_OK)
        status = check_attributes(office, *out, err);
    if (status == NL_OK && text != NULL)
        *text = nl_strdup(nl_buf_text(&both));
    nl_buf_free(&both);
    free(saved);
    return status;
}

/* ---- those that are kept ---- */

enum nl_status nl_office_segment_put(const struct nl_office *office, const char *name,
                                     const char *expression, struct nl_error *err) {
    bool open = false;
    struct nl_segment *segment = NULL;
    enum nl_status status = nl_office_segment(office, expression, NULL, &segment, NULL, err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_saved_segment_put(office->store, name, expression, err);
    if (status == NL_OK)
        status = nl_office_note(office, "segment save", "segment", name, 0, err);
    status = nl_office_end(office, open, status, err);
    nl_segment_free(segment);
    return status == NL_OK ? nl_segment_indexes_renew(office->store, err) : status;
}

enum nl_status nl_office_segment_remove(const struct nl_office *office, const char *name,
                                        struct nl_error *err) {
    bool open = false;
    enum nl_status status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_saved_segment_remove(office->store, name, err);
    if (status == NL_OK)
        status = nl_office_note(office, "segment remove", "segment", name, 0, err);
    status = nl_office_end(office, open, status, err);
    return status == NL_OK ? nl_segment_indexes_renew(office->store, err) : status;
}

static json_t *facts_of(const char *name, const char *expression) {
    return json_pack("{s:s, s:s}", "name", name, "expression", expression);
}

enum nl_status nl_office_segment_read(const struct nl_office *office, const char *name,
                                      json_t **out, struct nl_error *err) {
    char *expression = NULL;
    *out = NULL;
    enum nl_status status = nl_saved_segment_get(office->store, name, &expression, err);
    if (status == NL_OK && (*out = facts_of(name, expression)) == NULL)
        status = nl_error_nomem(err);
    free(expression);
    return status;
}

static enum nl_status add_segment(const char *name, const char *expression, void *ctx,
                                  struct nl_error *err) {
    return json_array_append_new(ctx, facts_of(name, expression)) == 0 ? NL_OK
                                                                       : nl_error_nomem(err);
}

enum nl_status nl_office_segments(const struct nl_office *office, json_t **out,
                                  struct nl_error *err) {
    json_t *array = json_array();
    enum nl_status status = nl_saved_segments_each(office->store, add_segment, array, err);
    *out = status == NL_OK ? array : NULL;
    if (status != NL_OK)
        json_decref(array);
    return status;
}

/* ---- the people in one ---- */

struct counting {
    int64_t wanted;
    struct nl_segment_people *out;
};

static enum nl_status count_member(const struct nl_member *member, void *ctx,
                                   struct nl_error *err) {
    const struct counting *counting = ctx;
    if (counting->out->count++ < counting->wanted &&
        json_array_append_new(counting->out->sample, json_string(member->address)) != 0)
        return nl_error_nomem(err);
    return NL_OK;
}

enum nl_status nl_office_segment_people(const struct nl_office *office,
                                        const struct nl_segment_query *query,
                                        struct nl_segment_people *out, struct nl_error *err) {
    struct nl_member_filter filter = {.state = NL_SUBSCRIPTION_ACTIVE};
    struct counting counting = {query->sample, out};
    struct nl_segment *segment = NULL;
    struct nl_list list = {0};
    *out = (struct nl_segment_people){.sample = json_array()};
    enum nl_status status =
        query->list != NULL ? nl_list_find(office->store, query->list, &list, err) : NL_OK;
    if (status == NL_OK)
        status = nl_office_segment(office, query->where, query->name, &segment, NULL, err);
    filter.list = list.id;
    filter.segment = segment;
    if (status == NL_OK)
        status = nl_members_each(office->store, &filter, count_member, &counting, err);
    nl_segment_free(segment);
    nl_list_free(&list);
    if (status != NL_OK) {
        json_decref(out->sample);
        *out = (struct nl_segment_people){0};
    }
    return status;
}

/* Tables are copied, indexes of attributes are not: each engine has its own. */
enum nl_status nl_segments_index(const char *database, struct nl_error *err) {
    struct nl_store *store = NULL;
    enum nl_status status = nl_store_open(database, &nl_env_system, &store, err);
    if (status == NL_OK)
        status = nl_segment_indexes_renew(store, err);
    nl_store_close(store);
    return status;
}
