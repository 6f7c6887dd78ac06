#include "support.h"

#include "bulletin/qp.h"

static void check(const char *text, bool last, const char *expected) {
    struct nl_buf out = {0};
    nl_qp_text(&out, text, strlen(text), last);
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
}

static void test_text(void **state) {
    (void)state;
    check("plain\ntext\n", true, "plain\r\ntext\r\n");
    check("a=b\té\n", true, "a=3Db=09=C3=A9\r\n");
    check("-- \nx \n", true, "--=20\r\nx=20\r\n");
    check("end ", true, "end=20");
    check("Dear ", false, "Dear =\r\n");
    check("line\n", false, "line\r\n");
    check(".dot\nFrom me\n..\n", true, "=2Edot\r\n=46rom me\r\n=2E.\r\n");
    check("", true, "");
}

static void test_lines_are_short(void **state) {
    (void)state;
    struct nl_buf text = {0};
    struct nl_buf out = {0};
    for (int i = 0; i < 500; i++)
        nl_buf_adds(&text, i % 7 == 0 ? "ә" : "x ");
    nl_qp_text(&out, text.data, text.len, true);
    for (const char *line = out.data; *line;) {
        size_t len = strcspn(line, "\r");
        assert_true(len <= 76);
        assert_true(line[len] == '\0' || line[len - 1] == '=');
        line += len + (line[len] == '\r' ? 2 : 0);
    }
    nl_buf_free(&text);
    nl_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_lines_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
