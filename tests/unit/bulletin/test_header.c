#include "support.h"

#include "bulletin/header.h"

#include <stdio.h>

static void check_text(const char *text, const char *expected) {
    struct nl_buf out = {0};
    nl_header_text(&out, text);
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
}

static void test_text(void **state) {
    (void)state;
    check_text("Plain subject", "Plain subject");
    check_text("Әсел", "=?UTF-8?B?05jRgdC10Ls=?=");
    check_text("=?x?=", "=?UTF-8?B?PT94Pz0=?=");
    check_text("a  b", "=?UTF-8?B?YSAgYg==?=");
    check_text("a\r\nBcc: x", "=?UTF-8?B?YSAgQmNjOiB4?="); /* "a  Bcc: x" */
}

static void test_words_are_short_and_whole(void **state) {
    (void)state;
    struct nl_buf text = {0};
    struct nl_buf out = {0};
    for (int i = 0; i < 100; i++)
        nl_buf_adds(&text, "ә字");
    nl_header_text(&out, text.data);
    for (const char *word = out.data; *word;) {
        size_t len = strcspn(word, " ");
        assert_true(len <= 75);
        assert_memory_equal(word, "=?UTF-8?B?", 10);
        assert_memory_equal(word + len - 2, "?=", 2);
        word += len + (word[len] == ' ');
    }
    nl_buf_free(&text);
    nl_buf_free(&out);
}

static void check_mailbox(const char *name, const char *expected) {
    struct nl_buf out = {0};
    nl_header_mailbox(&out, name, "a@example.org");
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
}

static void test_mailbox(void **state) {
    (void)state;
    check_mailbox(NULL, "a@example.org");
    check_mailbox("", "a@example.org");
    check_mailbox("Ann Lee", "Ann Lee <a@example.org>");
    check_mailbox("Lee, Ann", "\"Lee, Ann\" <a@example.org>");
    check_mailbox("Ann \"Q\" \\ Lee", "\"Ann \\\"Q\\\" \\\\ Lee\" <a@example.org>");
    check_mailbox("Änn", "=?UTF-8?B?w4Rubg==?= <a@example.org>");
    check_mailbox("Ann\r\nBcc: b@example.org", "=?UTF-8?B?QW5uICBCY2M6IGJAZXhhbXBsZS5vcmc=?= "
                                               "<a@example.org>");
}

static void test_mailbox_folds(void **state) {
    (void)state;
    struct nl_buf name = {0};
    struct nl_buf out = {0};
    for (int i = 0; i < 60; i++)
        nl_buf_adds(&name, "Ә");
    nl_header_mailbox(&out, name.data, "a@example.org");
    for (const char *line = out.data; *line;) {
        size_t len = strcspn(line, "\r");
        assert_true(len <= 78);
        assert_true(line == out.data || line[0] == ' ');
        line += len + (line[len] == '\r' ? 2 : 0);
    }
    nl_buf_free(&name);
    nl_buf_free(&out);
}

/* RFC 2047 section 2: lines with encoded words have 76 columns at most, the name of the field
 * included. */
static void test_folds_at_the_last_column(void **state) {
    static const struct {
        size_t column; /* so much stands on the line already */
        const char *expected;
    } cases[] = {{0, "one two three"},      {63, "one two three"},     {64, "one two\r\n three"},
                 {69, "one two\r\n three"}, {70, "one\r\n two three"}, {76, "one\r\n two three"}};
    (void)state;
    for_each_row (i, cases, cases[i].expected) {
        struct nl_buf out = {0};
        nl_header_folded(&out, "one two three", cases[i].column);
        assert_string_equal(nl_buf_text(&out), cases[i].expected);
        nl_buf_free(&out);
    }
}

/* The address goes to the next line where the whole would be longer than 76 columns. */
static void test_an_address_folds_at_the_last_column(void **state) {
    char name[60] = "";
    char expected[100];
    (void)state;
    memset(name, 'n', 56);
    snprintf(expected, sizeof expected, "%s <a@example.org>", name);
    check_mailbox(name, expected);
    name[56] = 'n';
    snprintf(expected, sizeof expected, "%s\r\n <a@example.org>", name);
    check_mailbox(name, expected);
}

static void test_date(void **state) {
    (void)state;
    struct nl_buf out = {0};
    nl_header_date(&out, 1219665600);
    assert_string_equal(nl_buf_text(&out), "Mon, 25 Aug 2008 12:00:00 +0000");
    nl_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_words_are_short_and_whole),
        cmocka_unit_test(test_mailbox),
        cmocka_unit_test(test_mailbox_folds),
        cmocka_unit_test(test_an_address_folds_at_the_last_column),
        cmocka_unit_test(test_folds_at_the_last_column),
        cmocka_unit_test(test_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
