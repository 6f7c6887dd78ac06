/* The history as a feed: everything that happened, in order, for programs that follow it. */
#ifndef NEWSLETTER_STORE_EVENT_FEED_H
#define NEWSLETTER_STORE_EVENT_FEED_H

#include "newsletter/db/handle.h"

/* One event. Texts are valid during the call; they are NULL, and numbers 0, where there is none. */
struct nl_event_row {
    int64_t id, at;
    const char *kind;
    const char *list; /* its name */
    int64_t subscriber;
    const char *address; /* of the subscriber, or that of the message; NULL also for one who was
                            erased */
    int64_t issue;
    const char *slug; /* of the issue */
    int64_t message;  /* a transactional message */
    const char *detail;
};

/* Which events: NULL stands for all. */
struct nl_event_query {
    int64_t after; /* a number: only later ones */
    const char *kind, *list;
    int64_t limit;
};

/* Calls `each` for events, in the order of their numbers. Where many processes write at a time, a
 * number may become visible after a greater one; so events of the last half minute wait there, and
 * a reader who goes on from the last number misses none. */
NL_CHECKED enum nl_status nl_events_each(struct nl_store *store, const struct nl_event_query *query,
                                         enum nl_status (*each)(const struct nl_event_row *row,
                                                                void *ctx, struct nl_error *err),
                                         void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 3, 5);

/* The number of the last event there is; 0 without any. */
NL_CHECKED enum nl_status nl_events_last(struct nl_store *store, int64_t *id,
                                         struct nl_error *err) NL_ALL_NONNULL;

#endif
