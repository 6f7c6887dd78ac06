/* The public keys of passkeys (COSE_Key, RFC 9053 section 7), and signatures with them. */
#ifndef NL_BASE_PASSKEY_KEY_H
#define NL_BASE_PASSKEY_KEY_H

#include "newsletter/base/cbor.h"
#include "newsletter/base/passkey.h"

/* Reads key, key_len and algorithm of `out`; false for any other key. */
bool nl_passkey_read_key(struct nl_cbor *reader, struct nl_passkey *out);

/* Whether the owner of a key has signed a message. */
bool nl_passkey_signed(const struct nl_passkey *key, const unsigned char *message, size_t len,
                       const unsigned char *signature, size_t signature_len);

#endif
