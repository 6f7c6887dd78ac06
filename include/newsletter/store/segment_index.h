/* Indexes of the attributes that saved segments compare, so that counting the people of a segment
 * does not read everybody. */
#ifndef NEWSLETTER_STORE_SEGMENT_INDEX_H
#define NEWSLETTER_STORE_SEGMENT_INDEX_H

#include "newsletter/db/handle.h"

/* Makes the indexes that the saved segments want and drops the others. Only "=" and "in" with texts
 * want one, for attributes of simple names (small letters, digits and "_"), eight at most. Nothing
 * for an engine that lets no function of JSON stand in an index. */
NL_CHECKED enum nl_status nl_segment_indexes_renew(struct nl_store *store,
                                                   struct nl_error *err) NL_ALL_NONNULL;

#endif
