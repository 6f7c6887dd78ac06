/* Deleting data past its retention period. */
#ifndef NEWSLETTER_STORE_PRUNE_H
#define NEWSLETTER_STORE_PRUNE_H

#include "newsletter/db/handle.h"

/* For how many seconds each kind stays; 0 for ever. */
struct nl_retention {
    int64_t events;      /* the history */
    int64_t links;       /* used and expired ones, and sessions that are over */
    int64_t ips;         /* the source of the consent, once the subscription has ended */
    int64_t unconfirmed; /* sign-ups that nobody confirmed, after their last link has expired */
    int64_t reports;     /* figures from DMARC and TLS reports, by the day that they describe */
    int64_t messages;    /* transactional messages, after they were sent or given up */
    int64_t deliveries;  /* those of an issue, after it has ended; its figures stay */
    int64_t ended;       /* people whose subscriptions have all ended: they are erased */
};

/* How much was removed. */
struct nl_pruned {
    int64_t events, links, ips, people, unconfirmed, reports, messages, deliveries;
};

/* Deletes data past its retention period; with `dry_run` only counts. */
NL_CHECKED enum nl_status nl_store_prune(struct nl_store *store,
                                         const struct nl_retention *retention, bool dry_run,
                                         struct nl_pruned *out,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Whether the daily task `what` is due: it was not done within a day. It then counts as done now.
 */
NL_CHECKED enum nl_status nl_store_daily(struct nl_store *store, const char *what, bool *due,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* The same as nl_store_prune, once a day. */
NL_CHECKED enum nl_status nl_store_prune_daily(struct nl_store *store,
                                               const struct nl_retention *retention,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Repairs what it can: builds the indexes and the full-text index again, and takes up notices whose
 * lease has expired. */
NL_CHECKED enum nl_status nl_store_repair(struct nl_store *store,
                                          struct nl_error *err) NL_ALL_NONNULL;

#endif
