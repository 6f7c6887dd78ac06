#include "newsletter/base/merkle.h"
#include "newsletter/base/memory.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* Looking SHA-256 up costs more than hashing an entry, so it is done once. */
struct nl_hasher {
    EVP_MD *algorithm;
    EVP_MD_CTX *context;
};

struct nl_hasher *nl_hasher_new(void) {
    struct nl_hasher *hasher = nl_calloc(1, sizeof *hasher);
    hasher->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    hasher->context = EVP_MD_CTX_new();
    if (hasher->algorithm != NULL && hasher->context != NULL &&
        EVP_DigestInit_ex2(hasher->context, hasher->algorithm, NULL) == 1)
        return hasher;
    nl_hasher_free(hasher);
    return NULL;
}

void nl_hasher_free(struct nl_hasher *hasher) {
    if (hasher == NULL)
        return;
    EVP_MD_CTX_free(hasher->context);
    EVP_MD_free(hasher->algorithm);
    free(hasher);
}

void nl_merkle_leaf(struct nl_hasher *hasher, const void *entry, size_t len,
                    unsigned char out[NL_DIGEST_LEN]) {
    EVP_DigestInit_ex2(hasher->context, NULL, NULL);
    EVP_DigestUpdate(hasher->context, "\0", 1);
    EVP_DigestUpdate(hasher->context, entry, len);
    EVP_DigestFinal_ex(hasher->context, out, NULL);
}

static void hash_node(struct nl_hasher *hasher, const unsigned char left[NL_DIGEST_LEN],
                      const unsigned char right[NL_DIGEST_LEN], unsigned char out[NL_DIGEST_LEN]) {
    unsigned char node[1 + 2 * NL_DIGEST_LEN] = {1};
    memcpy(node + 1, left, NL_DIGEST_LEN);
    memcpy(node + 1 + NL_DIGEST_LEN, right, NL_DIGEST_LEN);
    EVP_DigestInit_ex2(hasher->context, NULL, NULL);
    EVP_DigestUpdate(hasher->context, node, sizeof node);
    EVP_DigestFinal_ex(hasher->context, out, NULL);
}

/* ---- leaf by leaf ---- */

size_t nl_merkle_peaks(uint64_t size) {
    return (size_t)__builtin_popcountll(size);
}

/* Each one bit of the size, from the highest on, is a peak. A leaf makes trees of equal size one,
 * as a carry does. */
void nl_merkle_add(struct nl_merkle *tree, struct nl_hasher *hasher,
                   const unsigned char leaf[NL_DIGEST_LEN]) {
    size_t count = nl_merkle_peaks(tree->size);
    unsigned char head[NL_DIGEST_LEN];
    memcpy(head, leaf, sizeof head);
    for (uint64_t bits = tree->size; (bits & 1) != 0; bits >>= 1)
        hash_node(hasher, tree->peaks[--count], head, head);
    memcpy(tree->peaks[count], head, sizeof head);
    tree->size++;
}

void nl_merkle_head(const struct nl_merkle *tree, struct nl_hasher *hasher,
                    unsigned char out[NL_DIGEST_LEN]) {
    size_t count = nl_merkle_peaks(tree->size);
    if (count == 0) {
        nl_digest("", 0, out);
        return;
    }
    memcpy(out, tree->peaks[--count], NL_DIGEST_LEN);
    while (count > 0)
        hash_node(hasher, tree->peaks[--count], out, out);
}

/* ---- all leaves at hand ---- */

void nl_merkle_head_of(struct nl_hasher *hasher, const unsigned char *leaves, uint64_t size,
                       unsigned char out[NL_DIGEST_LEN]) {
    struct nl_merkle tree = {0};
    for (uint64_t i = 0; i < size; i++)
        nl_merkle_add(&tree, hasher, leaves + i * NL_DIGEST_LEN);
    nl_merkle_head(&tree, hasher, out);
}

/* The largest power of two below `size`. */
static uint64_t split(uint64_t size) {
    uint64_t half = 1;
    while (2 * half < size)
        half *= 2;
    return half;
}

static void add_head(struct nl_hasher *hasher, const unsigned char *leaves, uint64_t first,
                     uint64_t last, unsigned char out[NL_DIGEST_LEN]) {
    nl_merkle_head_of(hasher, leaves + first * NL_DIGEST_LEN, last - first, out);
}

/* Both proofs go down the tree and name the half that they leave, so the path is written from its
 * end: `halves` keeps the bounds on the way. */
struct descent {
    unsigned char siblings[NL_MERKLE_PEAKS + 1][NL_DIGEST_LEN];
    size_t depth;
};

static void write_path(const struct descent *descent, struct nl_buf *path) {
    for (size_t i = descent->depth; i > 0; i--)
        nl_buf_add(path, descent->siblings[i - 1], NL_DIGEST_LEN);
}

void nl_merkle_include(struct nl_hasher *hasher, const unsigned char *leaves, uint64_t at,
                       uint64_t size, struct nl_buf *path) {
    struct descent descent = {.depth = 0};
    uint64_t first = 0;
    uint64_t last = size;
    while (last - first > 1) {
        uint64_t middle = first + split(last - first);
        bool left = at < middle;
        add_head(hasher, leaves, left ? middle : first, left ? last : middle,
                 descent.siblings[descent.depth++]);
        first = left ? first : middle;
        last = left ? middle : last;
    }
    write_path(&descent, path);
}

void nl_merkle_extend(struct nl_hasher *hasher, const unsigned char *leaves, uint64_t old,
                      uint64_t size, struct nl_buf *path) {
    struct descent descent = {.depth = 0};
    uint64_t first = 0;
    uint64_t last = size;
    while (old < last) {
        uint64_t middle = first + split(last - first);
        bool left = old <= middle;
        add_head(hasher, leaves, left ? middle : first, left ? last : middle,
                 descent.siblings[descent.depth++]);
        first = left ? first : middle;
        last = left ? middle : last;
    }
    if (first > 0)
        add_head(hasher, leaves, first, last, descent.siblings[descent.depth++]);
    write_path(&descent, path);
}

/* ---- checking ---- */

static bool is_head(const unsigned char found[NL_DIGEST_LEN],
                    const unsigned char head[NL_DIGEST_LEN]) {
    return memcmp(found, head, NL_DIGEST_LEN) == 0;
}

bool nl_merkle_includes(struct nl_hasher *hasher, const unsigned char leaf[NL_DIGEST_LEN],
                        uint64_t at, uint64_t size, const unsigned char *path, size_t count,
                        const unsigned char head[NL_DIGEST_LEN]) {
    unsigned char found[NL_DIGEST_LEN];
    uint64_t last = size - 1;
    if (at >= size)
        return false;
    memcpy(found, leaf, sizeof found);
    for (size_t i = 0; i < count; i++, path += NL_DIGEST_LEN) {
        if (last == 0)
            return false;
        if ((at & 1) == 0 && at != last) {
            hash_node(hasher, found, path, found);
        } else {
            hash_node(hasher, path, found, found);
            for (; (at & 1) == 0 && at != 0; at >>= 1)
                last >>= 1;
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0 && is_head(found, head);
}

bool nl_merkle_extends(struct nl_hasher *hasher, uint64_t old, uint64_t size,
                       const unsigned char *path, size_t count,
                       const unsigned char old_head[NL_DIGEST_LEN],
                       const unsigned char head[NL_DIGEST_LEN]) {
    unsigned char before[NL_DIGEST_LEN];
    unsigned char after[NL_DIGEST_LEN];
    uint64_t at = old - 1;
    uint64_t last = size - 1;
    if (old == 0 || old > size)
        return false;
    if (old == size)
        return count == 0 && is_head(old_head, head);
    bool whole = (old & (old - 1)) == 0; /* the old head begins the path, but is left out of it */
    if (!whole && count == 0)
        return false;
    memcpy(before, whole ? old_head : path, sizeof before);
    memcpy(after, before, sizeof after);
    for (; (at & 1) != 0; at >>= 1)
        last >>= 1;
    for (size_t i = whole ? 0 : 1; i < count; i++) {
        const unsigned char *sibling = path + i * NL_DIGEST_LEN;
        if (last == 0)
            return false;
        if ((at & 1) != 0 || at == last) {
            hash_node(hasher, sibling, before, before);
            hash_node(hasher, sibling, after, after);
            for (; (at & 1) == 0 && at != 0; at >>= 1)
                last >>= 1;
        } else {
            hash_node(hasher, after, sibling, after);
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0 && is_head(before, old_head) && is_head(after, head);
}
