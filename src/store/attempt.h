/* The attempts of deliveries that were made at the recipients' own servers. */
#ifndef NL_STORE_ATTEMPT_H
#define NL_STORE_ATTEMPT_H

#include "newsletter/store/delivery.h"

/* Records the attempts of leased deliveries, before their leases end: those that have a hop. A part
 * of nl_delivery_record. */
NL_CHECKED enum nl_status nl_attempt_record(struct nl_store *store, int64_t issue,
                                            const struct nl_record *records, size_t count,
                                            const char *owner, struct nl_error *err) NL_ALL_NONNULL;

#endif
