/* Texts that an office uses again: snippets for issues, and templates to begin one with. */
#ifndef NEWSLETTER_STORE_BOILERPLATE_H
#define NEWSLETTER_STORE_BOILERPLATE_H

#include "newsletter/db/handle.h"
#include "newsletter/store/audit.h"

/* How many there may be, and the bytes of a name. */
enum { NL_BOILERPLATE_MOST = 500, NL_BOILERPLATE_NAME = 100 };

/* Borrowed for the time of a call. */
struct nl_boilerplate {
    int64_t id;            /* 0: a new one */
    const char *kind;      /* "snippet" or "template" */
    const char *name;      /* unique among those of its kind and language */
    const char *language;  /* "": any */
    int64_t list;          /* 0: for all lists */
    const char *list_name; /* NULL: for all lists; only read */
    const char *source;
    int64_t revision; /* to be changed: the one that is expected, 0 for any */
    int64_t updated_at;
    const char *updated_by; /* only read */
};

/* Calls `each` for all of them, or for the one with an id (0: all), by kind, name and language. */
NL_CHECKED enum nl_status nl_boilerplates_each(
    struct nl_store *store, int64_t id,
    enum nl_status (*each)(const struct nl_boilerplate *item, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 3, 5);

/* Adds or changes one; *id gets its number. NL_NOTFOUND; NL_EXISTS for a name that is taken, and
 * with *stale where somebody else has changed it since `revision`; NL_DATA for one too many. */
NL_CHECKED enum nl_status nl_boilerplate_put(struct nl_store *store,
                                             const struct nl_boilerplate *item,
                                             const struct nl_actor *by, int64_t *id, bool *stale,
                                             struct nl_error *err) NL_NONNULL(1, 2, 4, 5, 6);

/* NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_boilerplate_remove(struct nl_store *store, int64_t id,
                                                const struct nl_actor *by, struct nl_error *err)
    NL_NONNULL(1, 4);

#endif
