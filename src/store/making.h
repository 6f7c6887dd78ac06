/* Making the deliveries of an issue in parts, as the files that begin issues need it. */
#ifndef NL_STORE_MAKING_H
#define NL_STORE_MAKING_H

#include "newsletter/store/making.h"

/* For whom deliveries are to be made. */
struct nl_making_plan {
    int64_t list, issue;
    const char *segment; /* the expression; NULL: everybody on the list */
    bool further;        /* for those who have no delivery of it, or a skipped one */
    int64_t people;      /* of nl_making_measure */
};

/* Takes in what is left of imports, and counts the active subscriptions of a list. Before the
 * transaction, since both take a while. */
NL_CHECKED enum nl_status nl_making_measure(struct nl_store *store, int64_t list, int64_t *people,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Begins, and makes the first part. Within the transaction that makes the issue one that is sent.
 */
NL_CHECKED enum nl_status nl_making_begin(struct nl_store *store, const struct nl_making_plan *plan,
                                          int64_t *made, struct nl_error *err) NL_ALL_NONNULL;

/* Waits for a part that another process is about to make. For a transaction that ends the making.
 */
NL_CHECKED enum nl_status nl_making_hold(struct nl_store *store, int64_t issue,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Ends the making: nothing more is made. */
NL_CHECKED enum nl_status nl_making_end(struct nl_store *store, int64_t issue,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* Queues the first part of those who wait for a subject that has won, or for a canary that is over.
 * Within a transaction; the run queues the others. */
NL_CHECKED enum nl_status nl_making_queue_waiting(struct nl_store *store, int64_t issue,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* The subscriptions of one part. */
struct nl_part {
    int64_t issue;
    int64_t after, last; /* those in between, the last one included */
    int64_t made;        /* deliveries of all parts, with this one */
    int64_t seen;        /* subscriptions that had their turn, with this one */
    int64_t people;      /* how many they are, as of the beginning */
    bool is_last;
    bool canary; /* all wait, except its sample */
    bool tested; /* two subjects are tried: its sample is of theirs */
};

/* Gives a share of the part its subjects, by lot, so that the parts so far have the share that a
 * subject test prescribes: *sampled is how many have one. */
NL_CHECKED enum nl_status nl_part_sample(struct nl_store *store, const struct nl_part *part,
                                         int64_t *sampled, struct nl_error *err) NL_ALL_NONNULL;

/* Likewise for the next part of those who waited for a canary that is over: *changed is how many
 * they are. */
NL_CHECKED enum nl_status nl_part_wait_for_hours(struct nl_store *store, int64_t issue,
                                                 const char *local_time, int64_t *changed,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* Lets the deliveries of a part wait until the clocks of their people show a time. */
NL_CHECKED enum nl_status nl_part_hours(struct nl_store *store, const struct nl_part *part,
                                        const char *local_time,
                                        struct nl_error *err) NL_ALL_NONNULL;

#endif
