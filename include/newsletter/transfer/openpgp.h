/* Files that only the owner of a key can read (OpenPGP, RFC 4880). The library is loaded when it is
 * needed, since it takes longer than most commands. */
#ifndef NEWSLETTER_TRANSFER_OPENPGP_H
#define NEWSLETTER_TRANSFER_OPENPGP_H

#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether the file begins like an encrypted message. */
bool nl_openpgp_is_message(const char *path) NL_ALL_NONNULL;

/* Encrypts `from` to the new file `to` (mode 0600) for every public key in the file `keys`. NL_DATA
 * for a key that cannot encrypt or has expired, NL_CONFIG if this newsletter cannot encrypt. */
NL_CHECKED enum nl_status nl_openpgp_encrypt(const char *keys, const char *from, const char *to,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Asks for the password of a key; false if there is none. */
typedef bool nl_openpgp_ask(char *password, size_t size);

/* Decrypts `from` to the new file `to` (mode 0600) with a secret key in the file `key`. NL_DATA if
 * none of its keys fits or the message was changed. */
NL_CHECKED enum nl_status nl_openpgp_decrypt(const char *key, nl_openpgp_ask *ask, const char *from,
                                             const char *to, struct nl_error *err) NL_ALL_NONNULL;

#endif
