/* Segments as SQL: conditions on subscription s and subscriber r, with every value bound. */
#ifndef NL_STORE_SEGMENT_SQL_H
#define NL_STORE_SEGMENT_SQL_H

#include "newsletter/base/segment.h"
#include "newsletter/db/sql.h"

/* Appends " AND (...)" and its values to a query whose own parameters are numbered and stand
 * before. Nothing for NULL. */
void nl_segment_add(const struct nl_store *store, const struct nl_segment *segment,
                    struct nl_query *query);

#endif
