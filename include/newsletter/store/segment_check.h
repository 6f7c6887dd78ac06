/* Whether the attributes that a segment compares exist: a mistyped name would select everybody, or
 * nobody. */
#ifndef NEWSLETTER_STORE_SEGMENT_CHECK_H
#define NEWSLETTER_STORE_SEGMENT_CHECK_H

#include "newsletter/base/segment.h"
#include "newsletter/db/handle.h"

#include <stddef.h>

/* NL_DATA, with a suggestion and the attributes there are, unless each attribute in `segment` is
 * one of some subscriber, or among the `count` names at `known`. */
NL_CHECKED enum nl_status nl_segment_check(struct nl_store *store, const struct nl_segment *segment,
                                           const char *const *known, size_t count,
                                           struct nl_error *err) NL_NONNULL(1, 2, 5);

#endif
