/* Checkpoints of the ledger: the heads of its tree that were signed (docs/audit.md). */
#ifndef NEWSLETTER_STORE_CHECKPOINT_H
#define NEWSLETTER_STORE_CHECKPOINT_H

#include "newsletter/base/merkle.h"
#include "newsletter/db/handle.h"

struct nl_checkpoint {
    int64_t at;
    int64_t last;          /* the last record in it */
    struct nl_merkle tree; /* over the entries up to there */
    char *note;
};

/* The newest one; all zero if there is none. The caller frees its note. */
NL_CHECKED enum nl_status nl_checkpoint_newest(struct nl_store *store, struct nl_checkpoint *out,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` for the notes of all in the history, with the ids of their events, the oldest first.
 */
NL_CHECKED enum nl_status nl_checkpoints_each(struct nl_store *store,
                                              enum nl_status (*each)(int64_t id, const char *note,
                                                                     void *ctx,
                                                                     struct nl_error *err),
                                              void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Whether one is due: there is none from the last 24 hours. */
NL_CHECKED enum nl_status nl_checkpoint_is_due(struct nl_store *store, bool *due,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* The id of the last record up to which none will be added any more: waits for those that are
 * being written. */
NL_CHECKED enum nl_status nl_checkpoint_settle(struct nl_store *store, int64_t *last,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Keeps one, with an event of the history. Nothing where another process was quicker. */
NL_CHECKED enum nl_status nl_checkpoint_add(struct nl_store *store,
                                            const struct nl_checkpoint *checkpoint,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Keeps the time stamp of the checkpoint of that size, in base64. */
NL_CHECKED enum nl_status nl_checkpoint_stamp_keep(struct nl_store *store, uint64_t size,
                                                   const char *token,
                                                   struct nl_error *err) NL_ALL_NONNULL;

/* *out is NULL where there is none; the caller frees it. */
NL_CHECKED enum nl_status nl_checkpoint_stamp_read(struct nl_store *store, uint64_t size,
                                                   char **out, struct nl_error *err) NL_ALL_NONNULL;

/* How many entries the newest checkpoint had that the witness has cosigned; 0: none. */
NL_CHECKED enum nl_status nl_checkpoint_seen_keep(struct nl_store *store, uint64_t size,
                                                  struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_checkpoint_seen_read(struct nl_store *store, uint64_t *size,
                                                  struct nl_error *err) NL_ALL_NONNULL;

#endif
