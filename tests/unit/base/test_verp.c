#include "support.h"

#include "newsletter/base/token.h"
#include "newsletter/base/verp.h"

static void test_round_trip(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_verp verp = {0};
    struct nl_verp other = {0};
    assert_int_equal(nl_verp_open("secret", &verp, &err), NL_OK);
    assert_int_equal(nl_verp_open("other", &other, &err), NL_OK);
    struct nl_buf out = {0};
    int64_t delivery = 0;
    nl_verp_sender(&verp, "bounces@example.org", 42, &out);
    assert_string_equal(out.data, "bounces+42-7flqoaqqq7vhr5oz@example.org");
    assert_true(nl_verp_verify(&verp, out.data, &delivery));
    assert_int_equal(delivery, 42);
    assert_false(nl_verp_verify(&other, out.data, &delivery));
    for (char *p = out.data; *p; p++) /* a bounce may have lost the case */
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
    assert_true(nl_verp_verify(&verp, out.data, &delivery));
    nl_verp_close(&verp);
    nl_verp_close(&other);
    nl_buf_free(&out);
}

/* Bounces come back after days, and answers after years: names that earlier versions made count. */
static void test_names_of_earlier_versions(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_verp verp = {0};
    int64_t delivery = 0;
    char mac[NL_MAC_TEXT_LEN + 1];
    struct nl_buf id = {0};
    assert_int_equal(nl_verp_open("secret", &verp, &err), NL_OK);
    assert_true(nl_verp_verify(&verp, "bounces+42-xetwycgu5ohbqnv4@example.org", &delivery));
    assert_int_equal(delivery, 42);
    nl_mac("secret", "message-id", "42", mac);
    nl_buf_addf(&id, "42.%s@example.org", mac);
    assert_true(nl_verp_verify_message_id(&verp, nl_buf_text(&id), &delivery));
    nl_buf_clear(&id);
    nl_buf_addf(&id, "bounces+42-%s@example.org", mac); /* one is not a proof of the other */
    assert_false(nl_verp_verify(&verp, nl_buf_text(&id), &delivery));
    nl_buf_free(&id);
    nl_verp_close(&verp);
}

static void test_forged(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_verp verp = {0};
    assert_int_equal(nl_verp_open("secret", &verp, &err), NL_OK);
    int64_t delivery = 0;
    static const char *const forged[] = {
        "bounces+43-7flqoaqqq7vhr5oz@example.org",
        "bounces+42-@example.org",
        "bounces@example.org",
        "",
        "bounces+427flqoaqqq7vhr5oz@example.org",
        "bounces+-7flqoaqqq7vhr5oz@example.org",
        "@",
        "+",
        "bounces+42-7flqoaqqq7vhr5ozx@example.org",
        "bounces+99999999999999999999-7flqoaqqq7vhr5oz@example.org"};
    for_each_row (i, forged, forged[i])
        assert_false(nl_verp_verify(&verp, forged[i], &delivery));
    nl_verp_close(&verp);
}

static void test_message_id(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_verp verp = {0};
    assert_int_equal(nl_verp_open("secret", &verp, &err), NL_OK);
    struct nl_buf one = {0};
    struct nl_buf two = {0};
    nl_verp_message_id(&verp, "example.org", 42, &one);
    nl_verp_message_id(&verp, "example.org", 42, &two);
    assert_string_equal(one.data, two.data);
    nl_buf_clear(&two);
    nl_verp_message_id(&verp, "example.org", 43, &two);
    assert_string_not_equal(one.data, two.data);
    assert_null(strstr(one.data,
                       "7flqoaqqq7vhr5oz")); /* the return token must not be readable in the mail */
    nl_buf_free(&one);
    nl_verp_close(&verp);
    nl_buf_free(&two);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_names_of_earlier_versions),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_message_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
