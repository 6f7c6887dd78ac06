/* The rules of accessibility that a text breaks, and in which line: each at its bound. */
#include "support.h"

#include "bulletin/check_access.h"
#include "bulletin/markdown.h"

#include <stdlib.h>

/* "rule line;" for each finding, of the Markdown, its raw HTML and its width. */
static void assert_found(const char *markdown, const char *expected) {
    struct nl_error err = {0};
    struct nl_md_node *document = NULL;
    struct nl_findings findings = {0};
    struct nl_buf told = {0};
    const struct nl_access access = {
        .path = "i.md", .language = "en", .before = 100, .out = &findings};
    assert_ok(nl_markdown_read(markdown, strlen(markdown), "f", true, &document, &err));
    nl_check_access(&access, document);
    nl_check_raw_html(&access, document);
    nl_check_width(&access, document);
    for (size_t i = 0; i < findings.count; i++) {
        long line = strncmp(findings.items[i].text, "line ", 5) == 0
                        ? strtol(findings.items[i].text + 5, NULL, 10) - 100
                        : 0;
        nl_buf_addf(&told, "%s %ld;", findings.items[i].rule, line);
        assert_int_equal(findings.items[i].level, NL_LEVEL_WARNING);
    }
    assert_string_equal(nl_buf_text(&told), expected);
    nl_buf_free(&told);
    nl_findings_free(&findings);
    nl_md_free(document);
}

struct row {
    const char *markdown, *found;
};

#define TEN "abcdefghij"
#define TWENTY TEN TEN
#define SIXTY TWENTY " " TWENTY " " TEN "abcdefg"

static void test_blocks(void **state) {
    static const struct row cases[] = {
        {"## a\n\n### b\n\n#### c", ""},
        {"## a\n\n#### b\n\n##### c", "heading-order 3;"}, /* one below that */
        {"## a\n\n### b\n\n## c\n\n### d", ""},
        {"# a\n\n## b", "heading-order 1;"},
        {"**a**\n\nb", "heading-bold 1;"},
        {"**a**", ""}, /* nothing is below it */
        {"**a** b\n\nc", ""},
        {"**a.**\n\nb", ""},
        {"**a,**\n\nb", ""},
        {"> **a**\n\nb", ""},
        {"*a*\n\nb", ""},
        {"**" SIXTY " " TEN TEN "**\n\nb", "heading-bold 1;"}, /* 80 letters */
        {"**" SIXTY " " TEN TEN "k**\n\nb", ""},               /* 81 */
        {"|a|b|\n|---|---|\n|c|d|", ""},
        {"| |b|\n|---|---|\n|c|d|", ""},
        {"|a| |\n|---|---|\n|c|d|", "table-head 1;"},
        {"| |\n|---|\n|c|", "table-head 1;"}, /* the only column */
        {"[^a]: x\n\ny", "footnote 1;"},
        {"x[^a]\n\n[^a]: y", ""},
        {"x\n\n    y", "indented-code 3;"},
        {"```\ny\n```", ""},
        {"- x\n\n      y", "indented-code 3;"},
        {TEN TWENTY "abcdef", ""},              /* 36 letters */
        {TEN TWENTY "abcdefg", "long-word 1;"}, /* 37 */
        {"## " TEN TWENTY "abcdefg", "long-word 1;"},
        {"- " TEN TWENTY "abcdefg", "long-word 1;"},
        {"- " TEN TWENTY "abcdefg\n\n- x", "long-word 1;"},
        {"|a|\n|---|\n|" TEN TWENTY "abcdefg|", "long-word 3;"},
        {"```\n" TEN TWENTY "abcdefg\n```", ""},
        {"{{" TEN TWENTY "}}", ""},
        {"[" TEN "](https://" TWENTY TWENTY ".example/)", ""},
    };
    (void)state;
    for_each_row (i, cases, cases[i].markdown)
        assert_found(cases[i].markdown, cases[i].found);
}

static void test_raw_html(void **state) {
    static const struct row cases[] = {
        {"<img src=\"a.png\">", "image-alt 1;"},
        {"<img src=\"a.png\" alt=\"\">", ""},
        {"<div>\n<p>x\n<img src=\"a.png\">\n</div>", "image-alt 3;"},
        {"<table>\n<tr><td>x</td></tr>\n</table>", "table-head 1;"},
        {"<table>\n<tr><th>x</th></tr>\n</table>", ""},
        {"<table role=\"presentation\">\n<tr><td>x</td></tr>\n</table>", ""},
        {"<table role=\"grid\">\n<tr><td>x</td></tr>\n</table>", "table-head 1;"},
        {"<p>x</p>\n<table>\n<tr><td>x</td></tr>\n</table>", "table-head 2;"},
        {"<table>\n<tr><td>x</td></tr>", ""}, /* it is not closed */
        {"<table>\n<tr><th>x</th></tr></table><table><tr><td>y</td></tr></table>", "table-head 2;"},
        {"<p style=\"color: #777; background: #fff\">x</p>", "contrast 1;"}, /* 4.48 */
        {"<p style=\"color: #767676; background: #fff\">x</p>", ""},         /* 4.54 */
        {"<p style=\"color: #767676; background-color: #fff\">x</p>", ""},
        {"<p style=\"background: #fff\">x</p>", "contrast 1;"}, /* on a dark screen */
        {"<p style=\"color: #000\">x</p>", "contrast 1;"},
        {"<p style=\"font-size: 20px\">x</p>", ""},
        {"<font color=\"#777777\">x</font>", "contrast 1;"},
        {"<p color=\"#777777\">x</p>", ""}, /* only of <font> */
        {"<td bgcolor=\"#ffffff\">x</td>", "contrast 1;"},
        {"<div style=\"color: #000; background: #fff\"><p style=\"color: #fff\">x</p></div>",
         "contrast 1;"}, /* on the ground around it */
        {"<div style=\"color: #000; background: #fff\"><p style=\"background: #000\">x</p></div>",
         "contrast 1;"},
        {"<div style=\"color: #000; background: #fff\"></div><p style=\"color: #777\">x</p>",
         "contrast 1;"}, /* that ground has ended */
        {"<div style=\"color: #000; background: #fff\"><br><p style=\"color: #333\">x</p></div>",
         ""}, /* <br> is never closed */
        {"<div style=\"color: #000; background: #fff\"><i><b>y</i><p style=\"color: "
         "#333\">x</p></div>",
         ""},
        {"<div style=\"color: #000; background: #fff\"></b><p style=\"color: #333\">x</p></div>",
         ""}, /* closes nothing */
        {"x <img src=\"a.png\"> y", "image-alt 1;"},
        {"`<img src=\"a.png\">`", ""},
    };
    (void)state;
    for_each_row (i, cases, cases[i].markdown)
        assert_found(cases[i].markdown, cases[i].found);
}

/* Elements within each other beyond 64 are passed over. */
static void test_deep_html(void **state) {
    static const int depths[] = {63, 64, 65, 500};
    (void)state;
    for_each_row (i, depths, NULL) {
        struct nl_buf text = {0};
        nl_buf_adds(&text, "<div>");
        for (int at = 1; at < depths[i]; at++)
            nl_buf_adds(&text, "<b>");
        nl_buf_adds(&text, "<p style=\"color: #777; background: #fff\">x");
        assert_found(nl_buf_text(&text), depths[i] < 64 ? "contrast 1;" : "");
        nl_buf_free(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_raw_html),
        cmocka_unit_test(test_deep_html),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
