/* The audience of an issue: the one place that says who is mailed. */
#ifndef NL_STORE_FAN_OUT_H
#define NL_STORE_FAN_OUT_H

#include "newsletter/store/state.h"
#include "store/segment_sql.h"

/* People of a list: those in a segment, among the subscriptions after one, up to another. */
struct nl_fan_out {
    int64_t list, issue;
    int64_t making;                   /* whose late-comers are left out */
    const struct nl_segment *segment; /* NULL: everybody on the list */
    int64_t after, last;              /* subscriptions */
    bool waits;                       /* the deliveries are deferred, without a time */
    int64_t variant;                  /* the subject of further people; 0: none yet */
    int64_t deliveries;               /* made */
};

/* Makes a delivery for each of the audience; none for those who have one. Within a transaction. */
NL_CHECKED enum nl_status nl_fan_out(struct nl_store *store, struct nl_fan_out *fan_out,
                                     struct nl_error *err) NL_ALL_NONNULL;

/* The same for people beyond those of before: also queues deliveries that were skipped. */
NL_CHECKED enum nl_status nl_fan_out_further(struct nl_store *store, struct nl_fan_out *fan_out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* How many would get one that have none, or a skipped one where `further`. */
NL_CHECKED enum nl_status nl_fan_out_count(struct nl_store *store, const struct nl_fan_out *fan_out,
                                           bool further, int64_t *people,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* How many have no delivery of the issue, or a skipped one, and are not about to get one anyway. */
NL_CHECKED enum nl_status nl_further_count(struct nl_store *store, int64_t list, int64_t issue,
                                           const struct nl_segment *segment, int64_t *people,
                                           struct nl_error *err) NL_NONNULL(1, 5, 6);

/* The beginning of a query on all of the audience, to which more may be added: `before` and all
 * that follows it, from where an index of attributes leads to the people, if one does. Free it. */
struct nl_query nl_audience_query(struct nl_store *store, const char *before, int64_t list,
                                  const struct nl_segment *segment) NL_NONNULL(1, 2);

/* How many the audience are. */
/* The same audience: active people who are suppressed, and people who have not confirmed. */
NL_CHECKED enum nl_status nl_audience_left_out(struct nl_store *store, int64_t list,
                                               const struct nl_segment *segment,
                                               int64_t *suppressed, int64_t *unconfirmed,
                                               struct nl_error *err);

NL_CHECKED enum nl_status nl_audience_count(struct nl_store *store, int64_t list,
                                            const struct nl_segment *segment, int64_t *people,
                                            struct nl_error *err) NL_NONNULL(1, 4, 5);

/* The same for rows of a language; "" stands for none. */
NL_CHECKED enum nl_status nl_audience_languages(struct nl_store *store, int64_t list,
                                                const struct nl_segment *segment,
                                                nl_sql_visit *each, void *context,
                                                struct nl_error *err) NL_NONNULL(1, 4, 6);

/* Calls `each` for rows of a time zone and how many of the audience have it; "" stands for
 * none. */
NL_CHECKED enum nl_status nl_audience_zones(struct nl_store *store, int64_t list,
                                            const struct nl_segment *segment, nl_sql_visit *each,
                                            void *context, struct nl_error *err)
    NL_NONNULL(1, 4, 6);

#endif
