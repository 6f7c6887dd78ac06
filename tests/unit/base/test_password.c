#include "support.h"

#include "newsletter/base/password.h"

#include <argon2.h>

#define EARLIER                                                                                    \
    "$argon2id$v=19$m=65536,t=3,p=1$c2l4dGVlbiBieXRlcyBpdA$"                                       \
    "jI0uV3NMr7z6TWjmI+himAWMWsyaV17SuHNxdMP7xYE"

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

/* Digests of earlier versions, made by the reference library, still verify; and it verifies ours.
 */
static void test_earlier_costs(void **state) {
    (void)state;
    struct nl_error err = {0};
    char hash[NL_PASSWORD_HASH];
    assert_true(nl_password_verify(EARLIER, "correct horse battery"));
    assert_false(nl_password_verify(EARLIER, "correct horse batterz"));
    assert_true(nl_password_is_dated(EARLIER));
    assert_ok(nl_password_hash(&nl_env_system, "correct horse battery", hash, &err));
    assert_false(nl_password_is_dated(hash));
    assert_int_equal(argon2id_verify(hash, "correct horse battery", 21), ARGON2_OK);
}

/* A text that is not a digest, or asks for more than we give, belongs to no password. */
static void test_damaged(void **state) {
    (void)state;
    static const char *const hashes[] = {
        "",
        "$argon2id$v=19$m=19456,t=2,p=1$",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$",
        "$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA",
        "$argon2id$v=19$m=19456,t=99999,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA more",
        "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA",
        "$argon2id$v=19$m=19456,t=2,p=1$c$c2FsdHNhbHRzYWx0c2FsdA",
    };
    for_each_row (i, hashes, hashes[i]) {
        assert_false(nl_password_verify(hashes[i], "correct horse battery"));
        assert_false(nl_password_is_dated(hashes[i]));
    }
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
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_earlier_costs), cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
