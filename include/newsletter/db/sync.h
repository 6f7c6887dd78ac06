/* Commits that do not wait for the disk: a thread makes them durable while the work goes on, and
 * says when they are. For who has more to do between a commit and what must not happen before it is
 * durable. */
#ifndef NEWSLETTER_DB_SYNC_H
#define NEWSLETTER_DB_SYNC_H

#include "newsletter/db/handle.h"

struct nl_sync;

/* From now on nl_store_commit returns at once: other processes see the commit, and it outlives the
 * process, but not yet the machine. End with nl_sync_stop. */
enum nl_status nl_sync_start(struct nl_store *store, struct nl_sync **out, struct nl_error *err);

/* Begins to make durable what was committed so far. One at a time. */
void nl_sync_request(struct nl_sync *sync);

/* Becomes readable when that is done. */
int nl_sync_fd(const struct nl_sync *sync);

/* Asks without waiting; *done tells. NL_IO when the disk failed. */
enum nl_status nl_sync_poll(struct nl_sync *sync, bool *done, struct nl_error *err);

/* Makes all durable, and commits wait again. NULL is harmless. */
enum nl_status nl_sync_stop(struct nl_sync *sync, struct nl_error *err);

#endif
