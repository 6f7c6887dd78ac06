/* Mailing lists. */
#ifndef NEWSLETTER_SERVICE_LISTS_H
#define NEWSLETTER_SERVICE_LISTS_H

#include "newsletter/service/office.h"
#include "newsletter/store/public_list.h"

#include <stdbool.h>

/* Settings of a list, to be changed: NULL leaves one, "" removes it. */
struct nl_list_settings {
    const char *title;
    const char *from;    /* "Name <address>" or an address */
    const char *list_id; /* RFC 2919 */
    const char *reply_to, *owner, *language, *archive_url, *subscribe_url, *postal_address;
    const bool *is_private; /* NULL leaves it */
};

/* A list as it is now. Zero-initialise; free with nl_list_facts_free. */
struct nl_list_facts {
    json_t *facts; /* name, title, list_id, from, ..., subscriptions by state */
    struct nl_revision revision;
};
void nl_list_facts_free(struct nl_list_facts *list);

/* Adds a list. NL_EXISTS, NL_DATA. */
NL_CHECKED enum nl_status nl_office_list_add(const struct nl_office *office, const char *name,
                                             const struct nl_list_settings *settings,
                                             struct nl_list_facts *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Changes settings, if the list still has the revision `expected` (NULL: in any case); else *stale.
 * NL_NOTFOUND, NL_DATA. */
NL_CHECKED enum nl_status nl_office_list_change(const struct nl_office *office, const char *name,
                                                const struct nl_list_settings *settings,
                                                const struct nl_revision *expected, bool *stale,
                                                struct nl_error *err) NL_NONNULL(1, 2, 3, 5, 6);

/* One list (NULL: the only one there is), or all of them as an array, by name. The caller frees
 * *out. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_list_read(const struct nl_office *office, const char *name,
                                              struct nl_list_facts *out, struct nl_error *err)
    NL_NONNULL(1, 3, 4);
NL_CHECKED enum nl_status nl_office_lists(const struct nl_office *office, json_t **out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* The lists that strangers may see: those with the given names, in this order, others are passed
 * over; without names the only one there is, and none if there are several. Or all of them, by
 * name. Free with nl_public_lists_free. */
NL_CHECKED enum nl_status nl_office_public_lists(const struct nl_office *office, char *const *names,
                                                 size_t count, struct nl_public_lists *out,
                                                 struct nl_error *err) NL_NONNULL(1, 4, 5);
NL_CHECKED enum nl_status nl_office_all_public_lists(const struct nl_office *office,
                                                     struct nl_public_lists *out,
                                                     struct nl_error *err) NL_ALL_NONNULL;

/* How many joined and left a list, by day, as an array that the caller frees. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_list_growth(const struct nl_office *office, const char *name,
                                                json_t **out, struct nl_error *err) NL_ALL_NONNULL;

/* All lists by name, as an array of objects with name and title: it counts nobody. The caller frees
 * *out. */
NL_CHECKED enum nl_status nl_office_list_names(const struct nl_office *office, json_t **out,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Everything that depends on a list, to be said before it is renamed or removed. */
struct nl_list_burden {
    int64_t active, pending, left; /* subscriptions */
    int64_t issues;
    int64_t drafts; /* that were not sent */
    int64_t people; /* who are on no other list */
    json_t *facts;  /* of the list; the caller frees it */
};
NL_CHECKED enum nl_status nl_office_list_burden(const struct nl_office *office, const char *name,
                                                struct nl_list_burden *out,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* NL_NOTFOUND; NL_EXISTS for a name that is taken. The List-Id stays. */
NL_CHECKED enum nl_status nl_office_list_rename(const struct nl_office *office, const char *name,
                                                const char *other,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Removes a list with its issues and subscriptions, and people who are on no other list. NL_BUSY
 * while an issue of it is scheduled, being sent or paused. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_list_remove(const struct nl_office *office, const char *name,
                                                struct nl_error *err) NL_ALL_NONNULL;

#endif
