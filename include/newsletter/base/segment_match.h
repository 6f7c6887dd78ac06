/* Whether a segment is true of one person, without a database: for conditions within issues. */
#ifndef NEWSLETTER_BASE_SEGMENT_MATCH_H
#define NEWSLETTER_BASE_SEGMENT_MATCH_H

#include "newsletter/base/segment.h"

#include <jansson.h>

/* The facts that conditions may ask for. All borrowed; NULL if unknown. */
struct nl_segment_person {
    const char *email, *name;
    const json_t *attributes; /* an object */
};

/* Whether conditions can ask for all fields of the segment: email, domain, name and attributes.
 * The first other one is set in *field. */
bool nl_segment_is_personal(const struct nl_segment *segment, enum nl_segment_field *field)
    NL_NONNULL(2);

/* Compares as the store does for an audience (store/segment_sql.c): capitals of ASCII do not
 * matter, an unknown value compares as false, and NOT of that is true. */
bool nl_segment_matches(const struct nl_segment *segment,
                        const struct nl_segment_person *person) NL_ALL_NONNULL;

#endif
