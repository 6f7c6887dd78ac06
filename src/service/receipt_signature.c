#include "service/receipt.h"

#include "newsletter/base/base64.h"
#include "newsletter/base/passkey.h"

#include <stdlib.h>
#include <string.h>

/* The receipt without its signature, in the one form that RFC 8785 has for it: names are ASCII, and
 * numbers are small integers. The caller frees it. */
static char *canonical(const json_t *receipt) {
    json_t *copy = json_deep_copy(receipt);
    json_object_del(copy, "signature");
    char *text = copy != NULL ? json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(copy);
    return text;
}

/* "HEADER.PAYLOAD", which is signed (RFC 7515 section 5.1). */
static enum nl_status signing_input(const char *header, const json_t *receipt, struct nl_buf *out,
                                    struct nl_error *err) {
    char *text = canonical(receipt);
    if (text == NULL)
        return nl_error_nomem(err);
    nl_buf_addf(out, "%s.", header);
    nl_base64url_add(out, text, strlen(text));
    free(text);
    return NL_OK;
}

/* A JWS with a detached payload (RFC 7515 appendix F). */
enum nl_status nl_receipt_sign(json_t *receipt, const struct nl_note_signer *signer,
                               struct nl_error *err) {
    unsigned char id[NL_KEY_ID_LEN];
    unsigned char signature[NL_SIGNATURE_LEN];
    struct nl_buf plain = {0};
    struct nl_buf header = {0};
    struct nl_buf input = {0};
    nl_key_id(signer->verifier, id);
    nl_buf_addf(&plain, "{\"alg\":\"EdDSA\",\"kid\":\"%02x%02x%02x%02x\"}", id[0], id[1], id[2],
                id[3]);
    nl_base64url_add(&header, nl_buf_text(&plain), plain.len);
    enum nl_status status = signing_input(nl_buf_text(&header), receipt, &input, err);
    if (status == NL_OK)
        status = nl_sign(signer->key, nl_buf_text(&input), input.len, signature, err);
    if (status == NL_OK) {
        nl_buf_adds(&header, "..");
        nl_base64url_add(&header, signature, sizeof signature);
        json_object_set_new(receipt, "signature", json_string(nl_buf_text(&header)));
    }
    nl_buf_free(&plain);
    nl_buf_free(&header);
    nl_buf_free(&input);
    return status;
}

enum nl_status nl_receipt_signed(const json_t *receipt, const struct nl_key_ring *ring,
                                 const struct nl_verifier **by, struct nl_error *err) {
    const char *jws = json_string_value(json_object_get(receipt, "signature"));
    const char *dots = jws != NULL ? strstr(jws, "..") : NULL;
    unsigned char signature[NL_SIGNATURE_LEN];
    size_t len = 0;
    struct nl_buf header = {0};
    struct nl_buf input = {0};
    bool holds = false;
    *by = NULL;
    if (dots == NULL || !nl_base64url(dots + 2, signature, sizeof signature, &len) ||
        len != sizeof signature)
        return nl_error_set(err, NL_DATA, "the receipt is not signed");
    nl_buf_add(&header, jws, (size_t)(dots - jws));
    enum nl_status status = signing_input(nl_buf_text(&header), receipt, &input, err);
    for (size_t i = 0; status == NL_OK && !holds && i < ring->count; i++) {
        *by = &ring->keys[i].verifier;
        holds = nl_sign_holds((*by)->key, nl_buf_text(&input), input.len, signature);
    }
    if (status == NL_OK && !holds)
        status = nl_error_set(err, NL_DATA,
                              "the signature of the receipt does not match any of the keys");
    nl_buf_free(&header);
    nl_buf_free(&input);
    return status;
}
