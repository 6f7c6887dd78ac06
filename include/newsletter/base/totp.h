/* Codes that a telephone shows for the second step of a login (RFC 6238): six digits, a new one
 * each 30 seconds, by HMAC-SHA-1, which is all that the common programs understand. */
#ifndef NEWSLETTER_BASE_TOTP_H
#define NEWSLETTER_BASE_TOTP_H

#include "newsletter/base/buf.h"
#include "newsletter/base/env.h"

#include <stdbool.h>

enum { NL_TOTP_SECRET = 20, NL_TOTP_DIGITS = 6, NL_TOTP_SECONDS = 30 };

/* Makes a secret (RFC 4226 section 4, R6: 160 bits). */
void nl_totp_new(const struct nl_env *env, unsigned char out[NL_TOTP_SECRET]) NL_ALL_NONNULL;

/* Appends the secret as people type it into a telephone: base32 (RFC 4648), four letters at a time.
 */
void nl_totp_add_text(struct nl_buf *out,
                      const unsigned char secret[NL_TOTP_SECRET]) NL_ALL_NONNULL;

/* Appends the otpauth: URL that a QR code carries. `account` and `office` are what the telephone
 * shows. */
void nl_totp_add_url(struct nl_buf *out, const unsigned char secret[NL_TOTP_SECRET],
                     const char *account, const char *office) NL_ALL_NONNULL;

/* Whether `code` is good at `now` (Unix seconds): that of this step, of the one before or of the
 * one after (RFC 6238 section 5.2), and of a later step than *last, which becomes the step: no code
 * is good twice. Spaces in the code are skipped. */
bool nl_totp_check(const unsigned char secret[NL_TOTP_SECRET], int64_t now, const char *code,
                   int64_t *last) NL_ALL_NONNULL;

#endif
