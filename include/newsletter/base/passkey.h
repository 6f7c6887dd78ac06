/* Passkeys: what a browser returns from navigator.credentials (Web Authentication, Level 2), read
 * and verified. Keys of ES256 and EdDSA (Ed25519), without attestation. */
#ifndef NEWSLETTER_BASE_PASSKEY_H
#define NEWSLETTER_BASE_PASSKEY_H

#include "newsletter/base/env.h"
#include "newsletter/base/error.h"
#include "newsletter/base/token.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NL_PASSKEY_ID = 1023,  /* bytes of a credential's id at most (section 6.5.1) */
    NL_PASSKEY_KEY = 64,   /* x and y of P-256; Ed25519 has 32 */
    NL_PASSKEY_DATA = 8192 /* bytes of what a browser returns at most */
};
enum nl_passkey_algorithm { NL_PASSKEY_ES256 = -7, NL_PASSKEY_EDDSA = -8 }; /* RFC 9053 */

/* A challenge: when it ends, random bits, and a MAC over both and its purpose, so that none has to
 * be stored until it is used. */
enum {
    NL_CHALLENGE_SECONDS = 300,
    NL_CHALLENGE_SLACK = 60, /* by which clocks of hosts and of database connections may differ */
    NL_CHALLENGE_LEN = 80
};

/* Makes a challenge for one purpose, such as "login" or "add ann". */
void nl_challenge_new(const struct nl_env *env, const char *secret, const char *purpose,
                      int64_t now, char out[NL_CHALLENGE_LEN]) NL_ALL_NONNULL;

/* Whether it is one for that purpose, and not too old. */
bool nl_challenge_is_good(const char *secret, const char *purpose, int64_t now,
                          const char *challenge) NL_ALL_NONNULL;

/* A question for a passkey: of which page, with which challenge. */
struct nl_passkey_asked {
    const char *origin;  /* "https://press.example.org", without a path */
    const char *rp_id;   /* "press.example.org" */
    const char *secret;  /* of the challenge */
    const char *purpose; /* the same */
    int64_t now;
};

struct nl_passkey {
    unsigned char id[NL_PASSKEY_ID];
    size_t id_len;
    unsigned char key[NL_PASSKEY_KEY];
    size_t key_len;
    enum nl_passkey_algorithm algorithm;
    uint32_t count; /* of signatures, as the authenticator reports it; 0: it does not count */
};

/* Reads the answer to navigator.credentials.create; the texts are base64url, without padding.
 * `challenge` gets the one that it answers, which the caller must use up. NL_DATA for anything but
 * a key for this origin, in answer to a good challenge, by an authenticator that has verified its
 * user. */
NL_CHECKED enum nl_status nl_passkey_register(const struct nl_passkey_asked *asked,
                                              const char *client_data, const char *attestation,
                                              struct nl_passkey *out,
                                              char challenge[NL_CHALLENGE_LEN],
                                              struct nl_error *err) NL_ALL_NONNULL;

/* The answer to navigator.credentials.get; all base64url. */
struct nl_passkey_answer {
    const char *client_data, *authenticator_data, *signature;
};

/* Verifies it with a stored key. *count is the authenticator's counter: one that does not go up
 * from that of the key (0 and 0: it does not count) is refused, as a copy of the key would do that.
 */
NL_CHECKED enum nl_status nl_passkey_verify(const struct nl_passkey_asked *asked,
                                            const struct nl_passkey *key,
                                            const struct nl_passkey_answer *answer, uint32_t *count,
                                            char challenge[NL_CHALLENGE_LEN],
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Reads base64url (RFC 4648 section 5) without padding; false for anything else or what is larger.
 */
bool nl_base64url(const char *text, unsigned char *out, size_t most, size_t *len) NL_ALL_NONNULL;

/* Origin and rpId of a site's URL; false for any other text, or NULL. */
bool nl_passkey_place(const char *url, char origin[300], char rp_id[256]) NL_NONNULL(2, 3);

#endif
