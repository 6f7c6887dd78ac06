/* The checkpoints that the tree must agree with while it grows: those that we made, and one that
 * somebody kept. */
#ifndef NL_PROOF_HELD_H
#define NL_PROOF_HELD_H

#include "proof/books.h"

/* Zero-initialise; free with nl_held_free. */
struct nl_held {
    struct nl_buf heads; /* struct nl_held_head, by size */
    size_t next;         /* the first that the tree has not reached */
    bool proves;         /* the hashes of leaves are kept, for a proof */
    struct nl_buf leaves;
};

/* Reads the checkpoints of the database and the one that the options give. */
NL_CHECKED enum nl_status nl_held_gather(struct nl_held *held, struct nl_books *books,
                                         struct nl_store *store,
                                         const struct nl_audit_options *options,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* A leaf was added. */
void nl_held_leaf(struct nl_held *held, struct nl_books *books,
                  const unsigned char leaf[NL_DIGEST_LEN]) NL_ALL_NONNULL;

/* The tree is whole: finds checkpoints that it did not reach, and makes the proof. */
void nl_held_end(struct nl_held *held, struct nl_books *books) NL_ALL_NONNULL;

void nl_held_free(struct nl_held *held);

#endif
