#ifndef NL_STORE_DELIVERY_SENT_H
#define NL_STORE_DELIVERY_SENT_H

#include "newsletter/store/delivery.h"

/* Records in a file which of an issue's messages were sent, and counts them. done[i] tells whether
 * this is all for records[i]: its message was sent, and `owner` held the lease. */
NL_CHECKED enum nl_status nl_delivery_record_sent(struct nl_store *store, int64_t issue,
                                                  const struct nl_record *records, size_t count,
                                                  const char *owner, bool *done,
                                                  struct nl_error *err) NL_ALL_NONNULL;

#endif
