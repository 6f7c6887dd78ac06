#include "support.h"

#include "newsletter/base/segment.h"

#include <stdio.h>

enum { NOW = 1700000000 };

/* The tree in prefix form, for the eye. */
static void print(const struct nl_segment *segment, char *out, size_t size) {
    static const char *const kinds[] = {"and", "or", "not"};
    size_t len = strlen(out);
    if (segment->kind == NL_SEGMENT_TEST) {
        snprintf(out + len, size - len, "%s%d:%d%s%s", segment->attribute != NULL ? "@" : "",
                 (int)segment->field, (int)segment->test, segment->value_count > 0 ? "=" : "",
                 segment->value_count > 0 ? segment->values[0].text : "");
        return;
    }
    snprintf(out + len, size - len, "(%s ", kinds[segment->kind]);
    print(segment->left, out, size);
    if (segment->right != NULL) {
        len = strlen(out);
        snprintf(out + len, size - len, " ");
        print(segment->right, out, size);
    }
    len = strlen(out);
    snprintf(out + len, size - len, ")");
}

static void check(const char *text, const char *expected) {
    struct nl_error err = {0};
    struct nl_segment *segment = NULL;
    char printed[512] = "";
    assert_ok(nl_segment_parse(text, NOW, &segment, &err));
    print(segment, printed, sizeof printed);
    assert_string_equal(printed, expected);
    nl_segment_free(segment);
}

static void test_structure(void **state) {
    (void)state;
    check("language = \"ru\"", "3:0=ru");
    check("language='ru'and tags has\"press\"", "(and 3:0=ru @6:7=press)");
    check("a = 1 or b = 2 and c = 3", "(or @6:0=1 (and @6:0=2 @6:0=3))");
    check("(a = 1 or b = 2) and not c is known", "(and (or @6:0=1 @6:0=2) (not @6:9))");
    check("not not a is unknown", "(not (not @6:10))");
    check("domain in (\"a.org\", 'b.org')", "1:8=a.org");
    check("attribute.email != \"x\"", "@6:1=x");
    check("NOT name ~ \"a\\\"b\" AND email <= \"z\"", "(and (not 2:6=a\"b) 0:3=z)");
    check("notes = \"\"", "@6:0=");
}

static void test_times(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_segment *segment = NULL;
    static const struct {
        const char *text;
        int64_t expected;
    } cases[] = {{"joined < \"30 days ago\"", NOW - 30 * 86400LL},
                 {"joined >= \"1 week ago\"", NOW - 7 * 86400LL},
                 {"joined = \"2020-01-02\"", 1577923200},
                 {"joined > \"2020-01-02T00:00:01+01:00\"", 1577923200 + 1 - 3600},
                 {"joined > 5", 5}};
    for_each_row (i, cases, cases[i].text) {
        assert_ok(nl_segment_parse(cases[i].text, NOW, &segment, &err));
        assert_true(segment->values[0].is_number);
        assert_int_equal(segment->values[0].number, cases[i].expected);
        nl_segment_free(segment);
    }
}

static void test_errors(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_segment *segment = NULL;
    static const struct {
        const char *text, *words;
    } cases[] = {{"", "at character 1 (''): expected the name of a field"},
                 {"language", "at character 9"},
                 {"language = ", "expected a text in quotation marks"},
                 {"language = ru", "at character 12 ('ru'): expected a text in quotation marks"},
                 {"language = \"ru", "not closed"},
                 {"language = \"ru\" x", "expected and, or, or the end"},
                 {"(language = \"ru\"", "expected )"},
                 {"language = \"ru\")", "expected and, or, or the end"},
                 {"joined < \"soon\"", "expected a day"},
                 {"joined < \"3 moons ago\"", "expected a day"},
                 {"joined ~ \"2020\"", "a time holds no words"},
                 {"joined has \"x\"", "expected ="},
                 {"domain in \"x\"", "expected ("},
                 {"domain in (\"x\"", "expected , or )"},
                 {"a.b = 1", "has no dot"},
                 {"a is maybe", "known or unknown"},
                 {"a == 1", "expected a text"},
                 {"a = 1; DROP TABLE list", "expected and, or, or the end"}};
    for_each_row (i, cases, cases[i].text) {
        assert_fails(nl_segment_parse(cases[i].text, NOW, &segment, &err), NL_DATA, cases[i].words);
        assert_null(segment);
    }
}

static void test_depth(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_segment *segment = NULL;
    char deep[4096] = "";
    memset(deep, '(', 1000);
    assert_fails(nl_segment_parse(deep, NOW, &segment, &err), NL_DATA, "too deep");
    char *many = deep;
    *many = '\0';
    for (int i = 0; i < 200; i++)
        many += sprintf(many, "%sa = 1", i > 0 ? " or " : "");
    assert_fails(nl_segment_parse(deep, NOW, &segment, &err), NL_DATA, "too many comparisons");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
