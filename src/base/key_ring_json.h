/* Parts of key rings that their files share. */
#ifndef NL_BASE_KEY_RING_JSON_H
#define NL_BASE_KEY_RING_JSON_H

#include "newsletter/base/key_ring.h"

/* Adds a copy of `key` at the end. */
NL_CHECKED enum nl_status nl_key_ring_add(struct nl_key_ring *ring, const struct nl_ring_key *key,
                                          struct nl_error *err) NL_NONNULL(1, 2);

/* Adds the Ed25519 keys of a JWK Set. Keys of other kinds are passed over. */
NL_CHECKED enum nl_status nl_key_ring_read_json(const char *text, const char *path,
                                                struct nl_key_ring *out, struct nl_error *err)
    NL_NONNULL(1, 2, 3);

#endif
