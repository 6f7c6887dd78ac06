/* Words that are wider than a telephone: which columns break them, and what `check` says. */
#include "support.h"

#include "bulletin/check_access.h"
#include "bulletin/table_fit.h"

#include <string.h>

static struct nl_md_node *read_markdown(const char *markdown) {
    struct nl_error err = {0};
    struct nl_md_node *document = NULL;
    assert_ok(nl_markdown_read(markdown, strlen(markdown), "f", false, &document, &err));
    return document;
}

static void test_longest_words(void **state) {
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {{"", 0},       {"a bb ccc", 3}, {"one\nthree two", 5},
                 {"Әуежай", 6}, {"日本 a", 4},   {"{{attribute.very_long_name}} x", 1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(nl_longest_word(cases[i].text), cases[i].width);
}

#define TEN "abcdefghij"

/* `narrow` has a sign for each column: x where words may break. */
static void assert_fit(const char *table, const char *narrow) {
    struct nl_md_node *document = read_markdown(table);
    struct nl_table_fit fit;
    nl_table_fit(document->first, &fit);
    for (size_t i = 0; i < NL_FIT_COLUMNS; i++)
        if (fit.narrow[i] != (i < strlen(narrow) && narrow[i] == 'x'))
            fail_msg("column %zu of %s", i, table);
    nl_md_free(document);
}

static void test_tables(void **state) {
    (void)state;
    assert_fit("| a | b |\n|---|---|\n| 1 | 2 |\n", "");
    assert_fit("| a | b |\n|---|---|\n| " TEN " | " TEN " |\n", "");
    assert_fit("| a | b |\n|---|---|\n| " TEN TEN TEN TEN " | 2 |\n", "x.");
    assert_fit("| a | " TEN TEN TEN TEN " |\n|---|---|\n| 1 | 2 |\n", ".x"); /* heads count */
    assert_fit("| a | b | c |\n|---|---|---|\n| " TEN TEN " | " TEN " | " TEN " |\n", "x..");
    assert_fit("| a | b | c | d | e |\n|---|---|---|---|---|\n| " TEN " | " TEN " | " TEN " | " TEN
               " | " TEN " |\n",
               "xxxxx");
}

static size_t count_findings(const char *markdown, const char *words) {
    struct nl_findings found = {0};
    struct nl_md_node *document = read_markdown(markdown);
    const struct nl_access access = {.path = "f.md", .language = "en", .before = 4, .out = &found};
    nl_check_width(&access, document);
    size_t count = found.count;
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(found.items[i].rule, "long-word");
        assert_non_null(strstr(found.items[i].text, words));
    }
    nl_findings_free(&found);
    nl_md_free(document);
    return count;
}

#define LONG TEN TEN TEN "abcdefg" /* 37 letters */

static void test_check(void **state) {
    (void)state;
    assert_int_equal(count_findings("Short words only.\n", ""), 0);
    assert_int_equal(count_findings(TEN TEN TEN "abcdef\n", ""), 0);
    assert_int_equal(count_findings("See " LONG ".\n", "line 5: a word or address has 38 letters"),
                     1);
    assert_int_equal(count_findings("One.\n\n# " LONG "\n\n- " LONG "\n\n| " LONG
                                    " |\n|---|\n| " LONG " |\n",
                                    "37 letters"),
                     4);
    assert_int_equal(count_findings("    " LONG "\n\n```\n" LONG "\n```\n", ""), 0); /* code */
    assert_int_equal(count_findings("[words](https://" LONG ".example)\n", ""), 0);
    assert_int_equal(count_findings("{{attribute." LONG "}}\n", ""), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_longest_words),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
