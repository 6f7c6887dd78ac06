/* Proofs that the ledger tells of a consent: inclusion proofs (RFC 9162 section 2.1.3) of its
 * entries in the tree of a signed checkpoint. */
#ifndef NEWSLETTER_PROOF_INCLUSION_H
#define NEWSLETTER_PROOF_INCLUSION_H

#include "newsletter/base/key_ring.h"
#include "newsletter/config/config.h"
#include "newsletter/store/ledger.h"

/* A receipt says this, and its proof shall prove it. All borrowed. */
struct nl_consent_claim {
    const char *address_key, *state;
    struct nl_ledger_consent consent;
    int64_t confirmed_at; /* 0: never */
};

enum { NL_INCLUDED_MOST = 8 };

/* An entry of the ledger, and its proof: digests, from the leaf up. */
struct nl_included {
    uint64_t leaf;
    struct nl_buf entry, path;
};

/* Zero-initialise; free with nl_inclusion_free. */
struct nl_inclusion {
    char *checkpoint;     /* a signed note; NULL: nothing is proved */
    int64_t subscription; /* its number in the ledger */
    bool has_key;
    unsigned char key[NL_LEDGER_KEY]; /* of the person: it opens the commitments */
    struct nl_included items[NL_INCLUDED_MOST];
    size_t count;
};
void nl_inclusion_free(struct nl_inclusion *inclusion);

/* The things that a proof may prove, as bits. */
enum nl_proved {
    NL_PROVED_ADDRESS = 1,   /* the person has that address */
    NL_PROVED_CONSENT = 2,   /* when it was asked, by whom, and with which wordings */
    NL_PROVED_REQUESTED = 4, /* an entry of that time says that it was asked */
    NL_PROVED_CONFIRMED = 8, /* likewise, that it was confirmed */
    NL_PROVED_STATE = 16,    /* the subscription is in that state */
};

/* Makes the proof of a claim about a subscription and its person, from the newest checkpoint; a
 * newer one is made where that is older than the last change. Nothing where there is no key to sign
 * it, and where the ledger does not tell of the subscription. Not in a transaction. */
NL_CHECKED enum nl_status nl_inclusion_make(struct nl_store *store, const struct nl_config *config,
                                            int64_t subscription, int64_t person,
                                            const struct nl_consent_claim *claim,
                                            struct nl_inclusion *out,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Checks a proof from outside. NL_DATA, with the reason, where anything in it does not hold or says
 * otherwise than the claim. *proved: bits of enum nl_proved; *size: the entries of the checkpoint.
 */
NL_CHECKED enum nl_status nl_inclusion_check(const struct nl_inclusion *inclusion,
                                             const struct nl_consent_claim *claim,
                                             const struct nl_key_ring *ring, unsigned *proved,
                                             uint64_t *size, struct nl_error *err) NL_ALL_NONNULL;

/* Whether a checkpoint was signed by one of the keys, under the name in its first line. */
bool nl_checkpoint_is_signed(const struct nl_key_ring *ring, const char *note) NL_ALL_NONNULL;

#endif
