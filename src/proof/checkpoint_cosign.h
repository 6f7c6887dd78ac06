/* Cosignatures of checkpoints by a witness (C2SP tlog-witness and tlog-cosignature). */
#ifndef NL_PROOF_CHECKPOINT_COSIGN_H
#define NL_PROOF_CHECKPOINT_COSIGN_H

#include "newsletter/store/checkpoint.h"

#include "newsletter/config/config.h"

/* Shows a checkpoint that was signed to the witness of the configuration, with the proof that it
 * goes on from the one that the witness has seen, and appends its cosignature to `note` as one more
 * line. */
NL_CHECKED enum nl_status nl_cosign_ask(struct nl_store *store, const struct nl_config *config,
                                        const struct nl_checkpoint *checkpoint, struct nl_buf *note,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* Whether a line of the note is a cosignature by the witness of the configuration that holds; *at
 * is the time in it. */
bool nl_cosign_holds(const struct nl_config *config, const char *note, int64_t *at) NL_ALL_NONNULL;

#endif
