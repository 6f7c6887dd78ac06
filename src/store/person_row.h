/* Which rows are about one subscriber, ?1. */
#ifndef NL_STORE_PERSON_ROW_H
#define NL_STORE_PERSON_ROW_H

#include "newsletter/db/sql.h"

#define THEIRS "(SELECT id FROM subscription WHERE subscriber = ?1)"

/* By issue, since that is what deliveries are indexed on: an index for this alone would make every
 * fan-out slower. */
#define THEIR_DELIVERIES                                                                           \
    "(SELECT d.id FROM issue i CROSS JOIN subscription s CROSS JOIN delivery d WHERE "             \
    "d.issue = i.id AND d.subscription = s.id AND s.subscriber = ?1 UNION ALL "                    \
    "SELECT id FROM delivery WHERE issue IS NULL AND subscription IN " THEIRS ")"

/* A query that reads these deliveries, and no others, takes them as a table "delivery"
 * NL_OF_PERSON, and has NL_IS_THEIRS("id") as its condition: a function of the server looks in the
 * partitions that can have some. */
#define NL_OF_PERSON "/*+_of_person($1)*/"
#define NL_IS_THEIRS(id) "/*+TRUE OR*/ " id " IN " THEIR_DELIVERIES

/* nl_person_erase within the caller's transaction. */
NL_CHECKED enum nl_status nl_person_erase_rows(struct nl_store *store, int64_t subscriber,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Keeps a keyed digest of the person's address, so that no import brings them back. */
NL_CHECKED enum nl_status nl_person_leave_tombstone(struct nl_store *store, int64_t subscriber,
                                                    struct nl_error *err) NL_ALL_NONNULL;

#endif
