#include "base/key_ring_json.h"
#include "newsletter/base/base64.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

void nl_key_ring_free(struct nl_key_ring *ring) {
    if (ring == NULL)
        return;
    free(ring->keys);
    *ring = (struct nl_key_ring){0};
}

enum nl_status nl_key_ring_add(struct nl_key_ring *ring, const struct nl_ring_key *key,
                               struct nl_error *err) {
    if (ring->count == NL_RING_KEYS)
        return nl_error_set(err, NL_DATA, "there are more than %d keys", NL_RING_KEYS);
    struct nl_ring_key *more = nl_realloc(ring->keys, (ring->count + 1) * sizeof *more);
    more[ring->count++] = *key;
    ring->keys = more;
    return NL_OK;
}

const struct nl_ring_key *nl_key_ring_find(const struct nl_key_ring *ring,
                                           const struct nl_sign_key *key) {
    unsigned char public[NL_PUBLIC_KEY_LEN];
    nl_sign_key_public(key, public);
    for (size_t i = 0; i < ring->count; i++)
        if (memcmp(ring->keys[i].verifier.key, public, sizeof public) == 0)
            return &ring->keys[i];
    return NULL;
}

void nl_key_record(const struct nl_verifier *verifier, struct nl_buf *out) {
    nl_buf_adds(out, "v=newsletter1; k=ed25519; p=");
    nl_base64_add(out, verifier->key, NL_PUBLIC_KEY_LEN);
}
