/* The history of what happened to whom, and the mails that an event causes. */
#ifndef NL_STORE_EVENT_H
#define NL_STORE_EVENT_H

#include "newsletter/db/sql.h"

/* Appends to the history. `detail` may be NULL; ids of 0 are stored as NULL. */
NL_CHECKED enum nl_status nl_event_add(struct nl_store *store, const char *kind, int64_t list,
                                       int64_t subscriber, int64_t issue, const char *detail,
                                       struct nl_error *err) NL_NONNULL(1, 2, 7);

/* Queues a notice to the holder of a subscription; *id is the delivery. */
NL_CHECKED enum nl_status nl_notice_add(struct nl_store *store, const char *kind,
                                        int64_t subscription, int64_t *id,
                                        struct nl_error *err) NL_ALL_NONNULL;

#endif
