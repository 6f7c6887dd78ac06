#include "support.h"

#include "newsletter/dkim/dkim.h"

#include <stdio.h>

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

/* Signs with the key and at the same time: Ed25519 then makes the same signature of the same. */
static void sign(struct nl_dkim_key *key, const char *text, struct nl_buf *out) {
    struct nl_error err = {0};
    nl_buf_clear(out);
    assert_ok(nl_dkim_sign(CONST(&key), 1, NULL, text, strlen(text), 5, out, &err));
}

static struct nl_dkim_key *new_key(const struct fixture *fixture) {
    struct nl_error err = {0};
    struct nl_dkim_key *key = NULL;
    struct nl_buf record = {0};
    struct nl_buf path = {0};
    nl_buf_addf(&path, "%s/key", fixture->folder);
    assert_ok(nl_dkim_generate("ed25519", path.data, &record, &err));
    assert_ok(nl_dkim_key_read(path.data, "example.org", "s", &key, &err));
    nl_buf_free(&record);
    nl_buf_free(&path);
    return key;
}

static void test_fields_that_are_signed(void **state) {
    static const struct {
        const char *field;
        bool is_signed;
    } cases[] = {
        {"Reply-To", true},     {"To", true},           {"subject", true},
        {"Date", true},         {"Message-ID", true},   {"MIME-Version", true},
        {"Content-Type", true}, {"Content-ID", true},   {"Auto-Submitted", true},
        {"List-Id", true},      {"LIST-Post", true},    {"List-Unsubscribe-Post", true},
        {"Ledger-Root", true},  {"Received", false},    {"X-To", false},
        {"To-Whom", false},     {"T", false},           {"Contents", false},
        {"Lists", false},       {"Return-Path", false},
    };
    struct nl_dkim_key *key = new_key(*state);
    struct nl_buf out = {0};
    for_each_row (i, cases, cases[i].field) {
        char text[128];
        char named[128];
        snprintf(text, sizeof text, "From: a@example.org\r\n%s: x\r\n\r\nbody\r\n", cases[i].field);
        snprintf(named, sizeof named, "h=%s%sFrom:\r\n\tFrom;",
                 cases[i].is_signed ? cases[i].field : "", cases[i].is_signed ? ":\r\n\t" : "");
        sign(key, text, &out);
        assert_non_null(strstr(out.data, named));
    }
    nl_dkim_key_free(key);
    nl_buf_free(&out);
}

/* RFC 6376 section 3.4.2: what relays may do to a field, and what changes it. */
static void test_what_a_signature_overlooks(void **state) {
    static const struct {
        const char *text;
        bool same;
    } cases[] = {
        {"From:a\r\nSubject: x y\r\nX-Other: z\r\n\r\nbody\r\n", true},
        {"From: \t a \r\nSubject:  x \t y\r\n\r\nbody\r\n", true},
        {"From :a\r\nSubject: x\r\n y\r\n\r\nbody\r\n", false}, /* h= has the blank */
        {"From: a\r\nSubject: x\r\n\ty\r\n \r\n\r\nbody\r\n", true},
        {"From: a\r\nSubject: xy\r\n\r\nbody\r\n", false},
        {"From: a\r\nSubject: x Y\r\n\r\nbody\r\n", false},
        {"From: b\r\nSubject: x y\r\n\r\nbody\r\n", false},
        {"Subject: x y\r\nFrom: a\r\n\r\nbody\r\n", false},
        {"From: a\r\nSubject: x y\r\n\r\nBody\r\n", false},
    };
    struct nl_dkim_key *key = new_key(*state);
    struct nl_buf first = {0};
    struct nl_buf out = {0};
    sign(key, "From: a\r\nSubject: x y\r\n\r\nbody\r\n", &first);
    for_each_row (i, cases, cases[i].text) {
        sign(key, cases[i].text, &out);
        if ((strcmp(first.data, out.data) == 0) != cases[i].same)
            fail_msg("row %zu", i);
    }
    nl_dkim_key_free(key);
    nl_buf_free(&first);
    nl_buf_free(&out);
}

static void test_more_fields_than_there_is_room_for(void **state) {
    struct nl_dkim_key *key = new_key(*state);
    struct nl_error err = {0};
    struct nl_buf text = {0};
    struct nl_buf out = {0};
    for (int i = 0; i < 64; i++)
        nl_buf_adds(&text, "To: x\r\n");
    size_t fields = text.len;
    nl_buf_adds(&text, "\r\nbody\r\n");
    sign(key, text.data, &out);
    text.len = fields;
    nl_buf_adds(&text, "To: x\r\n\r\nbody\r\n");
    assert_fails(nl_dkim_sign(CONST(&key), 1, NULL, text.data, text.len, 5, &out, &err),
                 NL_INTERNAL, "header");
    nl_dkim_key_free(key);
    nl_buf_free(&text);
    nl_buf_free(&out);
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
        cmocka_unit_test_setup_teardown(test_fields_that_are_signed, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_a_signature_overlooks, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_more_fields_than_there_is_room_for, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_no_header, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
