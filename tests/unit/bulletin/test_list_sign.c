/* Signs of lists, one by one: what is a sign, what it says, and which follows which. */
#include "support.h"

#include "bulletin/list_sign.h"

#include <string.h>

static struct nl_list_sign read_sign(const char *text) {
    struct nl_list_sign sign;
    if (!nl_list_sign_read(text, strlen(text), &sign))
        fail_msg("'%s' is no sign", text);
    return sign;
}

static void test_parts_of_signs(void **state) {
    static const struct {
        const char *text;
        struct nl_list_sign sign;
    } cases[] = {
        {"a) x", {2, 2, ')', false, false, 'a', 0}},
        {"a. x", {2, 2, '.', false, false, 'a', 0}},
        {"(a) x", {3, 3, '(', false, false, 'a', 0}},
        {"a)", {2, 2, ')', false, false, 'a', 0}},
        {"a)\tx", {2, 2, ')', false, false, 'a', 0}},
        {"a)\nx", {2, 2, ')', false, false, 'a', 0}},
        {"a)\u00a0x", {2, 2, ')', false, false, 'a', 0}},
        {"z) x", {2, 2, ')', false, false, 'z', 0}},
        {"A) x", {2, 2, ')', true, false, 'a', 0}},
        {"Z) x", {2, 2, ')', true, false, 'z', 0}},
        /* which may as well begin a name */
        {"A. Smith", {2, 2, '.', true, true, 'a', 0}},
        {"A.", {2, 2, '.', true, true, 'a', 0}},
        {"A. ", {2, 2, '.', true, true, 'a', 0}},
        {"A.\u00a0x", {2, 2, '.', true, true, 'a', 0}},
        {"A.  x", {2, 2, '.', true, false, 'a', 0}},
        {"A. \tx", {2, 2, '.', true, false, 'a', 0}},
        {"A.\tx", {2, 2, '.', true, false, 'a', 0}},
        {"IV. x", {3, 3, '.', true, false, 0, 4}},
        {"I. x", {2, 2, '.', true, true, 'i', 1}},
        /* Roman numerals */
        {"i) x", {2, 2, ')', false, false, 'i', 1}},
        {"v) x", {2, 2, ')', false, false, 'v', 5}},
        {"x) x", {2, 2, ')', false, false, 'x', 10}},
        {"l) x", {2, 2, ')', false, false, 'l', 50}},
        {"ii) x", {3, 3, ')', false, false, 0, 2}},
        {"iv) x", {3, 3, ')', false, false, 0, 4}},
        {"vi) x", {3, 3, ')', false, false, 0, 6}},
        {"(ix) x", {4, 4, '(', false, false, 0, 9}},
        {"xl) x", {3, 3, ')', false, false, 0, 40}},
        {"xlix) x", {5, 5, ')', false, false, 0, 49}},
        {"lxxxviii) x", {9, 9, ')', false, false, 0, 88}},
        {"LXXXIX) x", {7, 7, ')', true, false, 0, 89}},
        /* digits, in brackets only */
        {"(1) x", {3, 3, '(', false, false, 0, 1}},
        {"(12) x", {4, 4, '(', false, false, 0, 12}},
        {"(999) x", {5, 5, '(', false, false, 0, 999}},
        /* other scripts: two bytes, one column */
        {"\u0430) x", {3, 2, ')', false, false, 0x430, 0}},
        {"(\u0410) x", {4, 3, '(', true, false, 0x430, 0}},
        {"\u0391. x", {3, 2, '.', true, true, 0x3b1, 0}},
        {"\u0627) x", {3, 2, ')', false, false, 0x627, 0}},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text) {
        struct nl_list_sign sign = read_sign(cases[i].text);
        assert_int_equal(sign.len, cases[i].sign.len);
        assert_int_equal(sign.columns, cases[i].sign.columns);
        assert_int_equal(sign.form, cases[i].sign.form);
        assert_int_equal(sign.upper, cases[i].sign.upper);
        assert_int_equal(sign.initial, cases[i].sign.initial);
        assert_int_equal(sign.letter, cases[i].sign.letter);
        assert_int_equal(sign.number, cases[i].sign.number);
    }
}

static void test_no_signs(void **state) {
    static const char *const cases[] = {
        "",          "a",       "(",     "()",           "(a",      "(a. x",
        "a, x",      "a)x",     "a).",   "(a)b",         "a)\xc2",  "a)\u00a1x",
        "1) x",      "1. x",    "(0) x", "(1000) x",     "(01234)", "iiii) x",
        "vx) x",     "ic) x",   "il) x", "vv) x",        "xc) x",   "xcix) x",
        "ab) x",     "Iv) x",   "iV) x", "lxxxviiii) x", "-) x",    "\u00df) x",
        "\u00e9) x", "\xff) x", "@) x",  "[) x",         "`) x",    "{) x",
    };
    struct nl_list_sign sign;
    (void)state;
    for_each_row (i, cases, cases[i])
        assert_false(nl_list_sign_read(cases[i], strlen(cases[i]), &sign));
}

/* The text that comes after the given length is not looked at. */
static void test_the_length_is_kept(void **state) {
    struct nl_list_sign sign;
    (void)state;
    assert_true(nl_list_sign_read("a)b", 2, &sign));
    assert_false(nl_list_sign_read("a) b", 1, &sign));
    assert_false(nl_list_sign_read("(a) b", 2, &sign));
    assert_false(nl_list_sign_read("\u0430) x", 1, &sign));
    assert_true(nl_list_sign_read("A. \tx", 3, &sign));
    assert_true(sign.initial);
}

static void test_the_next_sign(void **state) {
    static const struct {
        const char *a, *b;
        bool follows;
    } cases[] = {
        {"a)", "b)", true},
        {"y)", "z)", true},
        {"a)", "a)", false},
        {"a)", "c)", false},
        {"b)", "a)", false},
        {"z)", "a)", false},
        {"a)", "b.", false},
        {"a)", "B)", false},
        {"(a)", "b)", false},
        {"h)", "i)", true},
        {"i)", "j)", true},
        {"i)", "ii)", true},
        {"iv)", "v)", true},
        {"v)", "vi)", true},
        {"l)", "li)", true},
        {"ii)", "iv)", false},
        {"ii)", "ii)", false},
        {"iii)", "ii)", false},
        {"ii)", "c)", false},
        {"b)", "iii)", false},
        {"(1)", "(2)", true},
        {"(9)", "(10)", true},
        {"(1)", "(3)", false},
        {"(2)", "(1)", false},
        /* Cyrillic, where rare letters may be missing */
        {"\u0435)", "\u0451)", true},
        {"\u0451)", "\u0436)", true},
        {"\u0435)", "\u0436)", true},
        {"\u0438)", "\u043a)", true},
        {"\u0438)", "\u043b)", false},
        {"\u0430)", "\u0432)", false},
        {"\u0436)", "\u0435)", false},
        /* a Latin letter that looks like a Cyrillic one */
        {"a)", "\u0431)", true},
        {"c)", "\u0442)", true},
        {"\u0440)", "c)", true},
        {"\u0430)", "b)", false},
        {"\u03b1)", "\u03b2)", true},
        {"\u03b1)", "\u03b3)", false},
        {"\u0627)", "\u0628)", true},
        {"\u0628)", "\u062c)", true}, /* in the order of numbers */
        {"\u0628)", "\u062a)", true}, /* in the order of shapes */
        {"\u0623)", "\u0628)", true},
    };
    (void)state;
    for_each_row (i, cases, cases[i].a) {
        struct nl_list_sign a = read_sign(cases[i].a);
        struct nl_list_sign b = read_sign(cases[i].b);
        if (nl_list_sign_follows(&a, &b) != cases[i].follows)
            fail_msg("%s after %s", cases[i].b, cases[i].a);
    }
}

static void test_first_signs_and_styles(void **state) {
    static const struct {
        const char *text;
        bool begins;
        unsigned style;
    } cases[] = {
        {"a)", true, 4},      {"A)", true, 5},       {"(a)", true, 0},      {"(A)", true, 1},
        {"a.", true, 2},      {"A.", true, 3},       {"b)", false, 4},      {"i)", true, 4},
        {"I.", true, 3},      {"ii)", false, 4},     {"(1)", true, 0},      {"(2)", false, 0},
        {"\u0430)", true, 4}, {"\u0431)", false, 4}, {"\u03b1)", true, 4},  {"\u03b2)", false, 4},
        {"\u0627)", true, 4}, {"\u0623)", true, 4},  {"\u0628)", false, 4}, {"\u0410)", true, 5},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text) {
        struct nl_list_sign sign = read_sign(cases[i].text);
        assert_int_equal(nl_list_sign_begins(&sign), cases[i].begins);
        assert_int_equal(nl_list_sign_style(&sign), cases[i].style);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_of_signs),         cmocka_unit_test(test_no_signs),
        cmocka_unit_test(test_the_length_is_kept),     cmocka_unit_test(test_the_next_sign),
        cmocka_unit_test(test_first_signs_and_styles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
