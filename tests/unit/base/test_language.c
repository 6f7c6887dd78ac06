#include "support.h"

#include "newsletter/base/language.h"

static void test_tags(void **state) {
    (void)state;
    static const char *const good[] = {"en", "kk", "pt-BR", "zh-Hant-TW", "kaz", "de-1996"};
    static const char *const bad[] = {"",    "e",   "engl", "e1",   "1e", "en_US",
                                      "en-", "-en", "../",  "en/x", "ен", "en us"};
    for_each_row (i, good, good[i])
        assert_true(nl_language_is_tag(good[i]));
    for_each_row (i, bad, bad[i])
        assert_false(nl_language_is_tag(bad[i]));
    assert_false(nl_language_is_tag("en-abcdefgh-abcdefgh-abcdefgh-abcdefgh"));
}

static void test_match(void **state) {
    (void)state;
    assert_int_equal(nl_language_match("ru", "RU"), NL_LANGUAGE_SAME);
    assert_int_equal(nl_language_match("ru-KZ", "ru"), NL_LANGUAGE_PRIMARY);
    assert_int_equal(nl_language_match("ru", "ru-KZ"), NL_LANGUAGE_VARIETY);
    assert_int_equal(nl_language_match("ru-RU", "ru-KZ"), NL_LANGUAGE_VARIETY);
    assert_int_equal(nl_language_match("ru", "rup"), NL_LANGUAGE_OTHER);
    assert_int_equal(nl_language_match("en", "ru"), NL_LANGUAGE_OTHER);
    assert_int_equal(nl_language_match(NULL, "ru"), NL_LANGUAGE_OTHER);
    assert_int_equal(nl_language_match("ru", NULL), NL_LANGUAGE_OTHER);
}

static void test_direction(void **state) {
    (void)state;
    assert_true(nl_language_is_rtl("ar"));
    assert_true(nl_language_is_rtl("he-IL"));
    assert_string_equal(nl_language_comma("ar-EG"), "، ");
    assert_string_equal(nl_language_comma("he"), ", ");
    assert_string_equal(nl_language_comma("zh-Hans"), "，");
    assert_string_equal(nl_language_comma("ru"), ", ");
    assert_false(nl_language_is_rtl("kk"));
}

static void test_preferred(void **state) {
    (void)state;
    static const struct {
        const char *header, *expected;
    } cases[] = {
        {NULL, ""},
        {"", ""},
        {"ru", "ru"},
        {"en;q=0.5, kk", "kk"},
        {"en;q=0.5,kk;q=0.501 , ru;q=0.4", "kk"},
        {"en-GB;q=1.000", "en-GB"},
        {"*;q=1, ru;q=0.1", "ru"},
        {"en;q=9e99, ru;q=0.2", "ru"},
        {"en;q=nan, ru;q=0.2", "ru"},
        {"en;q=, ru;q=0.001", "ru"},
        {"en;q=1.001, ru;q=0.001", "ru"},
        {"en;q=0", ""},
        {"a-tag-that-is-much-longer-than-any-tag-may-be, ru;q=0.1", "ru"},
        {",,, ;, ru", "ru"},
        {"../../etc/passwd", ""},
    };
    for_each_row (i, cases, cases[i].header) {
        char found[NL_LANGUAGE_TAG];
        nl_language_preferred(cases[i].header, found);
        assert_string_equal(found, cases[i].expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_direction),
        cmocka_unit_test(test_preferred),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
