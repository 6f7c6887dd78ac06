/* The Merkle tree of RFC 9162, section 2.1, over entries that are only ever added. */
#ifndef NEWSLETTER_BASE_MERKLE_H
#define NEWSLETTER_BASE_MERKLE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/token.h"

enum { NL_MERKLE_PEAKS = 63 };

/* A tree as far as further leaves need it: the heads of the perfect trees that it is made of, the
 * largest first. Zeroed, it is empty. */
struct nl_merkle {
    uint64_t size; /* leaves */
    unsigned char peaks[NL_MERKLE_PEAKS][NL_DIGEST_LEN];
};

/* Hashes many texts without preparing each time. NULL without memory. */
struct nl_hasher;
struct nl_hasher *nl_hasher_new(void);
void nl_hasher_free(struct nl_hasher *hasher);

/* The hash of a leaf: SHA-256 over a zero byte and the entry. */
void nl_merkle_leaf(struct nl_hasher *hasher, const void *entry, size_t len,
                    unsigned char out[NL_DIGEST_LEN]) NL_NONNULL(1, 4);

/* Adds a leaf by its hash. */
void nl_merkle_add(struct nl_merkle *tree, struct nl_hasher *hasher,
                   const unsigned char leaf[NL_DIGEST_LEN]) NL_ALL_NONNULL;

/* How many peaks a tree of that size has. */
size_t nl_merkle_peaks(uint64_t size);

/* The head of the tree. */
void nl_merkle_head(const struct nl_merkle *tree, struct nl_hasher *hasher,
                    unsigned char out[NL_DIGEST_LEN]) NL_ALL_NONNULL;

/* The next three take the hashes of all leaves, one after the other. `path` receives digests. */

/* The head of the first `size` leaves. */
void nl_merkle_head_of(struct nl_hasher *hasher, const unsigned char *leaves, uint64_t size,
                       unsigned char out[NL_DIGEST_LEN]) NL_NONNULL(1, 4);

/* The inclusion proof of the leaf `at`, section 2.1.3.1. at < size. */
void nl_merkle_include(struct nl_hasher *hasher, const unsigned char *leaves, uint64_t at,
                       uint64_t size, struct nl_buf *path) NL_ALL_NONNULL;

/* The proof that the first `old` leaves are those of an earlier tree, section 2.1.4.1. 0 < old <=
 * size. */
void nl_merkle_extend(struct nl_hasher *hasher, const unsigned char *leaves, uint64_t old,
                      uint64_t size, struct nl_buf *path) NL_ALL_NONNULL;

/* Whether an inclusion proof holds (section 2.1.3.2), or a consistency proof (2.1.4.2): `count`
 * digests in `path`. */
bool nl_merkle_includes(struct nl_hasher *hasher, const unsigned char leaf[NL_DIGEST_LEN],
                        uint64_t at, uint64_t size, const unsigned char *path, size_t count,
                        const unsigned char head[NL_DIGEST_LEN]) NL_NONNULL(1, 2, 7);
bool nl_merkle_extends(struct nl_hasher *hasher, uint64_t old, uint64_t size,
                       const unsigned char *path, size_t count,
                       const unsigned char old_head[NL_DIGEST_LEN],
                       const unsigned char head[NL_DIGEST_LEN]) NL_NONNULL(1, 6, 7);

#endif
