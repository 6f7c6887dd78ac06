/* When work that something outside must start (cron, a timer, a mail server) was last done. */
#ifndef NEWSLETTER_STORE_LAST_RUN_H
#define NEWSLETTER_STORE_LAST_RUN_H

#include "newsletter/db/handle.h"

/* Everything that is due was tried. A bounce was read, or the place for them was looked into. */
#define NL_RAN_RETRY "ran:retry"
#define NL_RAN_BOUNCES "ran:bounces"

/* Notes that it is done now. To the minute, so that it costs next to nothing. */
NL_CHECKED enum nl_status nl_last_run_note(struct nl_store *store, const char *what,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* *at is when it was last done; 0 for never. */
NL_CHECKED enum nl_status nl_last_run_find(struct nl_store *store, const char *what, int64_t *at,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* *at is when the first mail went out; 0 for none. */
NL_CHECKED enum nl_status nl_first_mail_find(struct nl_store *store, int64_t *at,
                                             struct nl_error *err) NL_ALL_NONNULL;

#endif
