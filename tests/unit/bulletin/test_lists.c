/* Lists with signs that CommonMark lacks, footnotes, and where in the issue things stand. */
#include "support.h"

#include "bulletin/list_sign.h"
#include "bulletin/markdown.h"
#include "bulletin/render.h"

#include <string.h>

struct row {
    const char *markdown, *plain;
};

static struct nl_md_node *read_markdown(const char *markdown) {
    struct nl_error err = {0};
    struct nl_md_node *document = NULL;
    assert_ok(nl_markdown_read(markdown, strlen(markdown), "f", false, &document, &err));
    return document;
}

static void assert_plain(const char *markdown, const char *expected) {
    struct nl_md_node *document = read_markdown(markdown);
    struct nl_buf out = {0};
    nl_render_plain(document, &out);
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
    nl_md_free(document);
}

static void assert_html(const char *markdown, const char *expected) {
    const struct nl_theme theme = {0};
    struct nl_md_node *document = read_markdown(markdown);
    struct nl_buf out = {0};
    nl_render_html(document, &theme, &out);
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
    nl_md_free(document);
}

#define LIST "<ol class=\"signs\" role=\"list\">"
#define SIGN(sign) "<span class=\"sign\" dir=\"auto\">" sign "</span> "

static void test_html(void **state) {
    (void)state;
    assert_html("a) x\nb) y\nmore",
                LIST "<li>" SIGN("a)") "x</li>\n<li>" SIGN("b)") "y\nmore</li>\n</ol>\n");
    assert_html(
        "(a)  *x*\n\n(b) y", LIST
        "<li><p>" SIGN("(a)") "<em>x</em></p>\n</li>\n<li><p>" SIGN("(b)") "y</p>\n</li>\n</ol>\n");
    assert_html("1. a\n\n   a) x\n   b) y",
                "<ol><li><p>a</p>\n" LIST
                "<li>" SIGN("a)") "x</li>\n<li>" SIGN("b)") "y</li>\n</ol>\n</li>\n</ol>\n");
    assert_html("a) > q\nb) y",
                LIST "<li>" SIGN("a)") "<blockquote><p>q</p>\n</blockquote>\n</li>\n<li>" SIGN(
                    "b)") "y</li>\n</ol>\n");
}

/* Each list keeps the signs of its author, in each form and script, wherever a number could stand.
 */
static void test_signs(void **state) {
    static const struct row cases[] = {
        {"a) x\nb) y", "a) x\nb) y\n"},
        {"a)  x\n\nb)  y\n\nc) z\n\nafter", "a) x\n\nb) y\n\nc) z\n\nafter\n"},
        {"A) x\nB) y", "A) x\nB) y\n"},
        {"a. x\nb. y", "a. x\nb. y\n"},
        {"(a) x\n    y\n(b) z", "(a) x y\n(b) z\n"},
        {"\u0430) x\n\u0431) y\n\u0432) z", "\u0430) x\n\u0431) y\n\u0432) z\n"},
        {"\u0410) x\n\u0411) y", "\u0410) x\n\u0411) y\n"},
        {"\u0435) x\n\u0436) y", "\u0435) x\n\u0436) y\n"},                       /* no \u0451 */
        {"\u0438) x\n\u043a) y", "\u0438) x\n\u043a) y\n"},                       /* no \u0439 */
        {"\u0430) x\n\u04d9) y\n\u0431) z", "\u0430) x\n\u04d9) y\n\u0431) z\n"}, /* Kazakh */
        {"a) x\n\u0431) y", "a) x\n\u0431) y\n"}, /* a Latin letter among Cyrillic ones */
        {"\u03b1) x\n\u03b2) y", "\u03b1) x\n\u03b2) y\n"},
        {"\u0623) x\n\u0628) y", "\u0623) x\n\u0628) y\n"},
        {"i) x\nii) y\niii) z\niv) w", "i) x\nii) y\niii) z\niv) w\n"},
        {"xxxviii) x\nxxxix) y", "xxxviii) x\nxxxix) y\n"},
        {"I. x\nII. y", "I. x\nII. y\n"},
        {"(1) x\n(2) y", "(1) x\n(2) y\n"},
        {"1) x\n1) y", "1) x\n2) y\n"}, /* as CommonMark counts */
        {"h) x\ni) y\nj) z", "h) x\ni) y\nj) z\n"},
        {"b) x\n\nc) y", "b) x\n\nc) y\n"},
        {"a) x\nb) y\nd) z", "a) x\nb) y\nd) z\n"},
        {"a)\tx\nb)\ty", "a) x\nb) y\n"},
        {"a)\u00a0x\nb)\u00a0\u00a0y", "a) x\nb) y\n"},
        {"\u00a0\u00a0a) x\n\u00a0\u00a0b) y", "a) x\nb) y\n"},
        {"a)\nb) x", "a)\nb) x\n"},
        {"> a) x\n> b) y", "> a) x\n> b) y\n"},
        {"- a) x\n  b) y\n- z", "- a) x\n  b) y\n- z\n"},
        {"A.  x\nB.  y", "A. x\nB. y\n"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].markdown)
        assert_plain(cases[i].markdown, cases[i].plain);
}

/* Lists nest in each other, with any indentation that CommonMark allows. */
static void test_nesting(void **state) {
    static const struct row cases[] = {
        {"a) x\n   1. y\n   2. z\nb) w", "a) x\n   1. y\n   2. z\nb) w\n"},
        {"a) x\n    1. y\n    2. z\nb) w", "a) x\n   1. y\n   2. z\nb) w\n"},
        {"a) x\n      1. y\nb) w", "a) x\n   1. y\nb) w\n"},
        {"c) x\n\n   1. y\n\nd) w", "c) x\n\n   1. y\n\nd) w\n"},
        {"\u0430) x\n   - y\n     i) z\n     ii) v\n\u0431) w",
         "\u0430) x\n   - y\n     i) z\n     ii) v\n\u0431) w\n"},
        {"1. x\n   a) y\n   b) z\n2. w", "1. x\n   a) y\n   b) z\n2. w\n"},
        {"(a) x\n    (i) y\n    (ii) z\n(b) w", "(a) x\n    (i) y\n    (ii) z\n(b) w\n"},
        {"a) i) x\n   ii) y\nb) z", "a) i) x\n   ii) y\nb) z\n"},
        {"  a) x\n b) y\nc) z", "a) x\nb) y\nc) z\n"},
        {"text\na) x\nb) y", "text\n\na) x\nb) y\n"},
        /* Lists of other kinds next to each other stay apart. */
        {"1) x\n2) y\na) z\nb) w", "1) x\n2) y\n\na) z\nb) w\n"},
        {"a) x\nb) y\n1) z\n2) w", "a) x\nb) y\n\n1) z\n2) w\n"},
        {"a) x\nb) y\n(a) z\n(b) w", "a) x\nb) y\n\n(a) z\n(b) w\n"},
        {"a) x\nb) y\n\na) z\nb) w", "a) x\nb) y\n\na) z\nb) w\n"},
        {"a) x\nb) y\n\na) alone", "a) x\nb) y\n\na) alone\n"},
        {"a) x\nb) y\n\nbetween\n\nc) z", "a) x\nb) y\n\nbetween\n\nc) z\n"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].markdown)
        assert_plain(cases[i].markdown, cases[i].plain);
}

/* Everything else stays text, to the letter. */
static void test_no_lists(void **state) {
    static const struct row cases[] = {
        {"a) alone", "a) alone\n"},
        {"a) x\n\nc) y", "a) x\n\nc) y\n"},
        {"A. Smith came.\n\nB. Jones left.", "A. Smith came.\n\nB. Jones left.\n"},
        {"I.  x\nII. y\n\nA. Smith", "I. x\nII. y\n\nA. Smith\n"},
        {"what a) is,\nb) is and\nc) is", "what a) is, b) is and c) is\n"},
        {"a)x\nb)y", "a)x b)y\n"},
        {"(see) x\n(too) y", "(see) x (too) y\n"},
        {"mix) x\ncivil) y", "mix) x civil) y\n"},
        {"iiii) x\niiiii) y", "iiii) x iiiii) y\n"},
        {"Ab) x\nAc) y", "Ab) x Ac) y\n"},
        {"```\na) x\nb) y\n```", "    a) x\n    b) y\n"},
        {"    a) x\n    (b) y", "    a) x\n    (b) y\n"},
        {"`x\na) y\nb) z`", "`x\n\na) y\nb) z`\n"},
        {"x `a) y` z\na) w", "x a) y z a) w\n"},
        {"1. x\n\na) y", "1. x\n\na) y\n"},
        {"[x]\n\n[x]: https://a.org\n  'a) t\n      b) u'", "x [1]\n\n[1] https://a.org\n"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].markdown)
        assert_plain(cases[i].markdown, cases[i].plain);
}

/* Bullets as word processors paste them. */
static void test_bullets(void **state) {
    static const struct row cases[] = {
        {"\u2022 x\n\u2022 y", "- x\n- y\n"},
        {"\u2022\tx\n\u2022\ty", "- x\n- y\n"},
        {"\u00b7\u00a0\u00a0\u00a0x\n\u00b7\u00a0\u00a0\u00a0y", "- x\n- y\n"},
        {"\uf0b7\tx\n  o\ty\n\uf0b7\tz", "- x\n  - y\n- z\n"},
        {"\uf0b7\tx\no\ty\n\uf0a7\tv\no\tw\n\uf0b7\tz", "- x\n  - y\n    - v\n  - w\n- z\n"},
        {"text\n\n\uf0a7\tv", "text\n\n- v\n"},
        /* An empty line leaves the level as it is, any other one ends it. */
        {"\u2022\tx\n\no\ty\n\n\uf0a7\tz", "- x\n\n  - y\n\n    - z\n"},
        {"\u2022\tx\n\ntext\n\no\ty", "- x\n\ntext\n\n- y\n"},
        {"\u2022\tx\nmore\no\ty", "- x more\n\n- y\n"},
        {"-\u00a0x\n-\u00a0y", "- x\n- y\n"},
        {"1.\u00a0x\n2.\u00a0y", "1. x\n2. y\n"},
        {"\u2013\tx\n\u2013\ty", "- x\n- y\n"},
        {"\u2013 x\n\u2013 y", "\u2013 x \u2013 y\n"}, /* may be a dialogue */
        {"o x", "o x\n"},
        {"\u2022x", "\u2022x\n"},
        {"x \u2022 y", "x \u2022 y\n"},
        {"```\n\u2022 x\n```", "    \u2022 x\n"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].markdown)
        assert_plain(cases[i].markdown, cases[i].plain);
}

static void test_notes(void **state) {
    static const struct row cases[] = {
        {"x[^1] y\n\n[^1]: note", "x\u00b9 y\n\n\u00b9 note\n"},
        {"x[^b][^a]\n\n[^a]: one\n[^b]: two", "x\u00b9\u00b2\n\n\u00b9 two\n\u00b2 one\n"},
        {"x[^1] y[^1]\n\n[^1]: note", "x\u00b9 y\u00b9\n\n\u00b9 note\n"},
        {"x[^\u043f]\n\n[^\u043f]: note\n    more\n\n    second",
         "x\u00b9\n\n\u00b9 note more\n\n  second\n"},
        {"x[^1]\n\n[^1]: *y*[^2]\n\n[^2]: z", "x\u00b9\n\n\u00b9 _y_\u00b2\n\n\u00b2 z\n"},
        {"*\"x\"*[^1]\n\n[^1]: y", "_\"x\"_\u00b9\n\n\u00b9 y\n"},
        {"[x](https://a.org)[^1]\n\n[^1]: y", "x [1]\u00b9\n\n\u00b9 y\n\n[1] https://a.org\n"},
        {"x[^1]\n\n[^1]:\n    y", "x\u00b9\n\n\u00b9 y\n"},
        {"# x[^1]\n\n- y[^2]\n\n[^1]: a\n[^2]: b",
         "x\u00b9\n==\n\n- y\u00b2\n\n\u00b9 a\n\u00b2 b\n"},
        {"1. x[^1]\n2. y\n\n[^1]: z", "1. x\u00b9\n2. y\n\n\u00b9 z\n"},
        /* Everything else stays as it is. */
        {"x[^none]", "x[^none]\n"},
        {"x\\[^1]\n\n[^1]: y", "x[^1]\n"},
        {"`[^1]`\n\n[^1]: y", "[^1]\n"},
        {"[^1](https://a.org)\n\n[^1]: y", "^1 [1]\n\n[1] https://a.org\n"},
        {"[x[^1]](https://a.org)\n\n[^1]: y", "x[^1] [1]\n\n[1] https://a.org\n"},
        {"[^a b] [^*x*] [^]", "[^a b] [^_x_] [^]\n"},
        {"![x[^1]](https://a.org/i.png)\n\n[^1]: y", "[x[^1]]\n"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].markdown)
        assert_plain(cases[i].markdown, cases[i].plain);
    assert_html(
        "x[^1] y[^1]\n\n[^1]: z",
        "<p>x<sup><a href=\"#note-1\" id=\"mark-1\" role=\"doc-noteref\">1</a></sup> "
        "y<sup><a href=\"#note-1\" role=\"doc-noteref\">1</a></sup></p>\n"
        "<ol class=\"signs notes\" role=\"list\"><li id=\"note-1\">"
        "<span class=\"sign\" dir=\"auto\"><a href=\"#mark-1\">1.</a></span> z</li>\n</ol>\n");
}

/* The line of the first node of a type. */
static size_t line_of(const struct nl_md_node *node, enum nl_md_type type) {
    size_t line = node->type == type ? node->line : 0;
    for (const struct nl_md_node *child = node->first; line == 0 && child != NULL;
         child = child->next)
        line = line_of(child, type);
    return line;
}

static void test_lines(void **state) {
    static const struct {
        const char *markdown;
        enum nl_md_type type;
        size_t line;
    } cases[] = {
        {"x\n\n# y", NL_MD_HEADING, 3},
        {"a) x\nb) y\n\n        code", NL_MD_CODE_BLOCK, 4},
        {"x\n\n![](i.png)", NL_MD_IMAGE, 3},
        {"x\n![\ny](i.png)", NL_MD_IMAGE, 3},
        {"x\n\n![][p]\n\n[p]: i.png", NL_MD_IMAGE, 0},
        {"\u0430) x\n\u0431) y\n\n[z](https://a.org)", NL_MD_LINK, 4},
        {"{{#if a = \"1\n\"}}\nx\n{{/if}}\n\n# y", NL_MD_HEADING, 6},
        {"|a|\n|-|\n|b|\n\n> q", NL_MD_QUOTE, 5},
    };
    (void)state;
    for_each_row (i, cases, cases[i].markdown) {
        struct nl_md_node *document = read_markdown(cases[i].markdown);
        assert_int_equal(line_of(document, cases[i].type), cases[i].line);
        nl_md_free(document);
    }
}

/* Time and memory are bounded by the length of the text. */
static void test_hostile(void **state) {
    static const char *const pieces[] = {
        "a) ",  "a) x\n",  "a) x\n\nb) y\n\nA. x\n", "[^a]: ", "[^a]: x\n",       "[^a]", "a)\n",
        "(i) ", "\u2022 ", "\u00a0a) x\n",           "> a) ",  "1) a. (a) i) x\n"};
    (void)state;
    for_each_row (i, pieces, pieces[i]) {
        struct nl_error err = {0};
        struct nl_md_node *document = NULL;
        struct nl_buf text = {0};
        while (text.len < 200000)
            nl_buf_adds(&text, pieces[i]);
        if (nl_markdown_read(text.data, text.len, "f", false, &document, &err) != NL_OK)
            assert_non_null(strstr(nl_error_text(&err), "nested"));
        nl_md_free(document);
        nl_error_free(&err);
        nl_buf_free(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_html),    cmocka_unit_test(test_signs),
        cmocka_unit_test(test_nesting), cmocka_unit_test(test_no_lists),
        cmocka_unit_test(test_bullets), cmocka_unit_test(test_notes),
        cmocka_unit_test(test_lines),   cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
