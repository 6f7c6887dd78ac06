/* Expressions in conditions: how they are kept from Markdown, and shown again. */
#include "support.h"

#include "bulletin/expression.h"

#include <stdio.h>

static void test_names(void **state) {
    static const struct {
        const char *name;
        bool is_if;
    } rows[] = {{"if", true}, {"if a", true}, {"if\ta", true},  {"if\na", true}, {"ifa", false},
                {"i", false}, {"", false},    {"iff a", false}, {"city", false}};
    (void)state;
    for_each_row (i, rows, rows[i].name)
        assert_int_equal(nl_expression_is_if(rows[i].name), rows[i].is_if);
}

static void test_hidden_from_markdown(void **state) {
    static const struct {
        const char *text, *hidden;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"{{#if a}}x{{/if}}", "{{#if 0x61}}x{{/if}}"},
        {"{{^if a}}x{{/if}}", "{{^if 0x61}}x{{/if}}"},
        {"{{#if\ta}}", "{{#if 0x61}}"},
        {"{{#if\na}}", "{{#if 0x61}}"},
        {"{{#if  a}}", "{{#if 0x2061}}"},
        {"{{#if a}}{{#if b}}", "{{#if 0x61}}{{#if 0x62}}"},
        {"x {{name}} {{#if a}}", "x {{name}} {{#if 0x61}}"},
        /* braces within quotation marks end nothing */
        {"{{#if \"}}\"}}y", "{{#if 0x227d7d22}}y"},
        {"{{#if '}}'}}y", "{{#if 0x277d7d27}}y"},
        {"{{#if \"'}}\"}}y", "{{#if 0x22277d7d22}}y"},
        {"{{#if \"\\\"}}\"}}y", "{{#if 0x225c227d7d22}}y"},
        {"{{#if \\}}", "{{#if 0x5c}}"},
        /* no expressions */
        {"{{#if}}", "{{#if}}"},
        {"{{#ifa}}", "{{#ifa}}"},
        {"{{if a}}", "{{if a}}"},
        {"{{/if a}}", "{{/if a}}"},
        {"{{#if a", "{{#if a"},
        {"{{#if a}", "{{#if a}"},
        {"{{#if \"a}}", "{{#if \"a}}"},
        {"{{", "{{"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text) {
        struct nl_buf out = {0};
        nl_expressions_hide(rows[i].text, strlen(rows[i].text), &out);
        assert_string_equal(nl_buf_text(&out), rows[i].hidden);
        nl_buf_free(&out);
    }
}

/* A thousand bytes after "if" at most. */
static void test_long_expressions(void **state) {
    static const struct {
        size_t len; /* of the expression */
        bool hidden;
    } rows[] = {{900, true}, {998, true}, {999, false}, {2000, false}};
    (void)state;
    for_each_row (i, rows, NULL) {
        struct nl_buf text = {0};
        struct nl_buf out = {0};
        nl_buf_adds(&text, "{{#if ");
        for (size_t k = 0; k < rows[i].len; k++)
            nl_buf_addc(&text, 'a');
        nl_buf_adds(&text, "}}");
        nl_expressions_hide(nl_buf_text(&text), text.len, &out);
        assert_int_equal(strncmp(nl_buf_text(&out), "{{#if 0x", 8) == 0, rows[i].hidden);
        nl_buf_free(&text);
        nl_buf_free(&out);
    }
}

static void test_lines(void **state) {
    static const struct {
        const char *text;
        size_t lines;
    } rows[] = {
        {"", 0},
        {"a", 0},
        {"a\nb\n", 2},
        {"{{#if 0x0a}}", 1},
        {"{{#if 0x610a0a61}}\n", 3},
        {"{{#if 0xa0a0}}", 0},
        {"{{#if 0x100a}}\nx", 2},
        {"if 0a0a", 0},
        {"{{#if 0x0a}}{{^if 0x0a}}", 2},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        assert_int_equal(nl_expressions_lines(rows[i].text, strlen(rows[i].text)), rows[i].lines);
}

static void test_shown_again(void **state) {
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"a = b", "a = b"}, {"  a = b \n", "a = b"}, {" 0x61203d2062", "a = b"},
        {"0x", ""},         {"0x20610a", "a"},       {"0x610a62", "a b"},
        {"a\nb", "a b"},    {"0x6", "0x6"},          {"0xzz", "0xzz"},
        {"0X61", "0X61"},   {"0x6A", "0x6A"},        {"0x6a6f", "jo"},
        {"", ""},           {"0xc3a4", "\u00e4"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text) {
        struct nl_buf out = {0};
        nl_expression_show(rows[i].text, &out);
        assert_string_equal(nl_buf_text(&out), rows[i].shown);
        nl_buf_free(&out);
    }
}

static void test_who_may_be_asked_for(void **state) {
    static const struct {
        const char *text, *words; /* NULL: it is read */
    } rows[] = {
        {"city = \"Aktau\"", NULL},
        {"email = \"a@x.example\" or name is known", NULL},
        {"domain = \"x.example\"", NULL},
        {"language = \"de\"", "f: {{#if language = \"de\"}}: an issue can ask for email, domain, "
                              "name and attributes, not for language"},
        {"city = \"a\" and source = \"b\"", "not for source"},
        {"joined > \"2026-01-01\"", "not for joined"},
        {"city =", "f: {{#if city =}}"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text) {
        struct nl_error err = {0};
        struct nl_segment *segment = NULL;
        if (rows[i].words == NULL) {
            assert_ok(nl_expression_read(rows[i].text, "f", &segment, &err));
            nl_segment_free(segment);
        } else {
            assert_int_not_equal(nl_expression_read(rows[i].text, "f", &segment, &err), NL_OK);
            if (strstr(nl_error_text(&err), rows[i].words) == NULL)
                fail_msg("'%s'", nl_error_text(&err));
            assert_null(segment);
            nl_error_free(&err);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_hidden_from_markdown),
        cmocka_unit_test(test_long_expressions),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_shown_again),
        cmocka_unit_test(test_who_may_be_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
