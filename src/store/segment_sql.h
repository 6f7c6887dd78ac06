/* Segments as SQL: conditions on subscription s and subscriber r. Every value is bound, except the
 * simple names of attributes: an index is found by what stands in the SQL. */
#ifndef NL_STORE_SEGMENT_SQL_H
#define NL_STORE_SEGMENT_SQL_H

#include "newsletter/base/segment.h"
#include "newsletter/db/sql.h"

/* Appends " AND (...)" and its values to a query whose own parameters are numbered and stand
 * before. Nothing for NULL. `indexed`: attributes are written as indexes have them; not for a query
 * that looks at a part of the people, or each part would look at all whom the index finds. */
void nl_segment_add(const struct nl_store *store, const struct nl_segment *segment, bool indexed,
                    struct nl_query *query);

/* An index of an attribute holds texts without regard to case, or numbers. */
enum nl_segment_index { NL_INDEX_NONE, NL_INDEX_TEXTS, NL_INDEX_NUMBERS };

/* The index that looks up what a test compares; none unless the attribute has a simple name. */
enum nl_segment_index nl_segment_index_of(const struct nl_segment *test);

/* Appends the name of an attribute's index, or the statement that makes it. */
void nl_segment_index_name(enum nl_segment_index index, const char *attribute, struct nl_buf *out);
void nl_segment_index_sql(const struct nl_store *store, enum nl_segment_index index,
                          const char *attribute, struct nl_buf *sql);

#endif
