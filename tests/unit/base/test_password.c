#include "support.h"

#include "newsletter/base/password.h"

static void test_round_trip(void **state) {
    (void)state;
    struct nl_error err = {0};
    char first[NL_PASSWORD_HASH];
    char second[NL_PASSWORD_HASH];
    assert_ok(nl_password_hash(&nl_env_system, "correct horse battery", first, &err));
    assert_ok(nl_password_hash(&nl_env_system, "correct horse battery", second, &err));
    assert_string_not_equal(first, second); /* a salt of its own each */
    assert_true(nl_password_verify(first, "correct horse battery"));
    assert_true(nl_password_verify(second, "correct horse battery"));
    assert_false(nl_password_verify(first, "correct horse batterz"));
    assert_false(nl_password_verify(first, ""));
}

static void test_nobody(void **state) {
    (void)state;
    assert_false(nl_password_verify(NULL, ""));
    assert_false(nl_password_verify(NULL, "correct horse battery"));
    assert_false(nl_password_verify("nonsense", "correct horse battery"));
}

static void test_length(void **state) {
    (void)state;
    struct nl_error err = {0};
    char hash[NL_PASSWORD_HASH];
    char longest[NL_PASSWORD_MOST + 2];
    memset(longest, 'x', sizeof longest);
    longest[NL_PASSWORD_MOST + 1] = '\0';
    assert_fails(nl_password_hash(&nl_env_system, "elevenchars", hash, &err), NL_DATA, "12 to");
    assert_fails(nl_password_hash(&nl_env_system, longest, hash, &err), NL_DATA, "12 to");
    longest[NL_PASSWORD_MOST] = '\0';
    assert_ok(nl_password_hash(&nl_env_system, longest, hash, &err));
    assert_true(nl_password_verify(hash, longest));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
