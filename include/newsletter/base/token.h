/* Tokens (random UUIDs that travel in URLs), their digests, and keyed MACs. */
#ifndef NEWSLETTER_BASE_TOKEN_H
#define NEWSLETTER_BASE_TOKEN_H

#include "newsletter/base/env.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NL_TOKEN_LEN = 36,  /* a UUID in text, RFC 4122 section 3 */
    NL_DIGEST_LEN = 32, /* SHA-256 */
    NL_MAC_TEXT_LEN = 16
};

struct nl_token {
    char text[NL_TOKEN_LEN + 1];
    int64_t issue; /* of an unsubscribe link: the issue that it stood in; 0 if it says none */
};

enum { NL_LINK_TOKEN_LEN = NL_TOKEN_LEN + 20 };

/* Makes a fresh random token. */
void nl_token_new(const struct nl_env *env, struct nl_token *token) NL_ALL_NONNULL;

/* Reads a token as it came back from outside, in either case; false when it is malformed. */
bool nl_token_parse(const char *text, struct nl_token *token) NL_ALL_NONNULL;

/* The digest by which a token from outside is looked up; false when it is malformed. */
bool nl_token_digest(const char *text, unsigned char out[NL_DIGEST_LEN]) NL_ALL_NONNULL;

/* Writes a token as the links of an issue carry it: "TOKEN-ISSUE", or without an issue "TOKEN". The
 * issue is not secret and gives no right: only figures use it, after a look at the deliveries. */
void nl_token_link(const struct nl_token *token, char out[NL_LINK_TOKEN_LEN + 1]) NL_ALL_NONNULL;

/* SHA-256 of `len` bytes. */
void nl_digest(const void *data, size_t len, unsigned char out[NL_DIGEST_LEN]) NL_NONNULL(3);

/* A digest, or a MAC of that length, in lower-case hexadecimal. */
enum { NL_HEX_LEN = 2 * NL_DIGEST_LEN + 1 };
void nl_hex(const unsigned char digest[NL_DIGEST_LEN], char out[NL_HEX_LEN]) NL_ALL_NONNULL;

/* SHA-256 in lower-case hexadecimal. */
void nl_digest_hex(const void *data, size_t len, char out[NL_HEX_LEN]) NL_NONNULL(3);

/* An HMAC-SHA256 over `text`, cut to 80 bits and written in 16 characters of lower-case base32
 * (RFC 4648 section 6): without the key nobody can make one up. `use` keeps MACs for
 * different purposes apart. */
void nl_mac(const char *key, const char *use, const char *text,
            char out[NL_MAC_TEXT_LEN + 1]) NL_ALL_NONNULL;

/* HMAC-SHA256, whole. */
void nl_hmac(const unsigned char *key, size_t key_len, const void *data, size_t len,
             unsigned char out[NL_DIGEST_LEN]) NL_NONNULL(1, 5);

/* A key prepared for one use, for making many MACs. Free with nl_mac_key_free; NULL without memory.
 */
struct nl_mac_key;
struct nl_mac_key *nl_mac_key_new(const char *key, const char *use) NL_ALL_NONNULL;
void nl_mac_with(struct nl_mac_key *key, const char *text,
                 char out[NL_MAC_TEXT_LEN + 1]) NL_ALL_NONNULL;
/* Two independent ones from a single computation. */
void nl_mac_pair(struct nl_mac_key *key, const char *text, char one[NL_MAC_TEXT_LEN + 1],
                 char two[NL_MAC_TEXT_LEN + 1]) NL_ALL_NONNULL;
void nl_mac_key_free(struct nl_mac_key *key);

/* Compares two texts of equal length in constant time. */
bool nl_token_equal(const char *a, const char *b) NL_ALL_NONNULL;

#endif
