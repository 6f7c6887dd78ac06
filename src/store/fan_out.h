/* The audience of an issue: the one place that says who is mailed. */
#ifndef NL_STORE_FAN_OUT_H
#define NL_STORE_FAN_OUT_H

#include "store/segment_sql.h"

struct nl_fan_out {
    int64_t list, issue;
    const struct nl_segment *segment; /* NULL: everybody on the list */
    int64_t deliveries;               /* made */
};

/* Queues a delivery for each of the audience. Within a transaction. */
NL_CHECKED enum nl_status nl_fan_out(struct nl_store *store, struct nl_fan_out *fan_out,
                                     struct nl_error *err) NL_ALL_NONNULL;

/* The same for those who have no delivery of the issue yet, or a skipped one. */
NL_CHECKED enum nl_status nl_fan_out_further(struct nl_store *store, struct nl_fan_out *fan_out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* How many nl_fan_out_further would queue. */
NL_CHECKED enum nl_status nl_further_count(struct nl_store *store, int64_t list, int64_t issue,
                                           const struct nl_segment *segment, int64_t *people,
                                           struct nl_error *err) NL_NONNULL(1, 5, 6);

/* How many the audience are. */
NL_CHECKED enum nl_status nl_audience_count(struct nl_store *store, int64_t list,
                                            const struct nl_segment *segment, int64_t *people,
                                            struct nl_error *err) NL_NONNULL(1, 4, 5);

/* Calls `each` for rows of a time zone and how many of the audience have it; "" stands for
 * none. */
NL_CHECKED enum nl_status nl_audience_zones(struct nl_store *store, int64_t list,
                                            const struct nl_segment *segment, nl_sql_visit *each,
                                            void *context, struct nl_error *err)
    NL_NONNULL(1, 4, 6);

#endif
