/* Deliveries of issues that ended long ago: they are removed, and the figures of these issues stay.
 */
#ifndef NEWSLETTER_STORE_REMOVAL_H
#define NEWSLETTER_STORE_REMOVAL_H

#include "newsletter/db/handle.h"

/* When the deliveries of an issue were removed; 0: they are there. */
NL_CHECKED enum nl_status nl_removal_find(struct nl_store *store, int64_t issue, int64_t *at,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* NL_EXISTS where they were removed: it is no longer known who received the issue. */
NL_CHECKED enum nl_status nl_removal_check(struct nl_store *store, int64_t issue,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Removes the deliveries of issues that ended before `before`, in short steps; with `dry_run` only
 * counts them. Issues that are not over, also those with deliveries that are unknown, stay whole.
 */
NL_CHECKED enum nl_status nl_removal_run(struct nl_store *store, int64_t before, bool dry_run,
                                         int64_t *count, struct nl_error *err) NL_ALL_NONNULL;

#endif
