/* Commits that do not wait for the disk: a thread makes them durable while the work goes on, and
 * tells when they are. For a caller that has other work to do between a commit and the step that
 * must not happen before the commit is durable. */
#ifndef NEWSLETTER_DB_SYNC_H
#define NEWSLETTER_DB_SYNC_H

#include "newsletter/db/handle.h"

struct nl_sync;

/* From now on nl_store_commit returns at once: other processes see the commit, and it outlives the
 * process, but not yet the machine. End with nl_sync_stop. */
NL_CHECKED enum nl_status nl_sync_start(struct nl_store *store, struct nl_sync **out,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* Begins to make durable what was committed so far. One at a time. */
void nl_sync_request(struct nl_sync *sync) NL_ALL_NONNULL;

/* Becomes readable when that is done. */
int nl_sync_fd(const struct nl_sync *sync) NL_ALL_NONNULL;

/* Asks without waiting; *done tells. NL_IO when the disk failed. */
NL_CHECKED enum nl_status nl_sync_poll(struct nl_sync *sync, bool *done,
                                       struct nl_error *err) NL_ALL_NONNULL;

/* Makes all durable, and commits wait again. A `sync` of NULL is harmless. */
NL_CHECKED enum nl_status nl_sync_stop(struct nl_sync *sync, struct nl_error *err) NL_NONNULL(2);

#endif
