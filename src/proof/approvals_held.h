/* The approvals in the books: what was asked, answered and made, step by step. */
#ifndef NL_PROOF_APPROVALS_HELD_H
#define NL_PROOF_APPROVALS_HELD_H

#include "proof/books.h"

struct nl_booked_approval {
    unsigned char who[NL_DIGEST_LEN], texts[NL_DIGEST_LEN];
    char state[16], seal[NL_HEX_LEN];
    bool asked; /* its first step is in the ledger */
    bool gone;  /* its draft was removed */
    bool seen, texts_seen;
    int64_t draft, at;
};

struct nl_booked_word {
    unsigned char who[NL_DIGEST_LEN];
    char kind[16];
    bool gone, seen;
    int64_t approval, at;
};

/* Enters an entry about an approval, or about a draft that was removed. */
void nl_approvals_enter(struct nl_books *books, const struct nl_entry *entry);

/* Compares the approvals in the database with the books. */
NL_CHECKED enum nl_status nl_approvals_compare(struct nl_books *books, struct nl_store *store,
                                               struct nl_error *err);

#endif
