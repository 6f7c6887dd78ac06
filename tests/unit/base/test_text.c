#include "support.h"

#include "newsletter/base/file.h"
#include "newsletter/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void test_line(void **state) {
    (void)state;
    struct nl_error err = {0};
    assert_ok(nl_text_check_line("Әсел – “x”", "it", &err));
    assert_ok(nl_text_check_line("", "it", &err));
    static const char *const bad[] = {"a\nb",      "a\rb",          "a\tb", "a\x7f",
                                      "a\xc2\x85", "a\xe2\x80\xa8", "a\x01"};
    for_each_row (i, bad, bad[i])
        assert_fails(nl_text_check_line(bad[i], "it", &err), NL_DATA, "it holds");
    static const char *const broken[] = {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf",
                                         "\xf4\x90\x80\x80"};
    for_each_row (i, broken, broken[i])
        assert_fails(nl_text_check_line(broken[i], "it", &err), NL_DATA, "UTF-8");
}

static void test_body(void **state) {
    (void)state;
    struct nl_error err = {0};
    assert_ok(nl_text_check_body("a\tb\nc", 5, "f", &err));
    assert_fails(nl_text_check_body("a\nb\x05", 4, "f", &err), NL_DATA, "f:2: control character");
    assert_fails(nl_text_check_body("a\0b", 3, "f", &err), NL_DATA, "f:1:");
    assert_fails(nl_text_check_body("\n\n\xff", 3, "f", &err), NL_DATA, "f:3: not valid UTF-8");
}

static void test_duration(void **state) {
    (void)state;
    int64_t seconds = 0;
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {{"0", 0},     {"90", 90},     {"90s", 90},    {"5m", 300},
                {"1h", 3600}, {"3d", 259200}, {"2w", 1209600}};
    for_each_row (i, good, good[i].text) {
        assert_true(nl_text_duration(good[i].text, &seconds));
        assert_int_equal(seconds, good[i].seconds);
    }
    static const char *const bad[] = {"", "m", "-5m", "5x", "5mm", "1h30m", "99999999999", " 5m"};
    for_each_row (i, bad, bad[i])
        assert_false(nl_text_duration(bad[i], &seconds));
}

static void test_slug(void **state) {
    (void)state;
    struct nl_buf slug = {0};
    nl_text_slug(&slug, "  Special Issue No. 11 – Алматы! (2nd) ");
    assert_string_equal(nl_buf_text(&slug), "special-issue-no-11-2nd");
    nl_buf_free(&slug);
}

static void test_url(void **state) {
    (void)state;
    assert_true(nl_text_is_http_url("https://example.org/a?b=c&d={token}"));
    assert_true(nl_text_is_http_url("HTTP://example.org"));
    static const char *const bad[] = {"",
                                      "https://",
                                      "http:///x",
                                      "ftp://x",
                                      "//x",
                                      "https://a b",
                                      "https://a\r\nX: y",
                                      "https://a>b",
                                      "https://\xc3\xa9"};
    for_each_row (i, bad, bad[i])
        assert_false(nl_text_is_http_url(bad[i]));
}

static void test_files(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_buf read = {0};
    struct stat info;
    char folder[] = "/tmp/newsletter-unit-XXXXXX";
    struct nl_buf path = {0};
    assert_non_null(mkdtemp(folder));
    nl_buf_addf(&path, "%s/file", folder);
    assert_ok(nl_file_write(path.data, "secret", 6, true, &err));
    assert_int_equal(stat(path.data, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_ok(nl_file_write(path.data, "open", 4, false, &err));
    assert_ok(nl_file_read(path.data, 100, &read, &err));
    assert_string_equal(nl_buf_text(&read), "open");
    nl_buf_clear(&read);
    assert_fails(nl_file_read(path.data, 3, &read, &err), NL_DATA, "larger than 3");
    assert_int_equal(remove(path.data), 0);
    assert_fails(nl_file_read(path.data, 3, &read, &err), NL_NOINPUT, "check the path");
    assert_int_equal(remove(folder), 0);
    assert_fails(nl_file_write(path.data, "x", 1, true, &err), NL_NOINPUT, "cannot create");
    nl_buf_free(&read);
    nl_buf_free(&path);
}

/* Marks of direction that are closed within a text serve it; others turn what stands after it. */
static void test_directions(void **state) {
    static const struct {
        const char *text;
        bool fine;
    } rows[] = {
        {"\u0623\u062e\u0628\u0627\u0631 \u2068News\u2069", true},
        {"\u202bx\u202c y\u200f", true},
        {"gpj.\u202etxt", false},
        {"\u202dx\u202c", false},
        {"open \u2067x", false},
        {"\u202ax", false},
        {"\u2069x\u2066", false},
    };
    (void)state;
    for_each_row (i, rows, NULL) {
        struct nl_error err = {0};
        enum nl_status status = nl_text_check_directions(rows[i].text, "title", &err);
        assert_int_equal(status, rows[i].fine ? NL_OK : NL_DATA);
        if (!rows[i].fine)
            assert_non_null(strstr(nl_error_text(&err), "title holds an invisible character"));
        nl_error_free(&err);
    }
}

static void test_printable(void **state) {
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"550 No such user", "550 No such user"},
        {"\u041d\u0435\u0442 \u044f\u0449\u0438\u043a\u0430",
         "\u041d\u0435\u0442 \u044f\u0449\u0438\u043a\u0430"},
        {"\u7528\u6237\u4e0d\u5b58\u5728", "\u7528\u6237\u4e0d\u5b58\u5728"},
        {"a\x1b[31mb\tc\x7f", "a?[31mb?c?"},
        {"a\xc2\x9b"
         "31mb",
         "a?31mb"},              /* CSI in one character */
        {"\xcf\xf0\xe5", "???"}, /* windows-1251 */
        {"end\xd0", "end?"},     /* half a character */
        {"a\xe2\x80\xae"
         "b\xe2\x80\x8b"
         "c",
         "a?b?c"}, /* turns the line; nobody sees it */
        {"a\xe2\x80\xa8"
         "b",
         "a?b"},                      /* a line end */
        {"\xf4\x90\x80\x80", "????"}, /* beyond Unicode */
    };
    (void)state;
    for_each_row (i, rows, rows[i].text) {
        struct nl_buf out = {0};
        nl_text_add_printable(&out, rows[i].text, strlen(rows[i].text));
        assert_string_equal(nl_buf_text(&out), rows[i].expected);
        nl_buf_free(&out);
    }
}

static void test_fit(void **state) {
    (void)state;
    assert_int_equal(nl_text_fit("abc", 10), 3);
    assert_int_equal(nl_text_fit("abc", 2), 2);
    assert_int_equal(nl_text_fit("a\xd0\xb9", 3), 3);
    assert_int_equal(nl_text_fit("a\xd0\xb9", 2), 1);
    assert_int_equal(nl_text_fit("\xe2\x82\xac", 2), 0);
    assert_int_equal(nl_text_fit("", 0), 0);
}

static void test_words(void **state) {
    (void)state;
    assert_true(nl_text_has_word("news", "news"));
    assert_true(nl_text_has_word("other news", "news"));
    assert_true(nl_text_has_word("news other", "news"));
    assert_true(nl_text_has_word("a  news", "news"));
    assert_false(nl_text_has_word("newsletter", "news"));
    assert_false(nl_text_has_word("other-news", "news"));
    assert_false(nl_text_has_word("new s", "news"));
    assert_false(nl_text_has_word("", "news"));
    assert_false(nl_text_has_word("a  b", ""));
    assert_false(nl_text_has_word("", ""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),       cmocka_unit_test(test_body),
        cmocka_unit_test(test_duration),   cmocka_unit_test(test_slug),
        cmocka_unit_test(test_url),        cmocka_unit_test(test_files),
        cmocka_unit_test(test_directions), cmocka_unit_test(test_printable),
        cmocka_unit_test(test_fit),        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
