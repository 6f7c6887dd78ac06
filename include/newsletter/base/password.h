/* Passwords of people who log in, kept as argon2id digests (RFC 9106). */
#ifndef NEWSLETTER_BASE_PASSWORD_H
#define NEWSLETTER_BASE_PASSWORD_H

#include "newsletter/base/env.h"
#include "newsletter/base/error.h"

#include <stdbool.h>

/* Bytes. Shorter passwords are too weak; longer ones only cost time. */
enum { NL_PASSWORD_LEAST = 12, NL_PASSWORD_MOST = 1024, NL_PASSWORD_HASH = 128 };

/* Digests a password with a salt of its own, as a PHC string. NL_DATA if it is too short or long.
 */
NL_CHECKED enum nl_status nl_password_hash(const struct nl_env *env, const char *password,
                                           char out[NL_PASSWORD_HASH], struct nl_error *err)
    NL_NONNULL(1, 2, 3);

/* Whether it is the password of `hash`. With `hash` NULL (no such account) it is not, after the
 * same work. */
bool nl_password_verify(const char *hash, const char *password) NL_NONNULL(2);

/* Whether a digest was made with other costs than nl_password_hash uses now: it still verifies, and
 * is to be made again while the password is at hand. */
bool nl_password_is_dated(const char *hash) NL_ALL_NONNULL;

#endif
