#include "support.h"

#include "bulletin/markdown.h"
#include "bulletin/render.h"
#include "newsletter/template/wrap.h"

#include <stdio.h>

static void check(const char *markdown, const char *html, const char *text) {
    struct nl_error err = {0};
    struct nl_theme theme = {0};
    struct nl_md_node *document = NULL;
    struct nl_buf out = {0};
    assert_ok(nl_markdown_read(markdown, strlen(markdown), "f", false, &document, &err));
    nl_render_html(document, &theme, &out);
    assert_string_equal(nl_buf_text(&out), html);
    nl_buf_clear(&out);
    nl_render_plain(document, &out);
    assert_string_equal(nl_buf_text(&out), text);
    nl_buf_free(&out);
    nl_md_free(document);
}

static void test_blocks(void **state) {
    (void)state;
    check("# A\n\n### B *c*\n\nd\ne  \nf",
          "<h1>A</h1>\n<h3>B <em>c</em></h3>\n<p>d\ne<br>\nf</p>\n", "A\n=\n\nB _c_\n\nd e\nf\n");
    check("- a\n- b\n\n1. x\n2. y",
          "<ul><li>a</li>\n<li>b</li>\n</ul>\n<ol><li>x</li>\n<li>y</li>\n</ol>\n",
          "- a\n- b\n\n1. x\n2. y\n");
    check("3. a\n\n   b\n4. c",
          "<ol start=\"3\"><li><p>a</p>\n<p>b</p>\n</li>\n<li><p>c</p>\n</li>\n</ol>\n",
          "3. a\n\n   b\n\n4. c\n");
    check("> a\n> - b", "<blockquote><p>a</p>\n<ul><li>b</li>\n</ul>\n</blockquote>\n",
          "> a\n>\n> - b\n");
    check("```\n<x>\n y\n```", "<pre>&lt;x&gt;\n y\n</pre>\n", "    <x>\n     y\n");
    check("a\n\n---\n\nb", "<p>a</p>\n<hr>\n<p>b</p>\n", "a\n\n* * *\n\nb\n");
    check("- [x] a\n- [ ] b", "<ul><li>&#9745; a</li>\n<li>&#9744; b</li>\n</ul>\n",
          "[x] a\n[ ] b\n");
    check("|a|b|\n|---|--:|\n|x|12|",
          "<table><tr><th>a</th><th align=\"right\">b</th></tr>\n"
          "<tr><td>x</td><td align=\"right\">12</td></tr>\n</table>\n",
          "a   b\n-  --\nx  12\n");
}

static void test_inlines(void **state) {
    (void)state;
    check("**a** `b<` ~~c~~ &copy;&amp;&lt;",
          "<p><strong>a</strong> <code>b&lt;</code> <del>c</del> ©&amp;&lt;</p>\n",
          "*a* b< ~~c~~ ©&<\n");
    check("[a](https://x.org/?a=b&c) <https://x.org>",
          "<p><a href=\"https://x.org/?a=b&amp;c\">a</a> <a "
          "href=\"https://x.org\">https://x.org</a></p>\n",
          "a [1] https://x.org\n\n[1] https://x.org/?a=b&c\n");
    check("![A *b*](https://x.org/i.png)", "<p><img src=\"https://x.org/i.png\" alt=\"A b\"></p>\n",
          "[A _b_]\n");
    check("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>\n", "<b>x</b>\n");
    check("[x](https://x.org/\"y)", "<p><a href=\"https://x.org/%22y\">x</a></p>\n",
          "x [1]\n\n[1] https://x.org/%22y\n");
}

/* md4c ends an emphasis here that it never began; what follows must not suffer. */
static void test_unbalanced_spans(void **state) {
    (void)state;
    static const char markdown[] = "[x](https://e.org)_word 🚢https://e.org/_&nbsp;word\n\nz";
    static const char tail[] = " word</p>\n<p>z</p>\n";
    struct nl_error err = {0};
    struct nl_theme theme = {0};
    struct nl_md_node *document = NULL;
    struct nl_buf out = {0};
    assert_ok(nl_markdown_read(markdown, sizeof markdown - 1, "f", false, &document, &err));
    nl_render_html(document, &theme, &out);
    assert_true(out.len > sizeof tail);
    assert_string_equal(out.data + out.len - (sizeof tail - 1) + 1, tail + 1);
    nl_buf_free(&out);
    nl_md_free(document);
}

/* Formats that carry meaning, entities, addresses and code of tables come out in both forms. */
static void test_meaning(void **state) {
    (void)state;
    static const struct {
        const char *markdown, *plain, *html;
    } cases[] = {
        {"Price ~~100~~ 80\n", "Price ~~100~~ 80\n", "<p>Price <del>100</del> 80</p>\n"},
        {"# ~~a~~\n", "~~a~~\n=====\n", "<h1><del>a</del></h1>\n"},
        {"- ~~a **b**~~\n", "- ~~a *b*~~\n",
         "<ul><li><del>a <strong>b</strong></del></li>\n</ul>\n"},
        {"H~2~O, ~5 or ~6; x~y~z\n", "H~2~O, ~5 or ~6; x~y~z\n", "<p>H~2~O, ~5 or ~6; x~y~z</p>\n"},
        {"\\~a\\~ `~b~`\n", "~a~ ~b~\n", "<p>~a~ <code>~b~</code></p>\n"},
        {"https://example.org/~ann/ ~~x~~\n", "https://example.org/~ann/ ~~x~~\n",
         "<p><a href=\"https://example.org/~ann/\">https://example.org/~ann/</a> "
         "<del>x</del></p>\n"},
        {"&foo; R&D; &amp;foo;\n", "&foo; R&D; &foo;\n", "<p>&amp;foo; R&amp;D; &amp;foo;</p>\n"},
        {"&lt;b&gt; &quot;x&quot; &nvlt;\n", "<b> \"x\" <\u20d2\n",
         "<p>&lt;b&gt; &quot;x&quot; &lt;\u20d2</p>\n"},
        {"&#1; &#x27; &nosuchthing;\n", "  ' &nosuchthing;\n", NULL},
        {"[x](https://example.org/?a=1&bogus;=2&amp;c)\n",
         "x [1]\n\n[1] https://example.org/?a=1&bogus;=2&c\n",
         "<p><a href=\"https://example.org/?a=1&amp;bogus;=2&amp;c\">x</a></p>\n"},
        {"[x](<https://example.org/a b\"c>)\n", "x [1]\n\n[1] https://example.org/a%20b%22c\n",
         "<p><a href=\"https://example.org/a%20b%22c\">x</a></p>\n"},
        {"[x](https://example.org/путь)\n",
         "x [1]\n\n[1] https://example.org/%D0%BF%D1%83%D1%82%D1%8C\n", NULL},
        {"<https://example.org/\u00e9>\n", "https://example.org/%C3%A9\n", NULL},
        {"| `x\\|y` | b\\|c |\n|---|---|\n| `\\\\` | **`p\\|q`** |\n",
         "x|y  b|c\n---  -----\n\\\\   *p|q*\n", NULL},
        {"`x\\|y`\n", "x\\|y\n", "<p><code>x\\|y</code></p>\n"},
    };
    for_each_row (i, cases, cases[i].markdown) {
        struct nl_error err = {0};
        struct nl_md_node *document = NULL;
        struct nl_buf text = {0};
        struct nl_buf page = {0};
        const struct nl_theme theme = {0};
        assert_ok(nl_markdown_read(cases[i].markdown, strlen(cases[i].markdown), "f", false,
                                   &document, &err));
        nl_render_plain(document, &text);
        nl_render_html(document, &theme, &page);
        assert_string_equal(nl_buf_text(&text), cases[i].plain);
        if (cases[i].html != NULL)
            assert_string_equal(nl_buf_text(&page), cases[i].html);
        nl_md_free(document);
        nl_buf_free(&text);
        nl_buf_free(&page);
    }
}

/* GFM takes one hyphen for a column, and neither a variable's bar nor one in code ends a cell. What
 * is not a table comes out as it was written. */
static void test_tables(void **state) {
    (void)state;
    static const struct {
        const char *markdown, *plain;
    } cases[] = {
        {"|a|b|\n|-|-|\n|1|2|\n", "a  b\n-  -\n1  2\n"},
        {"a|b\n-|-\n1|2\n", "a  b\n-  -\n1  2\n"},
        {"| a | b |\n| - | -- |\n| 1 | 2 |\n", "a  b\n-  -\n1  2\n"},
        {"|a|bbb|ccc|\n|:-|:-:|-:|\n|1|2|3|\n", "a  bbb  ccc\n-  ---  ---\n1  2      3\n"},
        {"|a|\n|-|\n|1|\n", "a\n-\n1\n"},
        {"> |a|b|\n> |-|-|\n> |1|2|\n", "> a  b\n> -  -\n> 1  2\n"},
        {"- |a|b|\n  |-|-|\n  |1|2|\n", "-\n  a  b\n  -  -\n  1  2\n"},
        {"a) x\n\n   |a|b|\n   |-|-|\n   |1|2|\nb) y\n",
         "a) x\n\n   a  b\n   -  -\n   1  2\n\nb) y\n"},
        {"|a|b|\r\n|-|-|\r\n|1|2|\r\n", NULL},
        {"|{{name|you}}|b|\n|-|-|\n|1|{{email|x}}|\n",
         "{{name|you}}  b\n------------  -----------\n1             {{email|x}}\n"},
        {"|{{name|you}}|b|\n|---|---|\n|1|{{name|a *b* c}}|\n", NULL},
        {"|[x](https://e.org/?n={{name|x}}&amp;y)|b|\n|-|-|\n|1|2|\n", NULL},
        {"|`x|y`|b|\n|-|-|\n|`p|q`|2|\n", "x|y  b\n---  -\np|q  2\n"},
        {"|x\\|y|b|\n|-|-|\n|`p\\|q`|{{name\\|z}}|\n",
         "x|y  b\n---  ----------\np|q  {{name|z}}\n"},
        {"|a|b|c|\n|-|-|\n", "|a|b|c| |-|-|\n"},
        {"|-|-|\n|a|b|\n", "|-|-| |a|b|\n"},
        {"a|b\n- | -\n", "a|b\n\n- | -\n"},
        {"```\n|a|b|\n|-|-|\n```\n", "    |a|b|\n    |-|-|\n"},
        {"    |a|b|\n    |-|-|\n", "    |a|b|\n    |-|-|\n"},
        {"x\n|a|b|\n|-|-|\n", "x |a|b| |-|-|\n"},
        {"`|a|\n|-|`\n", "|a| |-|\n"},
        {"Dear {{name|reader}}, a|b and {{x|y\n", "Dear {{name|reader}}, a|b and {{x|y\n"},
        {"`{{name|you}}`\n", "{{name|you}}\n"},
    };
    for_each_row (i, cases, cases[i].markdown) {
        struct nl_error err = {0};
        struct nl_md_node *document = NULL;
        struct nl_buf text = {0};
        assert_ok(nl_markdown_read(cases[i].markdown, strlen(cases[i].markdown), "f", false,
                                   &document, &err));
        nl_render_plain(document, &text);
        if (cases[i].plain != NULL)
            assert_string_equal(nl_buf_text(&text), cases[i].plain);
        else
            assert_int_equal(document->first->type, NL_MD_TABLE);
        assert_null(strchr(nl_buf_text(&text), '\xff'));
        nl_md_free(document);
        nl_buf_free(&text);
    }
}

/* Characters that turn the direction of a text stay within a paragraph, a link, and the words for a
 * picture. */
static void test_directions(void **state) {
    (void)state;
    static const struct {
        const char *markdown;
        size_t line; /* of the one that is refused; 0 for none */
    } cases[] = {
        {"x \u2067\u0627\u2069 y \u202b\u0627\u202c\u200f\n", 0},
        {"x \u2067*\u0627*\u2069 y\n", 0},
        {"x\n\ngpj.\u202etxt\n", 3},
        {"- x\n- y \u202ax\n", 2},
        {"a [b \u2066c](https://x.org/) d \u2069\n", 1},
        {"![gpj.\u202etxt](a.png)\n", 1},
        {"![x](a.png \"gpj.\u202etxt\")\n", 1},
        {"|a|\n|-|\n|\u2068x|\n|y\u2069|\n", 3},
        {"```\nx\n\u202dy\n```\n", 2},
        {"# x \u2067y\n", 1},
    };
    for_each_row (i, cases, cases[i].markdown) {
        struct nl_error err = {0};
        struct nl_md_node *document = NULL;
        char words[80];
        enum nl_status status = nl_markdown_read(cases[i].markdown, strlen(cases[i].markdown), "f",
                                                 false, &document, &err);
        snprintf(words, sizeof words, "f: line %zu of the text holds an invisible character",
                 cases[i].line);
        assert_int_equal(status, cases[i].line > 0 ? NL_DATA : NL_OK);
        if (cases[i].line > 0)
            assert_non_null(strstr(nl_error_text(&err), words));
        nl_error_free(&err);
        nl_md_free(document);
    }
}

/* A block of raw HTML without words, and tags that carry meaning. */
static void test_raw_html(void **state) {
    (void)state;
    static const struct {
        const char *markdown, *plain;
    } cases[] = {{"<div></div>\n", ""},
                 {"<div> \n</div>\n\na\n", "a\n"},
                 {"<!-- x -->\n", ""},
                 {"a <del>b</del> x<sup>2</sup> H<sub>2</sub>O<br/>c\n", "a ~~b~~ x^2^ H_2_O\nc\n"},
                 {"a <span class=\"b\">b</span>\n", "a b\n"}};
    for_each_row (i, cases, cases[i].markdown) {
        struct nl_error err = {0};
        struct nl_md_node *document = NULL;
        struct nl_buf text = {0};
        assert_ok(nl_markdown_read(cases[i].markdown, strlen(cases[i].markdown), "f", true,
                                   &document, &err));
        nl_render_plain(document, &text);
        assert_string_equal(nl_buf_text(&text), cases[i].plain);
        nl_md_free(document);
        nl_buf_free(&text);
    }
}

static void test_wrapping(void **state) {
    (void)state;
    struct nl_buf out = {0};
    nl_plain_wrap(&out, "one two", "* ", "  ");
    assert_string_equal(nl_buf_text(&out), "* one two\n");
    nl_buf_clear(&out);
    nl_plain_wrap(&out,
                  "xxxxxxxxxx xxxxxxxxxx xxxxxxxxxx xxxxxxxxxx xxxxxxxxxx xxxxxxxxxx xxxxxxxxxx xx",
                  "", "");
    assert_string_equal(nl_buf_text(&out), "xxxxxxxxxx xxxxxxxxxx xxxxxxxxxx xxxxxxxxxx xxxxxxxxxx "
                                           "xxxxxxxxxx\nxxxxxxxxxx xx\n");
    nl_buf_clear(&out);
    /* 40 ideographs are 80 columns wide: 36 fit. */
    nl_plain_wrap(
        &out, "字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字",
        "", "");
    assert_int_equal(strcspn(out.data, "\n"), 36 * 3);
    nl_buf_clear(&out);
    /* A URL is never broken. */
    nl_plain_wrap(
        &out,
        "see https://example.org/a-very/long-path/that-has/many-places/where-a-line/could-"
        "break/if-it/were-text",
        "", "");
    assert_string_equal(
        nl_buf_text(&out),
        "see\nhttps://example.org/a-very/long-path/that-has/many-places/where-a-line/"
        "could-break/if-it/were-text\n");
    nl_buf_free(&out);
}

/* CommonMark section 2.3. */
static void test_a_zero_byte_is_replaced(void **state) {
    static const char bytes[] = "one\0two";
    struct nl_error err = {0};
    struct nl_md_node *document = NULL;
    struct nl_buf out = {0};
    (void)state;
    assert_ok(nl_markdown_read(bytes, sizeof bytes - 1, "f", false, &document, &err));
    nl_render_plain(document, &out);
    assert_string_equal(nl_buf_text(&out), "one\xef\xbf\xbd"
                                           "two\n");
    nl_buf_free(&out);
    nl_md_free(document);
}

static void test_refused(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_md_node *document = NULL;
    static const char *const bad[] = {"[x](javascript:x)", "**[x](data:y)**", "[x](/relative)",
                                      "![x](cid:y)", "- > [x](JAVASCRIPT:x)"};
    for_each_row (i, bad, bad[i])
        assert_fails(nl_markdown_read(bad[i], strlen(bad[i]), "f", false, &document, &err), NL_DATA,
                     "f:");
    struct nl_buf deep = {0};
    for (int i = 0; i < 200; i++)
        nl_buf_addc(&deep, '>');
    nl_buf_adds(&deep, "x");
    assert_fails(nl_markdown_read(deep.data, deep.len, "f", false, &document, &err), NL_DATA,
                 "nested");
    nl_buf_free(&deep);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),           cmocka_unit_test(test_inlines),
        cmocka_unit_test(test_wrapping),         cmocka_unit_test(test_refused),
        cmocka_unit_test(test_unbalanced_spans), cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_raw_html),         cmocka_unit_test(test_tables),
        cmocka_unit_test(test_directions),       cmocka_unit_test(test_a_zero_byte_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
