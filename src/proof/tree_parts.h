/* The ledger's tree in parts, so that a proof needs one of them and the heads of the others. */
#ifndef NL_PROOF_TREE_PARTS_H
#define NL_PROOF_TREE_PARTS_H

#include "newsletter/base/merkle.h"
#include "newsletter/store/ledger_parts.h"
#include "proof/entry.h"

/* A leaf of the ledger. */
struct nl_tree_leaf {
    uint64_t number;
    const struct nl_entry *entry;
    int64_t record, skip; /* where it is: after `skip` others of its record */
};

/* Calls `each` for the leaves from `first` on, which is in `record` after `skip` others, as far as
 * they are in records up to `last`, until *stop. */
struct nl_tree_walk {
    uint64_t first;
    int64_t record, skip, last;
    enum nl_status (*each)(const struct nl_tree_leaf *leaf, void *ctx, bool *stop,
                           struct nl_error *err);
    void *ctx;
};
NL_CHECKED enum nl_status nl_tree_walk(struct nl_store *store, const struct nl_tree_walk *walk,
                                       struct nl_error *err) NL_ALL_NONNULL;

/* Keeps the heads of all parts that the records up to `last` fill. */
NL_CHECKED enum nl_status nl_tree_keep_parts(struct nl_store *store, struct nl_hasher *hasher,
                                             int64_t last, struct nl_error *err) NL_ALL_NONNULL;

/* A walk from the first leaf that no part has, up to the record `last`. */
NL_CHECKED enum nl_status nl_tree_rest(struct nl_store *store, int64_t last,
                                       struct nl_tree_walk *out,
                                       struct nl_error *err) NL_ALL_NONNULL;

/* Which subscriptions, or which person, an entry tells of; false for others. Calls it with *at = 0
 * first; it counts on while there are more. */
bool nl_tree_place(const struct nl_entry *entry, size_t *at, struct nl_ledger_place *out);

#endif
