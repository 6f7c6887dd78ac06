/* Proofs from the ledger are made of heads of parts of its tree, and of the places of entries about
 * a subscription. Both follow from the ledger. */
#ifndef NEWSLETTER_STORE_LEDGER_PARTS_H
#define NEWSLETTER_STORE_LEDGER_PARTS_H

#include "newsletter/store/ledger.h"

enum { NL_LEDGER_PART = 1024 }; /* leaves */

/* A part of the tree: its first leaf is in `record`, after `skip` others. */
struct nl_ledger_part {
    int64_t number, record, skip;
    unsigned char head[NL_DIGEST_LEN];
};

/* A leaf that tells of the subscriptions from `first` to `last`; of a person: minus their number.
 */
struct nl_ledger_place {
    int64_t first, last, leaf;
};

/* A part by its number, or the last one with -1; *found tells whether there is one. */
NL_CHECKED enum nl_status nl_ledger_part_find(struct nl_store *store, int64_t number,
                                              struct nl_ledger_part *out, bool *found,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Appends the heads of all parts, in order. */
NL_CHECKED enum nl_status nl_ledger_part_heads(struct nl_store *store, struct nl_buf *out,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Keeps parts and places (struct nl_ledger_part and struct nl_ledger_place one after the other).
 * Those that are there already stay. */
NL_CHECKED enum nl_status nl_ledger_parts_add(struct nl_store *store, const struct nl_buf *parts,
                                              const struct nl_buf *places,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Appends the leaves (int64_t) that tell of a subscription or of its person, in order. */
NL_CHECKED enum nl_status nl_ledger_places_of(struct nl_store *store, int64_t subscription,
                                              int64_t person, struct nl_buf *out,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* The key of a person's commitments; false in *found where there is none. */
NL_CHECKED enum nl_status nl_ledger_key_of(struct nl_store *store, int64_t person,
                                           unsigned char key[NL_LEDGER_KEY], bool *found,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
