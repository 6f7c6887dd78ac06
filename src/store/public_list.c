#include "newsletter/store/public_list.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

struct search {
    const char *name; /* NULL for any */
    size_t count;
    int64_t id;
    struct nl_buf names;
};

static enum nl_status consider(const struct nl_list *list, void *ctx, struct nl_error *err) {
    struct search *search = ctx;
    (void)err;
    if (list->is_private)
        return NL_OK;
    nl_buf_addf(&search->names, "%s%s", search->names.len > 0 ? ", " : "", list->name);
    if (search->name != NULL && strcmp(search->name, list->name) != 0)
        return NL_OK;
    search->count++;
    search->id = list->id;
    return NL_OK;
}

static bool is_there(const struct nl_public_lists *lists, int64_t id) {
    for (size_t i = 0; i < lists->count; i++)
        if (lists->items[i].id == id)
            return true;
    return false;
}

/* Adds the one public list with a name, or the only one with NULL. */
static enum nl_status add_list(struct nl_store *store, const char *name,
                               struct nl_public_lists *out, struct nl_error *err) {
    struct search search = {.name = name};
    enum nl_status status = nl_list_each(store, consider, &search, err);
    nl_buf_free(&search.names);
    if (status != NL_OK || search.count != 1 || is_there(out, search.id))
        return status;
    struct nl_list *grown = nl_realloc(out->items, (out->count + 1) * sizeof *out->items);
    out->items = grown;
    grown[out->count] = (struct nl_list){0};
    status = nl_list_get(store, search.id, &grown[out->count], err);
    out->count += status == NL_OK;
    return status;
}

enum nl_status nl_public_lists_find(struct nl_store *store, char *const *names, size_t count,
                                    struct nl_public_lists *out, struct nl_error *err) {
    enum nl_status status = count == 0 ? add_list(store, NULL, out, err) : NL_OK;
    for (size_t i = 0; status == NL_OK && i < count; i++)
        status = add_list(store, names[i], out, err);
    return status;
}

static enum nl_status note_public(const struct nl_list *list, void *ctx, struct nl_error *err) {
    struct nl_buf *ids = ctx;
    (void)err;
    if (!list->is_private)
        nl_buf_add(ids, &list->id, sizeof list->id);
    return NL_OK;
}

enum nl_status nl_public_lists_all(struct nl_store *store, struct nl_public_lists *out,
                                   struct nl_error *err) {
    struct nl_buf ids = {0};
    *out = (struct nl_public_lists){0};
    enum nl_status status = nl_list_each(store, note_public, &ids, err);
    size_t count = ids.len / sizeof(int64_t);
    out->items = nl_calloc(count + 1, sizeof *out->items);
    for (size_t i = 0; status == NL_OK && i < count; i++) {
        int64_t id = 0;
        memcpy(&id, ids.data + i * sizeof id, sizeof id);
        status = nl_list_get(store, id, &out->items[out->count], err);
        out->count += status == NL_OK;
    }
    nl_buf_free(&ids);
    if (status != NL_OK)
        nl_public_lists_free(out);
    return status;
}

enum nl_status nl_public_lists_missing(struct nl_store *store, const char *name,
                                       struct nl_error *err) {
    struct search search = {.name = name};
    enum nl_status status = nl_list_each(store, consider, &search, err);
    if (status == NL_OK && search.names.len == 0)
        status = nl_error_set(err, NL_NOTFOUND, "there is no public list to join");
    else if (status == NL_OK && name == NULL)
        status =
            nl_error_set(err, NL_USAGE, "which list? the form needs a field 'list', one of: %s",
                         nl_buf_text(&search.names));
    else if (status == NL_OK)
        status = nl_error_set(err, NL_NOTFOUND, "there is no public list '%s'; there are: %s", name,
                              nl_buf_text(&search.names));
    nl_buf_free(&search.names);
    return status;
}

void nl_public_lists_free(struct nl_public_lists *lists) {
    for (size_t i = 0; i < lists->count; i++)
        nl_list_free(&lists->items[i]);
    free(lists->items);
    *lists = (struct nl_public_lists){0};
}
