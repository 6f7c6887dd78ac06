/* An authenticator and the browser in front of it: what navigator.credentials returns, as a test
 * wants it. */
#ifndef NL_TESTS_MADE_PASSKEY_H
#define NL_TESTS_MADE_PASSKEY_H

#include "support.h"

#include "newsletter/base/passkey.h"

#include <openssl/evp.h>

enum { MADE_PRESENT = 1, MADE_VERIFIED = 4, MADE_KEY = 64, MADE_EXTENSIONS = 128 };

/* Set by a test; a zeroed member has its usual value. */
struct made_passkey {
    EVP_PKEY *key;  /* of P-256 or Ed25519 */
    const char *id; /* of the credential; NULL: "credential" */
    uint32_t count; /* of signatures */
    unsigned flags; /* 0: PRESENT and VERIFIED, and KEY in an attestation */
    const char *type, *origin, *rp_id, *challenge; /* NULL: as asked; the challenge is to be set */
    const char *more_client; /* members more of the client data, with a comma before */
    const char *more_data;   /* follows the authenticator data */
    const char *format;      /* of the attestation; NULL: "none" */
};

/* Texts that are returned, in base64url: client data and attestation, or client data, authenticator
 * data and signature. */
struct passkey_answer {
    struct nl_buf client, attestation, data, signature, id;
};
void made_passkey_register(const struct made_passkey *passkey, const struct nl_passkey_asked *asked,
                           struct passkey_answer *out);
void made_passkey_sign(const struct made_passkey *passkey, const struct nl_passkey_asked *asked,
                       struct passkey_answer *out);
void passkey_answer_free(struct passkey_answer *answer);

#endif
