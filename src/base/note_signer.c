#include "newsletter/base/key_ring.h"

enum nl_status nl_note_signer_open(const char *key_file, const char *public_file,
                                   struct nl_note_signer *out, struct nl_error *err) {
    enum nl_status status = nl_sign_key_read(key_file, &out->key, err);
    if (status == NL_OK)
        status = nl_key_ring_read(public_file, &out->ring, err);
    const struct nl_ring_key *own = status == NL_OK ? nl_key_ring_find(&out->ring, out->key) : NULL;
    if (own != NULL)
        out->verifier = &own->verifier;
    else if (status == NL_OK)
        status = nl_error_set(err, NL_CONFIG, "%s does not have the public key of %s", public_file,
                              key_file);
    return status;
}

void nl_note_signer_free(struct nl_note_signer *signer) {
    nl_sign_key_free(signer->key);
    nl_key_ring_free(&signer->ring);
    *signer = (struct nl_note_signer){0};
}
