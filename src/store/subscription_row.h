/* Subscriptions that leave no trace. */
#ifndef NL_STORE_SUBSCRIPTION_ROW_H
#define NL_STORE_SUBSCRIPTION_ROW_H

#include "newsletter/db/handle.h"

#include <stdbool.h>

/* Deletes a subscription that has got no issue, with its notices and links, within a transaction of
 * the caller's; `person`: and the person, if it was their last one. */
NL_CHECKED enum nl_status nl_subscription_delete(struct nl_store *store, int64_t subscription,
                                                 bool person, struct nl_error *err) NL_ALL_NONNULL;

#endif
