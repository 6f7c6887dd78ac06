/* Changing many rows without keeping others waiting. */
#ifndef NL_STORE_PARTS_H
#define NL_STORE_PARTS_H

#include "newsletter/db/handle.h"

/* Changes some of the rows that are left, NL_PART at most; *changed is how many, 0 at the end. */
typedef enum nl_status nl_part_body(struct nl_store *store, void *context, int64_t *changed,
                                    struct nl_error *err);

/* Runs `body` in shared transactions, one after the other, until nothing is left, and leaves the
 * database to others for as long in between as the last one took. *total is how many rows were
 * changed. */
NL_CHECKED enum nl_status nl_in_parts(struct nl_store *store, nl_part_body *body, void *context,
                                      int64_t *total, struct nl_error *err) NL_NONNULL(1, 2, 4, 5);

#endif
