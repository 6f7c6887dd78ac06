#include "web/proof.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/token.h"

#include <string.h>

enum { PROOF_LIMIT = 20, BYTE = 8 };

bool nl_proof_is_good(const char *stamp, const char *proof) {
    unsigned char digest[NL_DIGEST_LEN] = {0};
    struct nl_buf text = {0};
    if (stamp == NULL || proof == NULL || proof[0] == '\0' || strlen(proof) > PROOF_LIMIT)
        return false;
    nl_buf_addf(&text, "%s:%s", stamp, proof);
    bool good = true;
    nl_digest(nl_buf_text(&text), text.len, digest);
    for (int bit = 0; bit < NL_PROOF_BITS; bit++)
        good = good && (digest[bit / BYTE] >> (BYTE - 1 - bit % BYTE) & 1) == 0;
    nl_buf_free(&text);
    return good;
}
