/* Checkpoints: the head of the ledger's tree, signed by the office's key (C2SP tlog-checkpoint). */
#ifndef NEWSLETTER_PROOF_CHECKPOINT_H
#define NEWSLETTER_PROOF_CHECKPOINT_H

#include "newsletter/base/token.h"
#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"

/* Makes a checkpoint where an issue has ended, and once a day. Nothing where the configuration
 * names no key, or the key was not made yet. A failure is logged, since mail must go on. */
void nl_checkpoint_make(struct nl_store *store, const struct nl_config *config,
                        bool issue_ended) NL_ALL_NONNULL;

/* Appends the field of a message's header that names the newest checkpoint, with its line end;
 * nothing if there is none. */
NL_CHECKED enum nl_status nl_checkpoint_field(struct nl_store *store, struct nl_buf *out,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Reads a checkpoint: its size, and the head of the tree. False if it is not one. The signature is
 * not looked at. */
bool nl_checkpoint_parse(const char *note, uint64_t *size,
                         unsigned char head[NL_DIGEST_LEN]) NL_ALL_NONNULL;

#endif
