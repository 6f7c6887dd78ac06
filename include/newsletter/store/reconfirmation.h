/* Asking subscribers whether they still want our mails: for old lists, and for people who have been
 * on one for a long time. People who do not answer in time are unsubscribed. */
#ifndef NEWSLETTER_STORE_RECONFIRMATION_H
#define NEWSLETTER_STORE_RECONFIRMATION_H

#include "newsletter/base/segment.h"
#include "newsletter/db/handle.h"

/* The people to ask: 0 and NULL stand for all. */
struct nl_reconfirmation {
    int64_t list;
    const struct nl_segment *segment;
    int64_t before; /* only who confirmed before this time */
    int64_t limit;  /* at most this many, the longest subscribed first */
    int64_t by;     /* until when they may answer */
};

/* Queues the mail to each active subscription that is meant and is not being asked already; with
 * `dry_run` only counts. */
NL_CHECKED enum nl_status nl_reconfirmation_ask(struct nl_store *store,
                                                const struct nl_reconfirmation *reconfirmation,
                                                bool dry_run, int64_t *count,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Ends the subscriptions whose time to answer is over and whose mail went out. */
NL_CHECKED enum nl_status nl_reconfirmation_end(struct nl_store *store, int64_t *count,
                                                struct nl_error *err) NL_ALL_NONNULL;

#endif
