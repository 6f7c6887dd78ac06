/* Suppression: addresses that are never mailed, whatever a subscription, an import or a form says.
 */
#ifndef NEWSLETTER_STORE_SUPPRESSION_H
#define NEWSLETTER_STORE_SUPPRESSION_H

#include "newsletter/base/address.h"
#include "newsletter/db/handle.h"

/* Suppresses an address from now on, or from `since` if that is not 0. An address that is
 * suppressed already keeps its reason and date; *added is then false. */
NL_CHECKED enum nl_status nl_suppression_add(struct nl_store *store,
                                             const struct nl_address *address, const char *reason,
                                             int64_t since, bool *added,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Lifts a suppression. NL_NOTFOUND when there is none. */
NL_CHECKED enum nl_status nl_suppression_remove(struct nl_store *store,
                                                const struct nl_address *address,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Whether an address is suppressed. */
NL_CHECKED enum nl_status nl_suppression_holds(struct nl_store *store,
                                               const struct nl_address *address, bool *holds,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` for suppressed addresses, in order: those after `after` (NULL: from the first), at
 * most `limit` (0: all). `address` is its normalised form. `each` must not write. */
NL_CHECKED enum nl_status
nl_suppression_each(struct nl_store *store, const char *after, int64_t limit,
                    enum nl_status (*each)(const char *address, const char *reason, int64_t since,
                                           void *ctx, struct nl_error *err),
                    void *ctx, struct nl_error *err) NL_NONNULL(1, 4, 6);

#endif
