/* The parts of a consent receipt (newsletter/service/receipts.h). */
#ifndef NL_SERVICE_RECEIPT_H
#define NL_SERVICE_RECEIPT_H

#include "newsletter/base/key_ring.h"

#include "newsletter/base/address.h"
#include "newsletter/base/merkle.h"
#include "newsletter/proof/inclusion.h"

#include <jansson.h>

/* Adds the member "signature": a JWS with a detached payload (RFC 7515 appendix F) over all
 * others. */
NL_CHECKED enum nl_status nl_receipt_sign(json_t *receipt, const struct nl_note_signer *signer,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* NL_DATA where it is missing, or matches none of the keys; *by is the one. */
NL_CHECKED enum nl_status nl_receipt_signed(const json_t *receipt, const struct nl_key_ring *ring,
                                            const struct nl_verifier **by,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* The part of a receipt that its proof shall prove; it borrows from the receipt. Zero-initialise;
 * free with nl_receipt_claim_free. NL_DATA for a receipt without it. */
struct nl_receipt_claim {
    struct nl_address address;
    struct nl_consent_claim claim;
};
NL_CHECKED enum nl_status nl_receipt_claim(const json_t *receipt, struct nl_receipt_claim *out,
                                           struct nl_error *err) NL_ALL_NONNULL;
void nl_receipt_claim_free(struct nl_receipt_claim *claim);

/* Adds the member "proof"; nothing where there is none. And reads it, from a stranger: NL_DATA. */
NL_CHECKED enum nl_status nl_receipt_add_proof(json_t *receipt,
                                               const struct nl_inclusion *inclusion,
                                               struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_receipt_read_proof(const json_t *proof, struct nl_inclusion *out,
                                                struct nl_error *err) NL_NONNULL(2, 3);

#endif
