#include "support.h"

#include "newsletter/base/totp.h"

static const unsigned char secret[] = "12345678901234567890"; /* of RFC 6238, appendix B */

/* The last six of the RFC's eight digits. */
static void test_the_vectors_of_the_rfc(void **state) {
    (void)state;
    static const struct {
        int64_t at;
        const char *code;
    } vectors[] = {
        {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
        {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
    };
    for_each_row (i, vectors, vectors[i].code) {
        int64_t last = 0;
        assert_true(nl_totp_check(secret, vectors[i].at, vectors[i].code, &last));
        assert_int_equal(last, vectors[i].at / 30);
    }
}

static void test_a_step_early_or_late_and_no_more(void **state) {
    (void)state;
    for (int64_t off = -3; off <= 3; off++) {
        int64_t last = 0;
        bool good = nl_totp_check(secret, 1234567890 + off * 30, "005924", &last);
        if (good != (off >= -1 && off <= 1))
            fail_msg("%lld steps off", (long long)off);
    }
}

static void test_a_code_is_good_once(void **state) {
    (void)state;
    int64_t last = 0;
    assert_true(nl_totp_check(secret, 1234567890, "005924", &last));
    assert_false(nl_totp_check(secret, 1234567890, "005924", &last));
    assert_false(nl_totp_check(secret, 1234567890 + 30, "005924", &last));
    assert_int_equal(last, 1234567890 / 30);
}

static void test_what_is_typed(void **state) {
    (void)state;
    static const struct {
        const char *code;
        bool good;
    } typed[] = {{"005 924", true},  {" 005924 ", true}, {"005925", false}, {"5924", false},
                 {"0059240", false}, {"", false},        {"00592a", false}, {"-05924", false}};
    for_each_row (i, typed, typed[i].code) {
        int64_t last = 0;
        assert_int_equal(nl_totp_check(secret, 1234567890, typed[i].code, &last), typed[i].good);
    }
}

static void test_how_it_is_shown(void **state) {
    (void)state;
    struct nl_buf text = {0};
    struct nl_buf url = {0};
    nl_totp_add_text(&text, secret);
    assert_string_equal(text.data, "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    nl_totp_add_url(&url, secret, "ann", "Embassy of X & Y");
    assert_string_equal(url.data,
                        "otpauth://totp/Embassy%20of%20X%20%26%20Y:ann?secret="
                        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Embassy%20of%20X%20%26%20Y");
    nl_buf_free(&text);
    nl_buf_free(&url);
}

static void test_each_secret_is_another(void **state) {
    (void)state;
    unsigned char one[NL_TOTP_SECRET];
    unsigned char two[NL_TOTP_SECRET];
    nl_totp_new(&nl_env_system, one);
    nl_totp_new(&nl_env_system, two);
    assert_memory_not_equal(one, two, NL_TOTP_SECRET);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_vectors_of_the_rfc),
        cmocka_unit_test(test_a_step_early_or_late_and_no_more),
        cmocka_unit_test(test_a_code_is_good_once),
        cmocka_unit_test(test_what_is_typed),
        cmocka_unit_test(test_how_it_is_shown),
        cmocka_unit_test(test_each_secret_is_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
