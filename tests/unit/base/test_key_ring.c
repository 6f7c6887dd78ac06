#include "support.h"

#include "newsletter/base/base64.h"
#include "newsletter/base/key_ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static const char *path_of(const char *name) {
    static char paths[2][128];
    static size_t next;
    next = 1 - next;
    snprintf(paths[next], sizeof paths[next], "%s/%s", folder, name);
    return paths[next];
}

static int set_up(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/key-ring-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    unlink(path_of("key"));
    unlink(path_of("key.public"));
    return rmdir(folder);
}

/* RFC 8032 section 7.1, test 3. */
static void test_rfc_8032(void **state) {
    static const unsigned char key[NL_PUBLIC_KEY_LEN] = {
        0xfc, 0x51, 0xcd, 0x8e, 0x62, 0x18, 0xa1, 0xa3, 0x8d, 0xa4, 0x7e,
        0xd0, 0x02, 0x30, 0xf0, 0x58, 0x08, 0x16, 0xed, 0x13, 0xba, 0x33,
        0x03, 0xac, 0x5d, 0xeb, 0x91, 0x15, 0x48, 0x90, 0x80, 0x25};
    static const unsigned char signature[NL_SIGNATURE_LEN] = {
        0x62, 0x91, 0xd6, 0x57, 0xde, 0xec, 0x24, 0x02, 0x48, 0x27, 0xe6, 0x9c, 0x3a,
        0xbe, 0x01, 0xa3, 0x0c, 0xe5, 0x48, 0xa2, 0x84, 0x74, 0x3a, 0x44, 0x5e, 0x36,
        0x80, 0xd7, 0xdb, 0x5a, 0xc3, 0xac, 0x18, 0xff, 0x9b, 0x53, 0x8d, 0x16, 0xf2,
        0x90, 0xae, 0x67, 0xf7, 0x60, 0x98, 0x4d, 0xc6, 0x59, 0x4a, 0x7c, 0x15, 0xe9,
        0x71, 0x6e, 0xd2, 0x8d, 0xc0, 0x27, 0xbe, 0xce, 0xea, 0x1e, 0xc4, 0x0a};
    (void)state;
    assert_true(nl_sign_holds(key, "\xaf\x82", 2, signature));
    assert_false(nl_sign_holds(key, "\xaf\x83", 2, signature));
    assert_false(nl_sign_holds(key, "\xaf", 1, signature));
}

static void test_make_and_rotate(void **state) {
    struct nl_error err = {0};
    struct nl_key_ring ring = {0};
    struct nl_sign_key *first = NULL;
    struct nl_sign_key *second = NULL;
    struct stat info;
    unsigned char signature[NL_SIGNATURE_LEN];
    const char *key_file = path_of("key");
    const char *public_file = path_of("key.public");
    (void)state;
    assert_ok(nl_key_ring_make(key_file, public_file, "news.example.org", 1000, &err));
    assert_int_equal(nl_key_ring_make(key_file, public_file, "x", 1, &err), NL_EXISTS);
    assert_int_equal(stat(key_file, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_ok(nl_sign_key_read(key_file, &first, &err));
    assert_ok(nl_sign(first, "text", 4, signature, &err));

    assert_ok(nl_key_ring_rotate(key_file, public_file, 2000, &err));
    assert_ok(nl_sign_key_read(key_file, &second, &err));
    assert_ok(nl_key_ring_read(public_file, &ring, &err));
    assert_int_equal(ring.count, 2);
    assert_ptr_equal(nl_key_ring_find(&ring, first), &ring.keys[0]);
    assert_ptr_equal(nl_key_ring_find(&ring, second), &ring.keys[1]);
    assert_int_equal(ring.keys[0].since, 1000);
    assert_int_equal(ring.keys[0].until, 2000);
    assert_int_equal(ring.keys[1].until, 0);
    assert_string_equal(ring.keys[1].verifier.name, "news.example.org");
    assert_true(nl_sign_holds(ring.keys[0].verifier.key, "text", 4, signature));
    assert_false(nl_sign_holds(ring.keys[1].verifier.key, "text", 4, signature));
    nl_sign_key_free(first);
    nl_sign_key_free(second);
    nl_key_ring_free(&ring);
    nl_error_free(&err);
}

static void test_a_file_for_everybody(void **state) {
    struct nl_error err = {0};
    struct nl_sign_key *key = NULL;
    (void)state;
    assert_ok(nl_key_ring_make(path_of("key"), path_of("key.public"), "a", 1, &err));
    assert_int_equal(chmod(path_of("key"), 0644), 0);
    assert_int_equal(nl_sign_key_read(path_of("key"), &key, &err), NL_CONFIG);
    assert_non_null(strstr(nl_error_text(&err), "chmod 600"));
    nl_sign_key_free(key);
    nl_error_free(&err);
}

static void assert_same_key(const struct nl_key_ring *a, const char *text, bool named) {
    struct nl_error err = {0};
    struct nl_key_ring ring = {0};
    assert_ok(nl_key_ring_parse(text, "test", &ring, &err));
    assert_int_equal(ring.count, 1);
    assert_memory_equal(ring.keys[0].verifier.key, a->keys[0].verifier.key, NL_PUBLIC_KEY_LEN);
    assert_string_equal(ring.keys[0].verifier.name, named ? "a.example" : "");
    nl_key_ring_free(&ring);
}

static void test_all_forms(void **state) {
    struct nl_error err = {0};
    struct nl_key_ring ring = {0};
    struct nl_buf text = {0};
    (void)state;
    assert_ok(nl_key_ring_make(path_of("key"), path_of("key.public"), "a.example", 1, &err));
    assert_ok(nl_key_ring_read(path_of("key.public"), &ring, &err));
    nl_verifier_add(&text, &ring.keys[0].verifier);
    assert_same_key(&ring, nl_buf_text(&text), true);
    nl_buf_clear(&text);
    assert_ok(nl_public_key_pem(ring.keys[0].verifier.key, &text, &err));
    assert_same_key(&ring, nl_buf_text(&text), false);
    json_t *json = nl_key_ring_json(&ring);
    char *dumped = json_dumps(json, 0);
    assert_same_key(&ring, dumped, true);
    json_object_del(json_array_get(json_object_get(json, "keys"), 0), "verifier");
    free(dumped);
    dumped = json_dumps(json, 0);
    assert_same_key(&ring, dumped, false);
    free(dumped);
    json_decref(json);
    nl_buf_free(&text);
    nl_key_ring_free(&ring);
    nl_error_free(&err);
}

static void test_no_keys(void **state) {
    static const char *const others[] = {
        "",
        "# nothing\n",
        "{}",
        "{\"keys\": [{\"kty\": \"RSA\"}]}",
        "{",
        "words\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct nl_error err = {0};
        struct nl_key_ring ring = {0};
        assert_int_equal(nl_key_ring_parse(others[i], "test", &ring, &err), NL_DATA);
        assert_null(ring.keys);
        nl_error_free(&err);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_8032),
        cmocka_unit_test_setup_teardown(test_make_and_rotate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_file_for_everybody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_forms, set_up, tear_down),
        cmocka_unit_test(test_no_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
