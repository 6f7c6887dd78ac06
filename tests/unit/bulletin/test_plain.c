/* The plain text of an issue: links, headings, tables and raw HTML, to the column. */
#include "support.h"

#include "bulletin/markdown.h"
#include "bulletin/render.h"

#include <stdio.h>

static void assert_plain(const char *markdown, const char *expected) {
    struct nl_error err = {0};
    struct nl_md_node *document = NULL;
    struct nl_buf out = {0};
    assert_ok(nl_markdown_read(markdown, strlen(markdown), "f", true, &document, &err));
    nl_render_plain(document, &out);
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
    nl_md_free(document);
}

struct row {
    const char *markdown, *plain;
};

/* A link has a number where its text is not the address; numbers count up in order. */
static void test_links(void **state) {
    static const struct row cases[] = {
        {"[a](https://a.org) and [b](https://b.org)",
         "a [1] and b [2]\n\n[1] https://a.org\n[2] https://b.org\n"},
        {"[https://a.org](https://a.org)", "https://a.org\n"},
        {"[a.org](https://a.org)", "a.org\n"},
        {"[a.org](http://a.org)", "a.org\n"},
        {"[+5551](tel:+5551)", "+5551 [1]\n\n[1] tel:+5551\n"},
        {"[ann@a.org](mailto:ann@a.org)", "ann@a.org\n"},
        {"[bob@a.org](mailto:ann@a.org)", "bob@a.org [1]\n\n[1] mailto:ann@a.org\n"},
        {"[b.org](https://a.org)", "b.org [1]\n\n[1] https://a.org\n"},
        {"- [a](https://a.org)\n\n[b](https://b.org)",
         "- a [1]\n\nb [2]\n\n[1] https://a.org\n[2] https://b.org\n"},
        {"|x|\n|---|\n|[a](https://a.org)|\n\n[b](https://b.org)", /* numbered once */
         "x\n-----\na [1]\n\nb [2]\n\n[1] https://a.org\n[2] https://b.org\n"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].markdown)
        assert_plain(cases[i].markdown, cases[i].plain);
}

static void test_blocks(void **state) {
    static const struct row cases[] = {
        {"# a", "a\n=\n"},
        {"## ab", "ab\n--\n"},
        {"### ab", "ab\n"},
        {"# 日本", "日本\n====\n"},
        {"# a\n\nb", "a\n=\n\nb\n"},
        {"> a\n\nb", "> a\n\nb\n"},
        {"> > a\n>\n> b", "> > a\n>\n> b\n"},
        {"- a\n\n  b\n- c", "- a\n\n  b\n\n- c\n"},
        {"- a\n  - b\n- c", "- a\n  - b\n- c\n"},
        {"-\n- a", "-\n- a\n"},
        {"1. a\n2. b\n\nc", "1. a\n2. b\n\nc\n"},
        {"9. a\n10. b\n    - c", "9. a\n10. b\n    - c\n"},
        {"    x\n\n    y\n\nz", "    x\n\n    y\n\nz\n"},
        {"> ```\n> x\n> ```", ">     x\n"},
        {"a\n\n***\n\nb", "a\n\n* * *\n\nb\n"},
        {"![alt](x.png)", "[alt]\n"},
        {"![](x.png)", "[]\n"},
        {"a\\\nb", "a\nb\n"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].markdown)
        assert_plain(cases[i].markdown, cases[i].plain);
}

/* Tags whose format carries meaning have a mark; blocks of HTML have their words, or nothing. */
static void test_html(void **state) {
    static const struct row cases[] = {
        {"a <b>b</b> <i>c</i> <DEL>d</DEL> <u>e</u>", "a *b* _c_ ~~d~~ e\n"},
        {"x<sup>2</sup> y<sub>1</sub> a<br>b<br/>c", "x^2^ y_1_ a\nb\nc\n"},
        {"<bold>a</bold> <strong class=\"x\">b</strong>", "a *b*\n"},
        {"<div>words</div>", "words\n"},
        {"a\n\n<div>words</div>\n\nb", "a\n\nwords\n\nb\n"},
        {"a\n\n<div></div>\n\nb", "a\n\nb\n"},
        {"a\n\n<div> \n </div>\n\nb", "a\n\nb\n"},
        {"<div></div>", ""},
        {"<!-- a -->", ""},
        {"- a\n\n  <p>b</p>", "- a\n\n  b\n"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].markdown)
        assert_plain(cases[i].markdown, cases[i].plain);
}

static void test_tables(void **state) {
    static const struct row cases[] = {
        {"|a|b|\n|---|---|\n|long|c|", "a     b\n----  -\nlong  c\n"},
        {"|a|b|\n|---|--:|\n|x|1|\n|y|10|", "a   b\n-  --\nx   1\ny  10\n"},
        {"|a|b|\n|---|---|\n|日|c|", "a   b\n--  -\n日  c\n"},
        {"|a|b|\n|---|---|\n|x||", "a  b\n-  -\nx\n"},
        {"> |a|b|\n> |---|---|\n> |x|y|", "> a  b\n> -  -\n> x  y\n"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].markdown)
        assert_plain(cases[i].markdown, cases[i].plain);
}

#define THIRTY "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* A table of 72 columns fits on a line; of 73, its cells are separated by a bar and wrapped. */
static void test_a_wide_table(void **state) {
    (void)state;
    assert_plain("|a|b|\n|---|---|\n|" THIRTY "1234567890|" THIRTY "|",
                 "a                                         b\n"
                 "----------------------------------------  ------------------------------\n" THIRTY
                 "1234567890  " THIRTY "\n");
    assert_plain("|a|b|\n|---|---|\n|" THIRTY "12345678901|" THIRTY "|",
                 "- a: " THIRTY "12345678901\n  b: " THIRTY "\n");
}

/* Sixteen columns are aligned, more are not. */
static void test_many_columns(void **state) {
    static const size_t counts[] = {15, 16, 17, 40};
    (void)state;
    for_each_row (i, counts, NULL) {
        struct nl_buf text = {0};
        struct nl_buf expected = {0};
        for (size_t row = 0; row < 3; row++) {
            for (size_t at = 0; at < counts[i]; at++)
                nl_buf_adds(&text, row == 1 ? "|---" : "|a");
            nl_buf_adds(&text, "|\n");
        }
        for (size_t row = 0; row < 3; row++) {
            for (size_t at = 0; at < counts[i] && counts[i] <= 16; at++)
                nl_buf_addf(&expected, "%s%s", at > 0 ? "  " : "", row == 1 ? "-" : "a");
            nl_buf_adds(&expected, "\n");
        }
        if (counts[i] <= 16) {
            assert_plain(nl_buf_text(&text), nl_buf_text(&expected));
        } else {
            struct nl_error err = {0};
            struct nl_md_node *document = NULL;
            struct nl_buf out = {0};
            assert_ok(nl_markdown_read(nl_buf_text(&text), text.len, "f", true, &document, &err));
            nl_render_plain(document, &out);
            assert_memory_equal(nl_buf_text(&out), "- a: ", 5);
            nl_buf_free(&out);
            nl_md_free(document);
        }
        nl_buf_free(&text);
        nl_buf_free(&expected);
    }
}

/* The line under a heading is as long as that, and no longer than a line. */
static void test_a_long_heading(void **state) {
    (void)state;
    assert_plain("# " THIRTY " " THIRTY " 12345678901", THIRTY
                 " " THIRTY "\n12345678901\n"
                 "========================================================================\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links),          cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_html),           cmocka_unit_test(test_tables),
        cmocka_unit_test(test_a_wide_table),   cmocka_unit_test(test_many_columns),
        cmocka_unit_test(test_a_long_heading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
