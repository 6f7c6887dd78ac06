/* Sign-ups that nobody confirmed. */
#ifndef NL_STORE_UNCONFIRMED_H
#define NL_STORE_UNCONFIRMED_H

#include "newsletter/db/handle.h"

/* Deletes the sign-ups whose last link expired before `before`, and with its last sign-up the
 * person: they never agreed to be known here. Somebody who had confirmed once, and asked to come
 * back without confirming it, becomes unsubscribed again. To be called in a transaction, which
 * deletes NL_UNCONFIRMED_AT_ONCE at most; with `dry_run` only counts, and all. */
enum { NL_UNCONFIRMED_AT_ONCE = 100 };
NL_CHECKED enum nl_status nl_unconfirmed_delete(struct nl_store *store, int64_t before,
                                                bool dry_run, int64_t *count,
                                                struct nl_error *err) NL_ALL_NONNULL;

#endif
