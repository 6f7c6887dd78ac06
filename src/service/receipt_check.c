#include "newsletter/service/receipts.h"

#include "newsletter/base/token.h"
#include "service/receipt.h"

#include <string.h>

/* Each wording has the digest of its text. */
static enum nl_status check_wordings(const json_t *receipt, struct nl_error *err) {
    const json_t *wordings = json_object_get(json_object_get(receipt, "notice"), "wordings");
    for (size_t i = 0; i < json_array_size(wordings); i++) {
        const json_t *wording = json_array_get(wordings, i);
        const char *text = json_string_value(json_object_get(wording, "text"));
        const char *digest = json_string_value(json_object_get(wording, "digest"));
        char found[NL_HEX_LEN];
        if (text != NULL)
            nl_digest_hex(text, strlen(text), found);
        if (text == NULL || digest == NULL || strcmp(found, digest) != 0)
            return nl_error_set(err, NL_DATA,
                                "a wording of the receipt is not the one with that digest");
    }
    return NL_OK;
}

const char *const nl_proved_words[] = {"address",   "consent", "requested",
                                       "confirmed", "state",   NULL};

static enum nl_status check_proof(const json_t *receipt, const struct nl_key_ring *ring,
                                  struct nl_receipt_checked *out, struct nl_error *err) {
    const json_t *proof = json_object_get(receipt, "proof");
    struct nl_receipt_claim claim = {0};
    struct nl_inclusion inclusion = {0};
    out->in_ledger = proof != NULL;
    if (proof == NULL)
        return NL_OK;
    enum nl_status status = nl_receipt_claim(receipt, &claim, err);
    if (status == NL_OK)
        status = nl_receipt_read_proof(proof, &inclusion, err);
    if (status == NL_OK)
        status = nl_inclusion_check(&inclusion, &claim.claim, ring, &out->proved, &out->size, err);
    nl_inclusion_free(&inclusion);
    nl_receipt_claim_free(&claim);
    return status;
}

/* The signature comes last: it finds every change, and the others say which. */
enum nl_status nl_receipt_check(const json_t *receipt, const struct nl_key_ring *ring,
                                struct nl_receipt_checked *out, struct nl_error *err) {
    const struct nl_verifier *by = NULL;
    *out = (struct nl_receipt_checked){0};
    enum nl_status status = check_wordings(receipt, err);
    if (status == NL_OK)
        status = check_proof(receipt, ring, out, err);
    if (status == NL_OK)
        status = nl_receipt_signed(receipt, ring, &by, err);
    if (status == NL_OK)
        memcpy(out->signed_by, by->name, sizeof out->signed_by);
    return status;
}
