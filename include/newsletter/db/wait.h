/* Word of what others have changed. */
#ifndef NEWSLETTER_DB_WAIT_H
#define NEWSLETTER_DB_WAIT_H

#include "newsletter/db/handle.h"

#include <signal.h>

/* Waits until somebody has changed what there is to send, as far as can be told, `seconds` are over
 * or `stop` becomes non-zero. What happened since the last call ends the wait at once. */
enum nl_status nl_store_wait(struct nl_store *store, int64_t seconds,
                             const volatile sig_atomic_t *stop, struct nl_error *err);

#endif
