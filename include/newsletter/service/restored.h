/* A database that was restored from a backup: what it must not do by itself. */
#ifndef NEWSLETTER_SERVICE_RESTORED_H
#define NEWSLETTER_SERVICE_RESTORED_H

#include "newsletter/base/error.h"
#include "newsletter/db/handle.h"

#include <jansson.h>

/* Holds the issues that may have gone out since the backup was made. One that was being sent is
 * paused. One whose time came after the backup is withdrawn: as far as the backup knows, it is
 * still to be sent to everybody. *out: objects with "issue" and "result" ("paused" or "withdrawn");
 * the caller frees it. */
NL_CHECKED enum nl_status nl_restored_hold(struct nl_store *store, json_t **out,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
