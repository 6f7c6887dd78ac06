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

/* Begins to make all earlier commits durable. Only one sync runs at a time. */
void nl_sync_request(struct nl_sync *sync) NL_ALL_NONNULL;

/* Becomes readable when that is done. */
int nl_sync_fd(const struct nl_sync *sync) NL_ALL_NONNULL;

/* Sets *done if the requested sync has finished; never waits. NL_IO when the disk failed. */
NL_CHECKED enum nl_status nl_sync_poll(struct nl_sync *sync, bool *done,
                                       struct nl_error *err) NL_ALL_NONNULL;

/* Makes all commits durable. From now on commits wait for the disk again. NULL is harmless. */
NL_CHECKED enum nl_status nl_sync_stop(struct nl_sync *sync, struct nl_error *err) NL_NONNULL(2);

#endif
