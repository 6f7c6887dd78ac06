/* Segments as SQL: conditions on subscription s and subscriber r, with every value bound. */
#ifndef NL_STORE_SEGMENT_H
#define NL_STORE_SEGMENT_H

#include "newsletter/segment.h"
#include "store/sql.h"

/* Appends " AND (...)" to a statement whose own parameters are numbered and stand before. Nothing
 * for NULL. */
void nl_segment_sql(const struct nl_segment *segment, struct nl_buf *sql);

/* Prepares a statement made at run time. Finalise it with sqlite3_finalize. */
enum nl_status nl_segment_prepare(struct nl_store *store, const struct nl_buf *sql,
                                  sqlite3_stmt **out, struct nl_error *err);

/* Binds the values of a segment from parameter `at` on. */
enum nl_status nl_segment_bind(struct nl_store *store, sqlite3_stmt *statement, int at,
                               const struct nl_segment *segment, struct nl_error *err);

#endif
