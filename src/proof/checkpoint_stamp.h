/* Time stamps of checkpoints by an authority (RFC 3161). */
#ifndef NL_PROOF_CHECKPOINT_STAMP_H
#define NL_PROOF_CHECKPOINT_STAMP_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"
#include "newsletter/config/config.h"

/* Asks the authority of the configuration for a time stamp of a checkpoint's text, that is, of all
 * before its signatures, and checks it. Appends the token (DER). */
NL_CHECKED enum nl_status nl_stamp_ask(const struct nl_config *config, const char *note,
                                       struct nl_buf *token, struct nl_error *err) NL_ALL_NONNULL;

/* Checks such a token again: it is about this checkpoint, and signed by an authority that is
 * trusted (audit.timestamp_ca_file, or this machine's). *at is the time in it. NL_DATA. */
NL_CHECKED enum nl_status nl_stamp_check(const struct nl_config *config, const char *note,
                                         const unsigned char *token, size_t len, int64_t *at,
                                         struct nl_error *err) NL_ALL_NONNULL;

#endif
