#include "support.h"

#include "newsletter/dkim/dkim.h"

#define CONST(keys) ((const struct nl_dkim_key *const *)(keys))

static const char message[] = "From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\n y\r\n"
                              "X-Other: z\r\n\r\nbody \r\n\r\n";

static void test_signature(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_dkim_key *key = NULL;
    struct nl_buf record = {0};
    struct nl_buf one = {0};
    struct nl_buf two = {0};
    struct nl_buf path = {0};
    nl_buf_addf(&path, "%s/key", fixture->folder);
    assert_ok(nl_dkim_generate("ed25519", path.data, &record, &err));
    assert_memory_equal(record.data, "v=DKIM1; k=ed25519; p=", 22);
    assert_fails(nl_dkim_generate("ed25519", path.data, &record, &err), NL_EXISTS, "already");
    assert_fails(nl_dkim_generate("dsa", "/nowhere", &record, &err), NL_USAGE, "rsa or ed25519");
    assert_ok(nl_dkim_key_read(path.data, "example.org", "s", &key, &err));
    assert_ok(nl_dkim_sign(CONST(&key), 1, NULL, message, sizeof message - 1, 5, &one, &err));
    assert_memory_equal(one.data, "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n",
                        58);
    assert_non_null(strstr(one.data, "d=example.org; s=s; t=5;"));
    assert_non_null(strstr(one.data, "h=Subject:\r\n\tTo:\r\n\tFrom:\r\n\tFrom;"));
    assert_string_equal(one.data + one.len - 2, "\r\n");
    /* Ed25519 is deterministic, and relaxed canonicalisation overlooks blanks at line ends. */
    static const char same[] = "From:  a@example.org\r\nTo: b@example.org\r\nSUBJECT: x  y\r\n"
                               "X-Other: other\r\n\r\nbody\t\r\n";
    assert_ok(nl_dkim_sign(CONST(&key), 1, NULL, same, sizeof same - 1, 5, &two, &err));
    assert_memory_equal(strstr(one.data, "bh="), strstr(two.data, "bh="), 47);
    nl_dkim_key_free(key);
    nl_buf_free(&record);
    nl_buf_free(&one);
    nl_buf_free(&two);
    nl_buf_free(&path);
}

static void test_no_header(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_dkim_key *key = NULL;
    struct nl_buf record = {0};
    struct nl_buf out = {0};
    struct nl_buf path = {0};
    static const char *const bad[] = {"", "no end: x\r\n", " folded: x\r\n\r\n", "nocolon\r\n\r\n"};
    nl_buf_addf(&path, "%s/key", fixture->folder);
    assert_ok(nl_dkim_generate("ed25519", path.data, &record, &err));
    assert_ok(nl_dkim_key_read(path.data, "example.org", "s", &key, &err));
    for_each_row (i, bad, bad[i])
        assert_fails(nl_dkim_sign(CONST(&key), 1, NULL, bad[i], strlen(bad[i]), 5, &out, &err),
                     NL_INTERNAL, "header");
    nl_dkim_key_free(key);
    nl_buf_free(&record);
    nl_buf_free(&out);
    nl_buf_free(&path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_signature, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_no_header, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
