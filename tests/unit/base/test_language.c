#include "support.h"

#include "newsletter/language.h"

static void test_tags(void **state) {
    (void)state;
    static const char *const good[] = {"en", "kk", "pt-BR", "zh-Hant-TW", "kaz", "de-1996"};
    static const char *const bad[] = {"",    "e",   "engl", "e1",   "1e", "en_US",
                                      "en-", "-en", "../",  "en/x", "ен", "en us"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(nl_language_is_tag(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(nl_language_is_tag(bad[i]));
    assert_false(nl_language_is_tag("en-abcdefgh-abcdefgh-abcdefgh-abcdefgh"));
}

static void test_match(void **state) {
    (void)state;
    assert_int_equal(nl_language_match("ru", "RU"), 3);
    assert_int_equal(nl_language_match("ru-KZ", "ru"), 2);
    assert_int_equal(nl_language_match("ru", "ru-KZ"), 1);
    assert_int_equal(nl_language_match("ru-RU", "ru-KZ"), 1);
    assert_int_equal(nl_language_match("ru", "rup"), 0);
    assert_int_equal(nl_language_match("en", "ru"), 0);
    assert_int_equal(nl_language_match(NULL, "ru"), 0);
    assert_int_equal(nl_language_match("ru", NULL), 0);
}

static void test_direction(void **state) {
    (void)state;
    assert_true(nl_language_is_rtl("ar"));
    assert_true(nl_language_is_rtl("he-IL"));
    assert_false(nl_language_is_rtl("kk"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_direction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
