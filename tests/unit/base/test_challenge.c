#include "support.h"

#include "newsletter/base/passkey.h"

#include <string.h>

static const char secret[] = "a secret of the database";
enum { NOW = 1795724405 };

/* Whether a challenge of NOW is good for a reader whose clock differs by so many seconds. */
static void test_clocks(void **state) {
    static const struct {
        int64_t differs;
        bool good;
    } rows[] = {{0, true},
                {1, true},
                {-1, true},
                {-NL_CHALLENGE_SLACK, true},
                {299, true},
                {300, false},
                {-NL_CHALLENGE_SLACK - 1, false},
                {-3600, false}};
    char challenge[NL_CHALLENGE_LEN];
    (void)state;
    nl_challenge_new(&nl_env_system, secret, "login", NOW, challenge);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (nl_challenge_is_good(secret, "login", NOW + rows[i].differs, challenge) != rows[i].good)
            fail_msg("row %zu: %lld", i, (long long)rows[i].differs);
}

static void test_what_it_is_for(void **state) {
    char challenge[NL_CHALLENGE_LEN];
    (void)state;
    nl_challenge_new(&nl_env_system, secret, "login", NOW, challenge);
    assert_false(nl_challenge_is_good(secret, "add ann", NOW, challenge));
    assert_false(nl_challenge_is_good("another", "login", NOW, challenge));
    challenge[0]++; /* a later end */
    assert_false(nl_challenge_is_good(secret, "login", NOW, challenge));
    assert_false(nl_challenge_is_good(secret, "login", NOW, ""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_what_it_is_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
