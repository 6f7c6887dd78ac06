#include "newsletter/service/draft_fix.h"
#include "support.h"

static void test_fixes(void **state) {
    static const struct {
        const char *label, *rule, *words, *body, *fixed; /* fixed NULL: it is refused */
        size_t line;
    } cases[] = {
        {"first level", "heading-order", "", "a\n\n# B #1\n\nc\n", "a\n\n## B #1\n\nc\n", 3},
        {"too deep", "heading-order", "", "## a\n\n##### b\n", "## a\n\n### b\n", 3},
        {"too deep at the start", "heading-order", "", "### b", "## b", 1},
        {"after code", "heading-order", "", "## a\n```\n#### c\n```\n##### b\n",
         "## a\n```\n#### c\n```\n### b\n", 5},
        {"right already", "heading-order", "", "## a\n\n### b\n", NULL, 3},
        {"no heading", "heading-order", "", "## a\n\n#b\n", NULL, 3},
        {"no such line", "heading-order", "", "## a\n", NULL, 9},
        {"line 0", "heading-order", "", "# a\n", NULL, 0},
        {"empty heading", "heading-empty", "", "a\n\n##\n\nb\n", "a\n\n\n\nb\n", 3},
        {"a heading with words", "heading-empty", "", "## b\n", NULL, 1},
        {"bold", "heading-bold", "", "## a\n\n**Bold one**  \nx\n", "## a\n\n## Bold one\nx\n", 3},
        {"bold with underscores", "heading-bold", "", "__Bold__\n", "## Bold\n", 1},
        {"two bold words", "heading-bold", "", "**A** and **b**\n", NULL, 1},
        {"four asterisks", "heading-bold", "", "****\n", NULL, 1},
        {"indented", "indented-code", "", "a\n\n    b\n\tc\n\nd\n", "a\n\nb\nc\n\nd\n", 3},
        {"not indented", "indented-code", "", "a\n  b\n", NULL, 2},
        {"alt", "image-alt", "A [quay] *x*", "a ![](q.png) b\n",
         "a ![A \\[quay\\] \\*x\\*](q.png) b\n", 1},
        {"alt on the next line", "image-alt", "Q", "a\n![ ](q.png)\n", "a\n![Q](q.png)\n", 1},
        {"alt there", "image-alt", "Q", "![x](q.png)\n", NULL, 1},
        {"alt vague", "image-words", "Q", "![photo](q.png)\n", "![Q](q.png)\n", 1},
        {"no alt", "image-alt", "  ", "![](q.png)\n", NULL, 1},
        {"alt of another paragraph", "image-alt", "Q", "a\n\n![](q.png)\n", NULL, 1},
        {"a broken picture", "image-alt", "Q", "![](\n", "![Q](\n", 1},
        {"language", "language-mark", "kk", "a\n\nSalem\nalem\n\nb\n",
         "a\n\n[Salem\nalem](lang:kk)\n\nb\n", 3},
        {"language with a link", "language-mark", "kk", "[a](b)\n", NULL, 1},
        {"language of a list", "language-mark", "kk", "- a\n", NULL, 1},
        {"no language", "language-mark", "k](", "a\n", NULL, 1},
        {"https", "not-https", "", "http://a.org/x https://a.org/y HTTP://A.org http://b.org\n",
         "https://a.org/x https://a.org/y https://A.org http://b.org\n", 0},
        {"https of a longer host", "not-https", "", "http://a.org https://a.org.evil.org/\n", NULL,
         0},
        {"https on another port", "not-https", "", "http://a.org:8080/ https://a.org/\n", NULL, 0},
        {"no such rule", "size", "", "a\n", NULL, 1},
        {"empty text", "image-alt", "Q", "", NULL, 1},
    };
    (void)state;
    for_each_row (i, cases, cases[i].label) {
        struct nl_error err = {0};
        struct nl_buf out = {0};
        const struct nl_draft_fix fix = {cases[i].rule, cases[i].line, cases[i].words};
        enum nl_status status = nl_draft_fix(cases[i].body, &fix, &out, &err);
        assert_int_equal(status, cases[i].fixed != NULL ? NL_OK : NL_DATA);
        if (cases[i].fixed != NULL)
            assert_string_equal(nl_buf_text(&out), cases[i].fixed);
        nl_error_free(&err);
        nl_buf_free(&out);
    }
}

static void test_kinds(void **state) {
    (void)state;
    assert_int_equal(nl_draft_fix_kind("heading-order", "", ""), NL_FIX_CLICK);
    assert_int_equal(nl_draft_fix_kind("image-alt", "", ""), NL_FIX_WORDS);
    assert_int_equal(nl_draft_fix_kind("size", "", ""), NL_FIX_NONE);
    assert_int_equal(nl_draft_fix_kind("language-mark", "mark it, [text](lang:kk)", ""),
                     NL_FIX_CLICK);
    assert_int_equal(nl_draft_fix_kind("language-mark", "mark it, [text](lang:xx)", ""),
                     NL_FIX_NONE);
    assert_int_equal(nl_draft_fix_kind("not-https", "the link http://a.org/x is", "https://a.org/"),
                     NL_FIX_CLICK);
    assert_int_equal(nl_draft_fix_kind("not-https", "the link http://a.org/x is", "http://a.org/"),
                     NL_FIX_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixes),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
