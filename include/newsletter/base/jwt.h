/* JSON Web Tokens (RFC 7519) that an identity provider has signed (RFC 7515), by RS256 or ES256
 * (RFC 7518) and nothing else. */
#ifndef NEWSLETTER_BASE_JWT_H
#define NEWSLETTER_BASE_JWT_H

#include "newsletter/base/error.h"

#include <jansson.h>
#include <stdint.h>

enum {
    NL_JWT_MOST = 32 << 10, /* bytes of a token */
    NL_JWT_SKEW = 120,      /* seconds by which two clocks may differ */
    NL_JWT_RSA_BITS = 2048, /* of a key, at least (RFC 7518 section 3.3) */
};

/* The claims that an ID token must make (OpenID Connect Core 1.0 section 3.1.3.7). */
struct nl_jwt_expected {
    const char *issuer, *audience, *nonce;
    int64_t now;
};

/* Verifies a token with a JWK Set (RFC 7517), {"keys": [...]}, and its claims. *claims is a JSON
 * object with a "sub", which the caller frees. NL_DATA for anything else: the reason is for the
 * log, and holds no part of the token. */
NL_CHECKED enum nl_status nl_jwt_verify(const char *token, const json_t *keys,
                                        const struct nl_jwt_expected *expected, json_t **claims,
                                        struct nl_error *err) NL_ALL_NONNULL;

#endif
