/* Attempts at recipients' own servers, counted by day, by mailbox provider and by address of ours.
 */
#ifndef NEWSLETTER_STORE_PROVIDER_DAY_H
#define NEWSLETTER_STORE_PROVIDER_DAY_H

#include "newsletter/store/delivery.h"

struct nl_provider_counts {
    int64_t attempts, sent, deferred, bounced; /* `bounced`: with other failures */
    int64_t throttled; /* replies that want less of us, or refuse our address */
};

/* Counts attempts that have a hop. A part of nl_delivery_record. */
NL_CHECKED enum nl_status nl_provider_count(struct nl_store *store, const struct nl_record *records,
                                            size_t count, struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` with the sums of each provider since a day ("2026-12-01"; "": of all days), the
 * largest first. */
NL_CHECKED enum nl_status nl_providers_each(
    struct nl_store *store, const char *since,
    enum nl_status (*each)(const char *provider, const struct nl_provider_counts *counts, void *ctx,
                           struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 3, 5);

/* Forgets days of long ago. */
NL_CHECKED enum nl_status nl_provider_days_forget(struct nl_store *store,
                                                  struct nl_error *err) NL_ALL_NONNULL;

#endif
