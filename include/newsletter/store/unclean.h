/* Values with invisible characters that were stored before these were refused. Such an address
 * passes by the suppression of the one that it looks like, and its owner is mailed twice. */
#ifndef NEWSLETTER_STORE_UNCLEAN_H
#define NEWSLETTER_STORE_UNCLEAN_H

#include "newsletter/base/buf.h"
#include "newsletter/db/handle.h"

#include <stdbool.h>

/* Zero-initialise; free with nl_unclean_free. */
struct nl_unclean {
    int64_t addresses;    /* of subscribers */
    int64_t texts;        /* subscribers whose name or an attribute is meant */
    int64_t suppressions; /* suppressed addresses */
    int64_t merged;       /* repaired: people who were there twice */
    int64_t left;         /* repaired: those for which nothing could be done */
    struct nl_buf shown;  /* one of the addresses, with what cannot be seen in it */
};
void nl_unclean_free(struct nl_unclean *unclean);

/* Counts them; with `repair` the characters are removed. An address that is another subscriber's
 * without them becomes one with that: subscriptions move to it; where both had one on a list, that
 * of the clean address stays, unless its owner has left by the other one since. */
NL_CHECKED enum nl_status nl_unclean_examine(struct nl_store *store, bool repair,
                                             struct nl_unclean *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

#endif
