/* The DKIM keys of the configuration, and how a message gets their signatures. */
#ifndef NEWSLETTER_DKIM_SIGNER_H
#define NEWSLETTER_DKIM_SIGNER_H

#include "newsletter/base/attribute.h"
#include "newsletter/config/config.h"
#include "newsletter/dkim/dkim.h"

enum { NL_SIGNER_KEYS = 2 };

/* Free with nl_signer_close. */
struct nl_signer {
    struct nl_dkim_key *keys[NL_SIGNER_KEYS];
    size_t count;
};

/* Reads the configured keys, none, one or two, to sign for dkim.domain or else for `domain`. */
NL_CHECKED enum nl_status nl_signer_open(const struct nl_config *config, const char *domain,
                                         struct nl_signer *out, struct nl_error *err)
    NL_NONNULL(1, 3, 4);

/* Puts the signatures, if there are keys, in front of `message`. `known` as for nl_dkim_sign. */
NL_CHECKED enum nl_status nl_signer_sign(const struct nl_signer *signer, struct nl_dkim_body *known,
                                         struct nl_buf *message, int64_t now, struct nl_error *err)
    NL_NONNULL(1, 3, 5);

void nl_signer_close(struct nl_signer *signer);

#endif
