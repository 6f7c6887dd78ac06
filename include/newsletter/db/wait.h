/* Waiting for changes that other processes make. */
#ifndef NEWSLETTER_DB_WAIT_H
#define NEWSLETTER_DB_WAIT_H

#include "newsletter/db/handle.h"

#include <signal.h>

/* Waits until somebody has changed what there is to send, as far as can be told, `seconds` are over
 * or `stop` becomes non-zero. A change since the last call ends the wait at once. */
NL_CHECKED enum nl_status nl_store_wait(struct nl_store *store, int64_t seconds,
                                        const volatile sig_atomic_t *stop,
                                        struct nl_error *err) NL_ALL_NONNULL;

#endif
