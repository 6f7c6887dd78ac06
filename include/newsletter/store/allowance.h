/* How many messages may go out in a span of time, for all processes that share the database: a row
 * for each span that has begun. */
#ifndef NEWSLETTER_STORE_ALLOWANCE_H
#define NEWSLETTER_STORE_ALLOWANCE_H

#include "newsletter/db/handle.h"

#include <stddef.h>
#include <stdint.h>

struct nl_allowance {
    const char *name;
    int64_t limit;  /* messages in a span */
    int64_t span;   /* seconds, which begin with its first message */
    int64_t end_at; /* the span ends then instead; 0: it does not */
};

/* Takes as many messages as all of these allow, `want` at most: *got. With none, *until is when
 * there may be more. */
NL_CHECKED enum nl_status nl_allowance_take(struct nl_store *store,
                                            const struct nl_allowance *allowances, size_t count,
                                            int64_t want, int64_t *got, int64_t *until,
                                            struct nl_error *err) NL_NONNULL(1, 5, 6, 7);

/* Gives back what was taken and not used. */
NL_CHECKED enum nl_status nl_allowance_return(struct nl_store *store,
                                              const struct nl_allowance *allowances, size_t count,
                                              int64_t unused, struct nl_error *err)
    NL_NONNULL(1, 5);

/* Forgets spans that ended a day ago. */
NL_CHECKED enum nl_status nl_allowance_forget(struct nl_store *store,
                                              struct nl_error *err) NL_ALL_NONNULL;

#endif
