/* Processes that deliver directly at present, so that they share the connections that a destination
 * takes. Each one says so every few seconds; one that was killed is forgotten. */
#ifndef NEWSLETTER_STORE_DIRECT_SENDER_H
#define NEWSLETTER_STORE_DIRECT_SENDER_H

#include "newsletter/db/handle.h"

/* Notes that the process `owner` delivers, for that many seconds from now, and counts the processes
 * that do (*count: 1 at least). */
NL_CHECKED enum nl_status nl_direct_sender_note(struct nl_store *store, const char *owner,
                                                int64_t seconds, int64_t *count,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Notes that it has ended. */
NL_CHECKED enum nl_status nl_direct_sender_drop(struct nl_store *store, const char *owner,
                                                struct nl_error *err) NL_ALL_NONNULL;

#endif
