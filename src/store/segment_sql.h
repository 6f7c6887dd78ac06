/* Segments as SQL: conditions on subscription s and subscriber r. Every value is bound, but for the
 * simple names of attributes: an index is found by what stands in the SQL. */
#ifndef NL_STORE_SEGMENT_SQL_H
#define NL_STORE_SEGMENT_SQL_H

#include "newsletter/base/segment.h"
#include "newsletter/db/sql.h"

/* Appends " AND (...)" and its values to a query whose own parameters are numbered and stand
 * before. Nothing for NULL. `indexed`: indexes of attributes may be used; not for a query that
 * looks at a part of the people, or each part would look at all whom the index finds. */
void nl_segment_add(const struct nl_store *store, const struct nl_segment *segment, bool indexed,
                    struct nl_query *query);

/* The index of an attribute is called so, and then like the attribute. */
#define NL_SEGMENT_INDEX "subscriber_attribute_"

/* Whether a test compares an attribute of a simple name with texts, which an index can look up. */
bool nl_segment_is_indexable(const struct nl_segment *test);

/* Appends the SQL of an attribute of a simple name in a JSON column. */
void nl_segment_attribute(const char *column, const char *name, struct nl_buf *sql);

#endif
