/* S/MIME signatures on mail (RFC 8551): multipart/signed with a detached CMS signature (RFC 5652),
 * SHA-256 with RSA or ECDSA. Mail programs show the reader whose mail it is without asking anybody.
 */
#ifndef NEWSLETTER_SMIME_SMIME_H
#define NEWSLETTER_SMIME_SMIME_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"
#include "newsletter/base/finding.h"
#include "newsletter/config/config.h"

#include <stdint.h>

/* The configured certificate with its key, which is read once. Free with nl_smime_close. */
struct nl_smime;

/* Reads certificate, key and chain to sign mail from the address `from`. *out is NULL where no
 * certificate is configured, or smime.from has other addresses only. NL_CONFIG for everything that
 * would make a signature that mail programs call false: a certificate that has expired at `now`, is
 * not valid yet, is for another address or another use, a key that does not belong to it, or one
 * that others may read. */
NL_CHECKED enum nl_status nl_smime_open(const struct nl_config *config, const char *from,
                                        int64_t now, struct nl_smime **out, struct nl_error *err)
    NL_NONNULL(1, 2, 4);

void nl_smime_close(struct nl_smime *smime);

/* The common beginning of the copies of a message, which is hashed only once. Free with
 * nl_smime_content_free. NULL without memory. */
struct nl_smime_content;
struct nl_smime_content *nl_smime_content_new(void);
void nl_smime_content_free(struct nl_smime_content *known);

/* Signs a complete message with CRLF line ends, whose body is 7bit: its content with the Content-*
 * fields becomes the first part of a multipart/signed (RFC 1847 section 2.1). The other fields stay
 * as they are. `known` may be NULL. NL_CONFIG once the certificate has expired at `now`. */
NL_CHECKED enum nl_status nl_smime_sign(const struct nl_smime *smime,
                                        struct nl_smime_content *known, struct nl_buf *message,
                                        int64_t now, struct nl_error *err) NL_NONNULL(1, 3);

/* Adds what is wrong with the certificate for mail from `from`, and a warning in the weeks before
 * it expires. Adds nothing where none is configured. *until, which may be NULL, becomes the end of
 * a good one's time, else 0. */
NL_CHECKED enum nl_status nl_smime_examine(const struct nl_config *config, const char *from,
                                           int64_t now, struct nl_findings *findings,
                                           int64_t *until, struct nl_error *err)
    NL_NONNULL(1, 2, 4);

#endif
