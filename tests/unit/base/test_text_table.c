#include "support.h"

#include "newsletter/base/text_table.h"

#include <stdlib.h>

static const struct nl_table_column columns[] = {
    {.heading = "NAME", .least = 8},
    {.heading = "STATE"},
    {.heading = "SENT", .number = true},
    {.heading = "FAILED", .number = true},
};

static char *printed(const char *name, size_t width) {
    struct nl_table table = {.columns = columns, .count = 4};
    struct nl_buf out = {0};
    nl_table_text(&table, name);
    nl_table_text(&table, "sending");
    nl_table_number(&table, 12345);
    nl_table_number(&table, 0);
    nl_table_note(&table, "paused: by hand");
    nl_table_note(&table, "goes out: tomorrow");
    nl_table_print(&table, width, &out);
    nl_table_free(&table);
    return nl_buf_take(&out);
}

static void check(const char *name, size_t width, const char *expected) {
    char *text = printed(name, width);
    assert_string_equal(text, expected);
    free(text);
}

static void test_wide(void **state) {
    (void)state;
    check("a", 1000,
          "NAME STATE    SENT FAILED\na    sending 12345      0\n"
          "  paused: by hand\n  goes out: tomorrow\n");
    check("a-long-name-of-an-issue", 36,
          "NAME            STATE    SENT FAILED\na-long-name-of\u2026 sending 12345      0\n"
          "  paused: by hand\n  goes out: tomorrow\n");
}

static void test_narrow(void **state) {
    (void)state;
    check("a-long-name-of-an-issue", 24,
          "a-long-name-of-an-issue\n  state sending,\n  sent 12345\n  paused: by hand\n"
          "  goes out: tomorrow\n");
    check("a-long-name-of-an-issue", 0,
          "a-long-name-of-\u2026\n  state sending,\n  sent 12345\n  paused: by\n  hand\n"
          "  goes out:\n  tomorrow\n");
}

static void test_cut(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t columns;
        const char *cut;
    } rows[] = {
        {"abc", 3, "abc"},
        {"abcd", 3, "ab\u2026"},
        {"ab cd", 4, "ab\u2026"},
        {"abc", 0, ""},
        {"abc", 1, "\u2026"},
        {"\u6771\u4eac\u90fd", 6, "\u6771\u4eac\u90fd"},
        {"\u6771\u4eac\u90fd", 5, "\u6771\u4eac\u2026"},
        {"\u6771\u4eac\u90fd", 4, "\u6771\u2026"},
        {"\u0645\u0631\u062d\u0628\u0627", 4, "\u0645\u0631\u062d\u2026"},
        {"e\u0301e\u0301e\u0301", 2, "e\u0301\u2026"},
        {"\u0639\u064e\u0631\u064e\u0628", 2, "\u0639\u064e\u2026"},
    };
    for_each_row (i, rows, rows[i].text) {
        struct nl_buf out = {0};
        nl_text_cut(&out, rows[i].text, rows[i].columns);
        assert_string_equal(nl_buf_text(&out), rows[i].cut);
        assert_true(nl_text_width(nl_buf_text(&out)) <= rows[i].columns);
        nl_buf_free(&out);
    }
}

/* Every width, with every kind of script: no line is wider, and nothing steers the terminal. */
static void test_any_width(void **state) {
    (void)state;
    static const char *const names[] = {
        "plain",
        "\u6771\u4eac\u90fd\u306e\u30cb\u30e5\u30fc\u30b9\u30ec\u30bf\u30fc",
        ("\u0645\u0631\u062d\u0628\u0627 \u0628\u0643\u0645 \u0641\u064a "
         "\u0627\u0644\u0646\u0634\u0631\u0629"),
        "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301",
        "\x1b[2J\xff\xfe broken",
        ""};
    for_each_row (i, names, names[i]) {
        for (size_t width = 16; width < 140; width++) {
            char *text = printed(names[i], width);
            assert_null(strchr(text, '\x1b'));
            for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
                assert_true(nl_text_width(line) <= width);
            free(text);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wide),
        cmocka_unit_test(test_narrow),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_any_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
