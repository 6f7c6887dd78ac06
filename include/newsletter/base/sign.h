/* Ed25519 signatures (RFC 8032) of the office: of its issues, of receipts and of checkpoints. */
#ifndef NEWSLETTER_BASE_SIGN_H
#define NEWSLETTER_BASE_SIGN_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>

enum { NL_PUBLIC_KEY_LEN = 32, NL_SIGNATURE_LEN = 64 };

/* A private key. Free with nl_sign_key_free. */
struct nl_sign_key;

/* Whether a key is named by a PKCS#11 URI (RFC 7512), and lies in a token. */
bool nl_sign_key_in_token(const char *path) NL_ALL_NONNULL;

/* Opens a private key: a file with PKCS #8 in PEM, as nl_sign_key_write writes it, or a key in a
 * token, which signs there. A file that strangers may read is refused. */
NL_CHECKED enum nl_status nl_sign_key_read(const char *path, struct nl_sign_key **out,
                                           struct nl_error *err) NL_NONNULL(1, 2);

/* Has the token of a PKCS#11 URI make a new key, next to those that it has. */
NL_CHECKED enum nl_status nl_sign_key_make_in_token(const char *uri, struct nl_sign_key **out,
                                                    struct nl_error *err) NL_NONNULL(1, 2);

/* Removes the keys that the URI of `kept` names but itself from the token. */
NL_CHECKED enum nl_status nl_sign_key_replace(struct nl_sign_key *kept, struct nl_error *err)
    NL_NONNULL(1);

/* Makes a new key, in memory only. */
NL_CHECKED enum nl_status nl_sign_key_new(struct nl_sign_key **out, struct nl_error *err)
    NL_NONNULL(1);

/* Writes it with mode 0600, in place of an earlier file. */
NL_CHECKED enum nl_status nl_sign_key_write(const struct nl_sign_key *key, const char *path,
                                            struct nl_error *err) NL_NONNULL(1, 2);

/* The public key, as RFC 8032 section 5.1.5 encodes it. */
void nl_sign_key_public(const struct nl_sign_key *key,
                        unsigned char out[NL_PUBLIC_KEY_LEN]) NL_ALL_NONNULL;

void nl_sign_key_free(struct nl_sign_key *key);

/* Signs data[0..len). */
NL_CHECKED enum nl_status nl_sign(const struct nl_sign_key *key, const void *data, size_t len,
                                  unsigned char out[NL_SIGNATURE_LEN], struct nl_error *err)
    NL_NONNULL(1, 4);

/* Whether the signature holds. */
bool nl_sign_holds(const unsigned char key[NL_PUBLIC_KEY_LEN], const void *data, size_t len,
                   const unsigned char signature[NL_SIGNATURE_LEN]) NL_NONNULL(1, 4);

/* Appends a public key in PEM (RFC 8410 section 4). */
NL_CHECKED enum nl_status nl_public_key_pem(const unsigned char key[NL_PUBLIC_KEY_LEN],
                                            struct nl_buf *out, struct nl_error *err)
    NL_NONNULL(1, 2);

/* Reads one from PEM; false if text[0..len) holds none. */
bool nl_public_key_from_pem(const char *text, size_t len,
                            unsigned char out[NL_PUBLIC_KEY_LEN]) NL_ALL_NONNULL;

#endif
