/* The hash of a body in relaxed canonicalisation (RFC 6376 section 3.4.4). */
#ifndef NL_DKIM_DKIM_BODY_H
#define NL_DKIM_DKIM_BODY_H

#include "newsletter/base/token.h"
#include "newsletter/dkim/dkim.h"

#include <stdbool.h>

/* WSP of RFC 6376 section 2.8, which relaxed canonicalisation reduces. */
static inline bool nl_dkim_is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Hashes `body`; `known` may be NULL. False where OpenSSL
 * fails. */
bool nl_dkim_body_hash(struct nl_dkim_body *known, const char *body, size_t len,
                       unsigned char digest[NL_DIGEST_LEN]);

#endif
