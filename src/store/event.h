/* The history of what happened to whom, and the mails that an event causes. */
#ifndef NL_STORE_EVENT_H
#define NL_STORE_EVENT_H

#include "newsletter/db/sql.h"

/* Appends to the history, and to the ledger: after the change that it tells of, since the ledger
 * has the state that a subscription then is in. `detail` may be NULL; ids of 0 are stored as NULL.
 */
NL_CHECKED enum nl_status nl_event_add(struct nl_store *store, const char *kind, int64_t list,
                                       int64_t subscriber, int64_t issue, const char *detail,
                                       struct nl_error *err) NL_NONNULL(1, 2, 7);

/* Runs an INSERT into the history that ends with RETURNING id. */
NL_CHECKED enum nl_status nl_event_add_all(struct nl_store *store, const char *sql,
                                           const struct nl_value *values,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Finds the issue that somebody left because of: `linked`, whose link was used, if it has a
 * delivery to this subscription; else the last one that the person got. *issue is 0 if there is
 * none. */
NL_CHECKED enum nl_status nl_event_cause(struct nl_store *store, int64_t subscription,
                                         int64_t linked, int64_t *issue,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Queues a notice to the holder of a subscription; *id is the delivery. */
NL_CHECKED enum nl_status nl_notice_add(struct nl_store *store, const char *kind,
                                        int64_t subscription, int64_t *id,
                                        struct nl_error *err) NL_ALL_NONNULL;

#endif
