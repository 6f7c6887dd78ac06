#include "newsletter/service/draft_fix.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

#define LONG "https://www.example.org/a/very/long/way/to/the/fair"

static void test_fixes(void **state) {
    static const struct {
        const char *label;
        const char *rule;                 /* and what it is about */
        const char *words, *body, *fixed; /* fixed NULL: it is refused */
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
        {"language", "language-mark kk", "", "a\n\nSalem\nalem\n\nb\n",
         "a\n\n[Salem\nalem](lang:kk)\n\nb\n", 3},
        {"language with a link", "language-mark kk", "", "[a](b)\n", NULL, 1},
        {"language of a list", "language-mark kk", "", "- a\n", NULL, 1},
        {"no language", "language-mark k](", "", "a\n", NULL, 1},
        {"https", "not-https", "", "http://a.org/x https://a.org/y HTTP://A.org http://b.org\n",
         "https://a.org/x https://a.org/y https://A.org http://b.org\n", 0},
        {"https of a longer host", "not-https", "", "http://a.org https://a.org.evil.org/\n", NULL,
         0},
        {"https on another port", "not-https", "", "http://a.org:8080/ https://a.org/\n", NULL, 0},
        {"https of another one", "not-https http://b.org", "",
         "http://a.org https://a.org http://b.org\n", NULL, 0},
        {"words of a link", "link-words here", "The [x]", "a [b](c) [here](d)\n",
         "a [b](c) [The \\[x\\]](d)\n", 1},
        {"words of a picture", "link-words here", "x", "![here](d)\n", NULL, 1},
        {"words of another paragraph", "link-words here", "x", "a\n\n[here](d)\n", NULL, 1},
        {"words that are missing", "link-words here", " ", "[here](d)\n", NULL, 1},
        {"words of nothing", "link-words", "x", "[](d)\n", NULL, 1},
        {"a link without words", "link-empty", "The fair", "a ![](b) [ ](c)\n",
         "a ![](b) [The fair](c)\n", 1},
        {"a long address", "long-word", "The fair", "See " LONG ".\n",
         "See [The fair](" LONG ").\n", 1},
        {"a long address in angles", "long-word", "Fair", "a <" LONG ">\n", "a [Fair](" LONG ")\n",
         1},
        {"a long address as its own words", "long-word", "Fair", "[" LONG "](" LONG ")\n",
         "[Fair](" LONG ")\n", 1},
        {"a long address in a cell", "long-word", "A|b", "|a|" LONG "|\n",
         "|a|[A\\|b](" LONG ")|\n", 1},
        {"a long address after a link to one", "long-word", "F", "[a](" LONG ") " LONG "\n",
         "[a](" LONG ") [F](" LONG ")\n", 1},
        {"the target of a link", "long-word", "x", "[a](" LONG ")\n", NULL, 1},
        {"a long word", "long-word", "x", "Donaudampfschifffahrtselektrizitaetenhauptwerk\n", NULL,
         1},
        {"a table without a head", "table-head", "",
         "a\n\n| | |\n|---|---|\n| A | B |\n| 1 | 2 |\n", "a\n\n| A | B |\n|---|---|\n| 1 | 2 |\n",
         3},
        {"a table without a head at the end", "table-head", "", "||\n|-|\n|A|", "|A|\n|-|\n", 1},
        {"a column without a name", "table-head", "B", "| A | |\n|---|---|\n| 1 | 2 |\n",
         "| A | B |\n|---|---|\n| 1 | 2 |\n", 1},
        {"columns without names", "table-head", "B \u060c c|d", "| | |a\\|b| |\n|-|-|-|-|\n",
         "| | B |a\\|b| c\\|d |\n|-|-|-|-|\n", 1},
        {"too few names", "table-head", "B", "|a| | |\n|-|-|-|\n", NULL, 1},
        {"a table with a head", "table-head", "B", "|a|b|\n|-|-|\n", NULL, 1},
        {"a table of HTML", "table-head", "B", "<table>\n", NULL, 1},
        {"a table below a line", "table-rows", "", "Below:\n| a | b |\n|-|:-:|\n| 1 | 2 |\n",
         "Below:\n\n| a | b |\n|-|:-:|\n| 1 | 2 |\n", 3},
        {"too few dashes", "table-rows", "", "| a | b | c |\n|:-|\n",
         "| a | b | c |\n|:-|---|---|\n", 2},
        {"too many dashes", "table-rows", "", "| a |\n|-|-|\n", "| a |\n|-|\n", 2},
        {"a table that is one", "table-rows", "", "| a |\n|-|\n", NULL, 2},
        {"dashes alone", "table-rows", "", "|-|-|\n| a | b |\n", NULL, 1},
        {"no such rule", "size", "", "a\n", NULL, 1},
        {"empty text", "image-alt", "Q", "", NULL, 1},

    };
    (void)state;
    for_each_row (i, cases, cases[i].label) {
        struct nl_error err = {0};
        struct nl_buf out = {0};
        char rule[40];
        size_t len = strcspn(cases[i].rule, " ");
        snprintf(rule, sizeof rule, "%.*s", (int)len, cases[i].rule);
        const char *about = cases[i].rule + len + strspn(cases[i].rule + len, " ");
        const struct nl_draft_fix fix = {rule, cases[i].line, about, cases[i].words};
        enum nl_status status = nl_draft_fix(cases[i].body, &fix, &out, &err);
        assert_int_equal(status, cases[i].fixed != NULL ? NL_OK : NL_DATA);
        if (cases[i].fixed != NULL)
            assert_string_equal(nl_buf_text(&out), cases[i].fixed);
        nl_error_free(&err);
        nl_buf_free(&out);
    }
}

static void test_front_matter(void **state) {
    static const struct {
        const char *label, *rule, *about, *source, *fixed;
    } cases[] = {
        {"the body", "heading-order", "", "---\ntitle: T # kept\n---\n# A\n",
         "---\ntitle: T # kept\n---\n## A\n"},
        {"a number", "number", "No 10", "---\ntitle: T\nnumber: No 9\n---\nA\n",
         "---\ntitle: T\nnumber: No 10\n---\nA\n"},
        {"no number", "number", "", "---\ntitle: T\n---\n", NULL},
        {"a reply", "subject-reply", "", "---\ntitle: T\nsubject: \"RE: Fwd: Hello\"\n---\n",
         "---\ntitle: T\nsubject: Hello\n---\n"},
        {"a title like a reply", "subject-reply", "", "---\ntitle: \"Fw: Hello\"\n---\n",
         "---\ntitle: Hello\n---\n"},
        {"no reply", "subject-reply", "", "---\ntitle: Hello\n---\n", NULL},
    };
    (void)state;
    for_each_row (i, cases, cases[i].label) {
        struct nl_error err = {0};
        struct nl_buf out = {0};
        const struct nl_draft_fix fix = {cases[i].rule, 1, cases[i].about, ""};
        enum nl_status status = nl_draft_fix(cases[i].source, &fix, &out, &err);
        assert_int_equal(status, cases[i].fixed != NULL ? NL_OK : NL_DATA);
        if (cases[i].fixed != NULL)
            assert_string_equal(nl_buf_text(&out), cases[i].fixed);
        nl_error_free(&err);
        nl_buf_free(&out);
    }
}

/* A fix that is offered has been tried. The words of a finding say what it is about. */
static void test_kinds(void **state) {
    static const struct {
        const char *label, *rule, *text, *body, *about;
        enum nl_fix_kind kind;
    } cases[] = {
        {"heading", "heading-order", "", "# A\n", "", NL_FIX_CLICK},
        {"no heading", "heading-order", "", "A\n", "", NL_FIX_NONE},
        {"alt", "image-alt", "", "![](a.png)\n", "", NL_FIX_PICTURE},
        {"alt of HTML", "image-alt", "", "<img src=a.png>\n", "", NL_FIX_NONE},
        {"no rule", "size", "", "a\n", "", NL_FIX_NONE},
        {"language", "language-mark", "mark it, [text](lang:kk)", "Salem\n", "kk", NL_FIX_CLICK},
        {"no language", "language-mark", "mark it, [text](lang:xx)", "a\n", "", NL_FIX_NONE},
        {"https", "not-https", "the link http://a.org/x is", "http://a.org/x https://a.org/\n",
         "http://a.org/x", NL_FIX_CLICK},
        {"no https", "not-https", "the link http://a.org/x is", "http://a.org/x\n",
         "http://a.org/x", NL_FIX_NONE},
        {"link", "link-words", "'here' does not say", "[here](a)\n", "here", NL_FIX_LINK},
        {"a plain table", "table-head", "", "||\n|-|\n|a|\n", "", NL_FIX_CLICK},
        {"a table", "table-head", "", "|a| |\n|-|-|\n", "", NL_FIX_COLUMNS},
        {"number", "number", "use the number 'No 2': No 1 is that of an earlier issue, 'x'", "",
         "No 2", NL_FIX_CLICK},
    };
    (void)state;
    for_each_row (i, cases, cases[i].label) {
        struct nl_buf about = {0};
        nl_draft_fix_about(cases[i].rule, cases[i].text, &about);
        assert_string_equal(nl_buf_text(&about), cases[i].about);
        const struct nl_draft_fix fix = {cases[i].rule, 1, nl_buf_text(&about), ""};
        assert_int_equal(nl_draft_fix_kind(&fix, cases[i].body), cases[i].kind);
        nl_buf_free(&about);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixes),
        cmocka_unit_test(test_front_matter),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
