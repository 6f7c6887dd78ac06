#include "support.h"

#include "newsletter/base/token.h"

static void test_tokens(void **state) {
    (void)state;
    struct nl_token one;
    struct nl_token two;
    struct nl_token back;
    nl_token_new(&nl_env_system, &one);
    nl_token_new(&nl_env_system, &two);
    assert_int_equal(strlen(one.text), NL_TOKEN_LEN);
    assert_string_not_equal(one.text, two.text);
    assert_int_equal(one.text[14], '4'); /* a random UUID */
    assert_true(nl_token_parse(one.text, &back));
    assert_string_equal(one.text, back.text);
    assert_true(nl_token_parse("7F0C2A9E-6F0E-4D8E-9B0A-6F3F2A1F9C55", &back));
    assert_string_equal(back.text, "7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c55");
    assert_false(nl_token_parse("", &back));
    assert_false(nl_token_parse("7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c5", &back));
    assert_false(nl_token_parse("7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c555", &back));
    assert_false(nl_token_parse("7f0c2a9e-6f0e-4d8e-9b0a-6f3f2a1f9c5g", &back));
    assert_false(nl_token_parse("7f0c2a9e06f0e-4d8e-9b0a-6f3f2a1f9c55", &back));
    assert_true(nl_token_equal("ab", "ab"));
    assert_false(nl_token_equal("ab", "ac"));
    assert_false(nl_token_equal("ab", "abc"));
}

static void test_digest(void **state) {
    (void)state;
    char hex[2 * NL_DIGEST_LEN + 1];
    nl_digest_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_mac(void **state) {
    (void)state;
    char mac[NL_MAC_TEXT_LEN + 1];
    char other[NL_MAC_TEXT_LEN + 1];
    nl_mac("key", "use", "text", mac);
    assert_int_equal(strspn(mac, "abcdefghijklmnopqrstuvwxyz234567"), NL_MAC_TEXT_LEN);
    nl_mac("key", "use", "text", other);
    assert_string_equal(mac, other);
    nl_mac("kez", "use", "text", other);
    assert_string_not_equal(mac, other);
    nl_mac("key", "usf", "text", other);
    assert_string_not_equal(mac, other);
    nl_mac("key", "use", "texu", other);
    assert_string_not_equal(mac, other);
}

static void test_mac_value(void **state) {
    (void)state;
    /* Computed once with Python's hmac and base64: a stored token must stay readable. */
    char mac[NL_MAC_TEXT_LEN + 1];
    nl_mac("secret", "verp", "42", mac);
    assert_string_equal(mac, "xetwycgu5ohbqnv4");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_mac),
        cmocka_unit_test(test_mac_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
