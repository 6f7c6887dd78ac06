/* Rates that hold for all processes which share the database: GCRA (a leaky bucket), one row each.
 * To be called within the transaction that leases the messages. */
#ifndef NEWSLETTER_STORE_THROTTLE_H
#define NEWSLETTER_STORE_THROTTLE_H

#include "newsletter/db/handle.h"

/* How many events of a rate of `per_second` may happen now; a second's worth at most. */
NL_CHECKED enum nl_status nl_throttle_room(struct nl_store *store, const char *name,
                                           int64_t per_second, int64_t *room,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Reserves the time of `count` events; a negative count gives it back. */
NL_CHECKED enum nl_status nl_throttle_spend(struct nl_store *store, const char *name,
                                            int64_t per_second, int64_t count,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Reserves the time of one event and sets *at to it: now, or a later time. */
NL_CHECKED enum nl_status nl_throttle_reserve(struct nl_store *store, const char *name,
                                              int64_t per_second, int64_t *at,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Messages tried on a day ("2026-12-01"), and `count` more of them. */
NL_CHECKED enum nl_status nl_daily_tried(struct nl_store *store, const char *day, int64_t *tried,
                                         struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_daily_add(struct nl_store *store, const char *day, int64_t count,
                                       struct nl_error *err) NL_ALL_NONNULL;

/* Forgets rates that were not used for a day, and days of long ago. */
NL_CHECKED enum nl_status nl_throttle_forget(struct nl_store *store,
                                             struct nl_error *err) NL_ALL_NONNULL;

#endif
