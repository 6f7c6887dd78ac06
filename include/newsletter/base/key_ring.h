/* The public keys of an office: the one that it signs with, and earlier ones. They stand in a file
 * and not in the database, so that somebody who changes the database cannot add a key that makes
 * the change genuine. */
#ifndef NEWSLETTER_BASE_KEY_RING_H
#define NEWSLETTER_BASE_KEY_RING_H

#include "newsletter/base/note.h"

#include <jansson.h>
#include <stdint.h>

/* A key, and when it signed: until 0, it still does. */
struct nl_ring_key {
    struct nl_verifier verifier;
    int64_t since, until;
};

/* The latest key stands last. Zero-initialise; free with nl_key_ring_free. */
struct nl_key_ring {
    struct nl_ring_key *keys;
    size_t count;
};

enum { NL_RING_KEYS = 256 };

/* Reads public keys, in any of the forms that we hand out: our own file (a line for each key, with
 * since, until and the verifier key), verifier keys of signed-note alone, a JWK Set, or PEM, whose
 * key has no name. NL_DATA if there is no key in it. */
NL_CHECKED enum nl_status nl_key_ring_read(const char *path, struct nl_key_ring *out,
                                           struct nl_error *err) NL_NONNULL(1, 2);

/* The same from text, which `path` names in errors. */
NL_CHECKED enum nl_status nl_key_ring_parse(const char *text, const char *path,
                                            struct nl_key_ring *out, struct nl_error *err)
    NL_NONNULL(1, 2, 3);

/* Makes a key that signs under `name` from `now` on: the private one goes to `key_file`, the public
 * one to `public_file`. NL_EXISTS if there is a key already. */
NL_CHECKED enum nl_status nl_key_ring_make(const char *key_file, const char *public_file,
                                           const char *name, int64_t now, struct nl_error *err)
    NL_NONNULL(1, 2, 3);

/* Makes a new key in the place of the present one, whose public key stays. The public file is
 * written first: a crash between the two leaves a public key that signs nothing. */
NL_CHECKED enum nl_status nl_key_ring_rotate(const char *key_file, const char *public_file,
                                             int64_t now, struct nl_error *err) NL_NONNULL(1, 2);

/* The name and public key of `key`; NULL if the ring does not have it. */
const struct nl_ring_key *nl_key_ring_find(const struct nl_key_ring *ring,
                                           const struct nl_sign_key *key) NL_ALL_NONNULL;

/* The same as nl_key_ring_read where there may be no such file (`path` NULL: there is none): *found
 * says so. */
NL_CHECKED enum nl_status nl_key_ring_read_if_any(const char *path, struct nl_key_ring *out,
                                                  bool *found, struct nl_error *err)
    NL_NONNULL(2, 3);

/* The office's key with its public keys, of which `verifier` is its own. Zero-initialise; free with
 * nl_note_signer_free. */
struct nl_note_signer {
    struct nl_sign_key *key;
    struct nl_key_ring ring;
    const struct nl_verifier *verifier;
};

/* NL_CONFIG where the public keys are not those of the key. */
NL_CHECKED enum nl_status nl_note_signer_open(const char *key_file, const char *public_file,
                                              struct nl_note_signer *out, struct nl_error *err)
    NL_NONNULL(1, 2, 3);
void nl_note_signer_free(struct nl_note_signer *signer) NL_ALL_NONNULL;

/* The ring as a JWK Set (RFC 7517) of octet key pairs (RFC 8037). Beyond these, each key has the
 * members "verifier" (signed-note), "since" and "until". The caller frees it. NULL where
 * a name is not UTF-8. */
json_t *nl_key_ring_json(const struct nl_key_ring *ring) NL_ALL_NONNULL;

/* The content of the DNS record with a public key. */
void nl_key_record(const struct nl_verifier *verifier, struct nl_buf *out) NL_ALL_NONNULL;

void nl_key_ring_free(struct nl_key_ring *ring);

#endif
