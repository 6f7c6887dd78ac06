/* How many sign-ups there may be, for all processes that share the database: the website and the
 * hook. */
#ifndef NEWSLETTER_STORE_SIGNUP_LIMIT_H
#define NEWSLETTER_STORE_SIGNUP_LIMIT_H

#include "newsletter/base/network.h"
#include "newsletter/db/handle.h"

/* Each in an hour. */
struct nl_signup_limit {
    int64_t per_network;
    int64_t in_total;
};

/* Takes one sign-up from `client` (NULL if its address is not known: only the total counts). Where
 * a limit is reached, *wait is the number of seconds until there is room, else 0. Networks are
 * stored as keyed digests. */
NL_CHECKED enum nl_status nl_signup_admit(struct nl_store *store,
                                          const struct nl_signup_limit *limit,
                                          const struct nl_ip *client, int64_t *wait,
                                          struct nl_error *err) NL_NONNULL(1, 2, 4, 5);

/* Marks the stamp of a form, which is good until `until`, as used. *first is false if it was used
 * before. */
NL_CHECKED enum nl_status nl_stamp_use(struct nl_store *store, const char *stamp, int64_t until,
                                       bool *first, struct nl_error *err) NL_ALL_NONNULL;

#endif
