#include "support.h"

#include "newsletter/base/note.h"

#include <string.h>

/* The example of Go's golang.org/x/mod/sumdb/note, which signed-note was described from. */
static const char peter[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
#define TEXT                                                                                       \
    "If you think cryptography is the answer to your problem,\n"                                   \
    "then you don't know what your problem is.\n"
#define SIGNED                                                                                     \
    "\n\xe2\x80\x94 PeterNeumann "                                                                 \
    "x08go/ZJkuBS9UG/"                                                                             \
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

static void test_a_known_note(void **state) {
    struct nl_verifier verifier;
    struct nl_buf again = {0};
    size_t len = 0;
    (void)state;
    assert_true(nl_verifier_parse(peter, &verifier));
    assert_string_equal(verifier.name, "PeterNeumann");
    nl_verifier_add(&again, &verifier);
    assert_string_equal(nl_buf_text(&again), peter);
    assert_true(nl_note_holds(TEXT SIGNED, &verifier, &len));
    assert_int_equal(len, strlen(TEXT));
    assert_false(nl_note_holds("x" TEXT SIGNED, &verifier, &len));
    assert_false(nl_note_holds(TEXT "\n" SIGNED, &verifier, &len));
    assert_false(nl_note_holds(TEXT, &verifier, &len));
    verifier.key[0] ^= 1;
    assert_false(nl_note_holds(TEXT SIGNED, &verifier, &len));
    nl_buf_free(&again);
}

static void test_what_is_no_verifier_key(void **state) {
    static const char *const others[] = {
        "",
        "+",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a3+",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "peterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpcQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAAAA",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"};
    struct nl_verifier verifier;
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(nl_verifier_parse(others[i], &verifier));
}

static void test_ours(void **state) {
    struct nl_sign_key *key = NULL;
    struct nl_verifier verifier = {.name = "news.example.org/press"};
    struct nl_buf note = {0};
    struct nl_error err = {0};
    size_t len = 0;
    (void)state;
    assert_ok(nl_sign_key_new(&key, &err));
    nl_sign_key_public(key, verifier.key);
    assert_ok(nl_note_sign(key, verifier.name, "origin\n5\nhead\n\nmore\n", &note, &err));
    assert_true(nl_note_holds(note.data, &verifier, &len));
    assert_int_equal(len, strlen("origin\n5\nhead\n\nmore\n"));
    /* A signature of somebody else may stand below. */
    nl_buf_adds(&note, "\xe2\x80\x94 witness.example AAAA\n");
    assert_true(nl_note_holds(note.data, &verifier, &len));
    assert_int_equal(nl_note_sign(key, "a b", "x\n", &note, &err), NL_INTERNAL);
    assert_int_equal(nl_note_sign(key, "a", "x", &note, &err), NL_INTERNAL);
    nl_sign_key_free(key);
    nl_buf_free(&note);
    nl_error_free(&err);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_known_note),
        cmocka_unit_test(test_what_is_no_verifier_key),
        cmocka_unit_test(test_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
