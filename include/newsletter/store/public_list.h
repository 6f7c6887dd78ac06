/* The lists that strangers may join through the website or a form. Strangers learn of no other
 * list. */
#ifndef NEWSLETTER_STORE_PUBLIC_LIST_H
#define NEWSLETTER_STORE_PUBLIC_LIST_H

#include "newsletter/store/list.h"

/* Zero-initialise it; free with nl_public_lists_free. */
struct nl_public_lists {
    struct nl_list *items;
    size_t count;
};

/* Finds the public lists with the given names, in the order of the names; other names are passed
 * over, and a name given twice counts once. Without names (NULL and 0), the only public list there
 * is: none if there are several, whatever private ones there are besides. */
NL_CHECKED enum nl_status nl_public_lists_find(struct nl_store *store, char *const *names,
                                               size_t count, struct nl_public_lists *out,
                                               struct nl_error *err) NL_NONNULL(1, 4, 5);

/* All public lists, by name. */
NL_CHECKED enum nl_status nl_public_lists_all(struct nl_store *store, struct nl_public_lists *out,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* An error that says which public lists there are, for a caller that found none: NL_USAGE if none
 * was named, else NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_public_lists_missing(struct nl_store *store, const char *name,
                                                  struct nl_error *err) NL_NONNULL(1, 3);

void nl_public_lists_free(struct nl_public_lists *lists);

#endif
