#include "support.h"

#include "newsletter/base/address.h"

#include <stdlib.h>

static void check(const char *text, const char *envelope, const char *key) {
    struct nl_error err = {0};
    struct nl_address address = {0};
    assert_ok(nl_address_parse(text, &address, &err));
    assert_string_equal(address.envelope, envelope);
    assert_string_equal(address.key, key);
    assert_string_equal(strrchr(address.envelope, '@') + 1, address.domain);
    nl_address_free(&address);
}

static void test_forms(void **state) {
    (void)state;
    check("ann@example.org", "ann@example.org", "ann@example.org");
    check(" Ann@Example.ORG ", "Ann@example.org", "ann@example.org");
    check("\"ann\"@example.org", "ann@example.org", "ann@example.org");
    check("\"Ann Lee\"@example.org", "\"Ann Lee\"@example.org", "\"ann lee\"@example.org");
    check("\"a\\\"b\\\\c\"@example.org", "\"a\\\"b\\\\c\"@example.org",
          "\"a\\\"b\\\\c\"@example.org");
    check("\"a@b\"@example.org", "\"a@b\"@example.org", "\"a@b\"@example.org");
    check("ann@Bücher.example", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example");
    check("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example");
    check("root@localhost", "root@localhost", "root@localhost");
    check("!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org",
          "!#$%&'*+-/=?^_`{|}~@example.org");
}

static void test_mask(void **state) {
    static const char *const rows[][2] = {
        {"valentina1@gmail.example", "v\u20261@gmail.example"},
        {"ann@example.org", "a\u2026n@example.org"},
        {"an@example.org", "a\u2026@example.org"},
        {"a@example.org", "a\u2026@example.org"},
        {"\u0436\u0430\u043d\u0430\u0440@example.kz", "\u0436\u2026\u0440@example.kz"},
        {"(erased)", "(\u2026)"},
        {"", "\u2026"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nl_buf out = {0};
        nl_address_mask(rows[i][0], &out);
        assert_string_equal(nl_buf_text(&out), rows[i][1]);
        nl_buf_free(&out);
    }
}

static void test_unicode_forms_are_one_mailbox(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_address composed = {0};
    struct nl_address decomposed = {0};
    assert_ok(nl_address_parse("andr\xc3\xa9@example.org", &composed, &err));
    assert_ok(nl_address_parse("Andre\xcc\x81@example.org", &decomposed, &err));
    assert_string_equal(composed.key, decomposed.key);
    assert_true(composed.smtputf8 && decomposed.smtputf8);
    nl_address_free(&composed);
    nl_address_free(&decomposed);
}

static void test_refused(void **state) {
    (void)state;
    static const char *const refused[] = {
        "",
        " ",
        "ann",
        "@",
        "ann@",
        "@example.org",
        "ann@@example.org",
        "a b@example.org",
        "ann@example",
        "ann@[127.0.0.1]",
        "ann@127.0.0.1",
        "ann@exa_mple.org",
        "ann@-a.org",
        "ann@a-.org",
        "ann@.org",
        "ann@org.",
        "a..b@example.org",
        ".a@example.org",
        "a.@example.org",
        "\"\"@example.org",
        "\"a@example.org",
        "\"a\"b@example.org",
        "ann@example.org\n",
        "ann\r@example.org",
        "ann@exam\xffple.org",
        "\xff@example.org",
        "ann@example.org, bob@example.org",
        "Ann <ann@example.org>",
        "ann(c)@example.org",
    };
    for_each_row (i, refused, refused[i]) {
        struct nl_error err = {0};
        struct nl_address address = {0};
        if (nl_address_parse(refused[i], &address, &err) != NL_DATA)
            fail_msg("accepted '%s'", refused[i]);
        assert_null(address.text);
        nl_error_free(&err);
    }
}

static void test_lengths(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_address address = {0};
    char text[400];
    memset(text, 'a', 64);
    strcpy(text + 64, "@example.org");
    assert_ok(nl_address_parse(text, &address, &err));
    nl_address_free(&address);
    memmove(text + 1, text, strlen(text) + 1);
    assert_fails(nl_address_parse(text, &address, &err), NL_DATA, "64");
}

static void test_mailbox(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_address address = {0};
    char *name = NULL;
    assert_ok(nl_mailbox_parse("\"Press, Office\" <press@example.org>", &name, &address, &err));
    assert_string_equal(name, "Press, Office");
    assert_string_equal(address.text, "press@example.org");
    free(name);
    nl_address_free(&address);
    assert_ok(nl_mailbox_parse("press@example.org", &name, &address, &err));
    assert_null(name);
    nl_address_free(&address);
    assert_fails(nl_mailbox_parse("Press <press@example.org", &name, &address, &err), NL_DATA,
                 "Name <address>");
    assert_fails(nl_mailbox_parse("P\nx <press@example.org>", &name, &address, &err), NL_DATA,
                 "control");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_mask),
        cmocka_unit_test(test_unicode_forms_are_one_mailbox),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_mailbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
