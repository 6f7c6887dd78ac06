#include "support.h"

#include "newsletter/base/merkle.h"

#include <stdio.h>

/* RFC 9162 section 2.1.5 has an example tree of seven leaves; the vectors are those of the
 * reference implementation of Certificate Transparency (merkletree, eight leaves). */
static const char *const leaves_hex[] = {"",
                                         "00",
                                         "10",
                                         "2021",
                                         "3031",
                                         "40414243",
                                         "5051525354555657",
                                         "606162636465666768696a6b6c6d6e6f"};
static const char *const heads[] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};
enum { LEAVES = 8, MANY = 70 };

static size_t unhex(const char *hex, unsigned char *out) {
    size_t len = 0;
    for (unsigned byte = 0; sscanf(hex + 2 * len, "%2x", &byte) == 1; len++)
        out[len] = (unsigned char)byte;
    return len;
}

static void make_leaves(struct nl_hasher *hasher, unsigned char *out) {
    for (size_t i = 0; i < LEAVES; i++) {
        unsigned char entry[32];
        nl_merkle_leaf(hasher, entry, unhex(leaves_hex[i], entry), out + i * NL_DIGEST_LEN);
    }
}

static void assert_digest(const unsigned char digest[NL_DIGEST_LEN], const char *hex) {
    char text[NL_HEX_LEN];
    nl_hex(digest, text);
    assert_string_equal(text, hex);
}

static void test_heads(void **state) {
    struct nl_hasher *hasher = nl_hasher_new();
    struct nl_merkle tree = {0};
    unsigned char leaves[LEAVES * NL_DIGEST_LEN];
    unsigned char head[NL_DIGEST_LEN];
    (void)state;
    make_leaves(hasher, leaves);
    nl_merkle_head(&tree, hasher, head);
    assert_digest(head, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < LEAVES; i++) {
        nl_merkle_add(&tree, hasher, leaves + i * NL_DIGEST_LEN);
        nl_merkle_head(&tree, hasher, head);
        assert_digest(head, heads[i]);
        assert_int_equal(nl_merkle_peaks(i + 1), (size_t)__builtin_popcountll(i + 1));
    }
    nl_hasher_free(hasher);
}

static void test_proofs_of_the_reference(void **state) {
    static const struct {
        uint64_t at, size;
        const char *path[3];
        size_t count;
    } rows[] = {
        {0, 1, {NULL}, 0},
        {0,
         8,
         {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
          "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"},
         3},
        {5,
         8,
         {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
         3},
        {2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}, 1},
    };
    struct nl_hasher *hasher = nl_hasher_new();
    unsigned char leaves[LEAVES * NL_DIGEST_LEN];
    (void)state;
    make_leaves(hasher, leaves);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nl_buf path = {0};
        nl_merkle_include(hasher, leaves, rows[i].at, rows[i].size, &path);
        assert_int_equal(path.len, rows[i].count * NL_DIGEST_LEN);
        for (size_t j = 0; j < rows[i].count; j++)
            assert_digest((const unsigned char *)path.data + j * NL_DIGEST_LEN, rows[i].path[j]);
        nl_buf_free(&path);
    }
    nl_hasher_free(hasher);
}

/* The example of RFC 9162 section 2.1.5: from 3, 4 and 6 of seven leaves. */
static void test_extensions_of_the_rfc(void **state) {
    struct nl_hasher *hasher = nl_hasher_new();
    unsigned char leaves[LEAVES * NL_DIGEST_LEN];
    static const struct {
        uint64_t old;
        size_t count;
    } rows[] = {{3, 4}, {4, 1}, {6, 3}, {7, 0}};
    (void)state;
    make_leaves(hasher, leaves);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nl_buf path = {0};
        nl_merkle_extend(hasher, leaves, rows[i].old, 7, &path);
        assert_int_equal(path.len, rows[i].count * NL_DIGEST_LEN);
        nl_buf_free(&path);
    }
    nl_hasher_free(hasher);
}

/* Many leaves, and the heads of the trees of the first ones. */
static void make_trees(struct nl_hasher *hasher, unsigned char leaves[MANY * NL_DIGEST_LEN],
                       unsigned char sizes[MANY + 1][NL_DIGEST_LEN]) {
    for (size_t i = 0; i < MANY; i++)
        nl_merkle_leaf(hasher, &i, sizeof i, leaves + i * NL_DIGEST_LEN);
    for (size_t size = 0; size <= MANY; size++)
        nl_merkle_head_of(hasher, leaves, size, sizes[size]);
}

/* Every proof of every size holds, and none with another head, leaf, place or path. */
static void test_all_proofs(void **state) {
    struct nl_hasher *hasher = nl_hasher_new();
    unsigned char leaves[MANY * NL_DIGEST_LEN];
    unsigned char sizes[MANY + 1][NL_DIGEST_LEN];
    (void)state;
    make_trees(hasher, leaves, sizes);
    for (uint64_t size = 1; size <= MANY; size++) {
        for (uint64_t at = 0; at < size; at++) {
            struct nl_buf path = {0};
            const unsigned char *leaf = leaves + at * NL_DIGEST_LEN;
            nl_merkle_include(hasher, leaves, at, size, &path);
            const unsigned char *proof = (const unsigned char *)nl_buf_text(&path);
            size_t count = path.len / NL_DIGEST_LEN;
            assert_true(nl_merkle_includes(hasher, leaf, at, size, proof, count, sizes[size]));
            assert_false(nl_merkle_includes(hasher, leaf, at, size, proof, count, sizes[size - 1]));
            if (size > 1) {
                assert_false(nl_merkle_includes(hasher, leaf, (at + 1) % size, size, proof, count,
                                                sizes[size]));
                assert_false(
                    nl_merkle_includes(hasher, leaf, at, size, proof, count - 1, sizes[size]));
                path.data[5] ^= 1;
                assert_false(nl_merkle_includes(hasher, leaf, at, size, proof, count, sizes[size]));
            }
            nl_buf_free(&path);
        }
    }
    assert_false(nl_merkle_includes(hasher, leaves, 3, 3, leaves, 0, sizes[3]));
    nl_hasher_free(hasher);
}

static void test_all_extensions(void **state) {
    struct nl_hasher *hasher = nl_hasher_new();
    unsigned char leaves[MANY * NL_DIGEST_LEN];
    unsigned char sizes[MANY + 1][NL_DIGEST_LEN];
    (void)state;
    make_trees(hasher, leaves, sizes);
    for (uint64_t size = 1; size <= MANY; size++) {
        for (uint64_t old = 1; old <= size; old++) {
            struct nl_buf path = {0};
            nl_merkle_extend(hasher, leaves, old, size, &path);
            const unsigned char *proof = (const unsigned char *)nl_buf_text(&path);
            size_t count = path.len / NL_DIGEST_LEN;
            assert_true(
                nl_merkle_extends(hasher, old, size, proof, count, sizes[old], sizes[size]));
            assert_false(
                nl_merkle_extends(hasher, old, size, proof, count, sizes[old - 1], sizes[size]));
            assert_false(
                nl_merkle_extends(hasher, old, size, proof, count, sizes[old], sizes[size - 1]));
            nl_buf_free(&path);
        }
    }
    assert_false(nl_merkle_extends(hasher, 0, 3, leaves, 0, sizes[0], sizes[3]));
    nl_hasher_free(hasher);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_proofs_of_the_reference),
        cmocka_unit_test(test_extensions_of_the_rfc),
        cmocka_unit_test(test_all_proofs),
        cmocka_unit_test(test_all_extensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
