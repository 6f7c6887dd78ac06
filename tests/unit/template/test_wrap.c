/* Lines of plain text: where they break, to the column. */
#include "support.h"

#include "newsletter/template/wrap.h"

#include <stdlib.h>

static void assert_wrapped(const char *text, const char *first, const char *rest,
                           const char *expected) {
    struct nl_buf out = {0};
    nl_plain_wrap(&out, text, first, rest);
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
}

#define SIXTY "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* A paragraph's last line has 72 columns at most; on the others the blank at which they break
 * counts. */
static void test_at_the_last_column(void **state) {
    (void)state;
    assert_wrapped(SIXTY " 12345678901", "", "", SIXTY " 12345678901\n");
    assert_wrapped(SIXTY " Inter-Parliamentary", "", "", SIXTY "\nInter-Parliamentary\n");
    assert_wrapped(SIXTY " 123456789012", "", "", SIXTY "\n123456789012\n");
    assert_wrapped(SIXTY " 1234567890 x", "", "", SIXTY " 1234567890\nx\n");
    assert_wrapped(SIXTY " 12345678901 x", "", "", SIXTY "\n12345678901 x\n");
    assert_wrapped(SIXTY " 123456789", "> ", "> ", "> " SIXTY " 123456789\n");
    assert_wrapped(SIXTY " 1234567890", "> ", "> ", "> " SIXTY "\n> 1234567890\n");
    assert_wrapped(SIXTY " 123456789", "- ", "  ", "- " SIXTY " 123456789\n");
    assert_wrapped(SIXTY SIXTY, "", "", SIXTY SIXTY "\n"); /* a word is not cut */
}

/* A wide character takes two columns, a combining one none. */
static void test_width(void **state) {
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {{"", 0}, {"abc", 3}, {"Ünï", 3}, {"日本", 4}, {"e\xcc\x81", 1}, {"Әсел", 4}};
    (void)state;
    for_each_row (i, cases, cases[i].text)
        assert_int_equal(nl_text_width(cases[i].text), cases[i].width);
    assert_wrapped(SIXTY " 日本日本日", "", "", SIXTY " 日本日本日\n");
    assert_wrapped(SIXTY " 日本日本日本", "", "", SIXTY " 日本日本日\n本\n");
}

/* Tags of conditions take no room, and stay in their places. */
static void test_tags(void **state) {
    (void)state;
    assert_wrapped(SIXTY "{{#a}} 12345678901{{/a}}", "", "", SIXTY "{{#a}} 12345678901{{/a}}\n");
    assert_wrapped(SIXTY " {{#a}}123456789012{{/a}}", "", "", SIXTY "\n{{#a}}123456789012{{/a}}\n");
    assert_wrapped("{{#a}}{{/a}}", "", "", "{{#a}}{{/a}}\n");
    assert_wrapped("a {{b}} {{ c", "", "", "a {{b}} {{ c\n");
    assert_wrapped("", "> ", "> ", "");
}

static void test_lines(void **state) {
    (void)state;
    struct nl_buf out = {0};
    assert_wrapped("a\nb", "- ", "  ", "- a\n  b\n");
    nl_plain_line(&out, "> ", "text  ", 6);
    nl_plain_line(&out, "> ", "", 0);
    assert_string_equal(nl_buf_text(&out), "> text\n>\n");
    nl_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_the_last_column),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
