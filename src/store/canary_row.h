/* The canary of an issue, as the files that make and change issues need it. */
#ifndef NL_STORE_CANARY_ROW_H
#define NL_STORE_CANARY_ROW_H

#include "newsletter/store/canary.h"
#include "store/making.h"

/* Records that a new issue goes to a sample first; nothing where the plan is empty. Within the
 * transaction that makes the issue. */
NL_CHECKED enum nl_status nl_canary_add(struct nl_store *store, const struct nl_issue *issue,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* Likewise for people who have not received it, before their deliveries are made. NL_EXISTS where
 * another canary waits, or two subjects are still tried. */
NL_CHECKED enum nl_status nl_canary_add_to_rest(struct nl_store *store, int64_t issue,
                                                const struct nl_canary_plan *plan,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* An issue that a canary has paused goes on. */
NL_CHECKED enum nl_status nl_canary_overrule(struct nl_store *store, int64_t issue,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* An issue whose canary waits, or has paused it, goes on; *waited is false where there is none. */
NL_CHECKED enum nl_status nl_canary_go_on(struct nl_store *store, int64_t issue, bool *waited,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Queues people of a part by lot, so that the parts so far have their share of the sample:
 * *sampled is how many are in it. */
NL_CHECKED enum nl_status nl_part_canary(struct nl_store *store, const struct nl_part *part,
                                         int64_t *sampled, struct nl_error *err) NL_ALL_NONNULL;

/* How many of the parts up to this one are to be in the sample. */
NL_CHECKED enum nl_status nl_part_canary_wanted(struct nl_store *store, const struct nl_part *part,
                                                int64_t *wanted,
                                                struct nl_error *err) NL_ALL_NONNULL;

#endif
