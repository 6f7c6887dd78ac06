/* Indexes of the attributes that saved segments compare, so that counting the people of a segment
 * does not read everybody. */
#ifndef NEWSLETTER_STORE_SEGMENT_INDEX_H
#define NEWSLETTER_STORE_SEGMENT_INDEX_H

#include "newsletter/base/segment.h"
#include "newsletter/db/handle.h"

/* Makes the indexes that the saved segments want and drops the others: one for texts ("=", "<", ">"
 * and the like, "in"), one for numbers, for attributes of simple names (small letters, digits and
 * "_"), eight at most. */
NL_CHECKED enum nl_status nl_segment_indexes_renew(struct nl_store *store,
                                                   struct nl_error *err) NL_ALL_NONNULL;

/* Whether these indexes lead to everybody in the segment: the query should begin with them. */
bool nl_segment_is_found(struct nl_store *store, const struct nl_segment *segment) NL_NONNULL(1);

#endif
