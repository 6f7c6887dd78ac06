/* The CMS structure of one message (RFC 5652). */
#ifndef NL_SMIME_SMIME_SIGNATURE_H
#define NL_SMIME_SMIME_SIGNATURE_H

#include "newsletter/base/token.h"
#include "smime/smime_certificate.h"

/* Appends the detached signature, in DER, over content that has this SHA-256 digest. False where
 * OpenSSL fails. */
bool nl_smime_signature(const struct nl_smime *smime, const unsigned char digest[NL_DIGEST_LEN],
                        int64_t now, struct nl_buf *out) NL_ALL_NONNULL;

/* Appends such a signature in lines of base64. */
void nl_smime_add_base64(const struct nl_smime *smime, const struct nl_buf *der,
                         struct nl_buf *out) NL_ALL_NONNULL;

/* The same as nl_smime_signature, made by OpenSSL's CMS functions as a whole. */
bool nl_smime_cms(const struct nl_smime *smime, const unsigned char digest[NL_DIGEST_LEN],
                  int64_t now, struct nl_buf *out) NL_ALL_NONNULL;

#endif
