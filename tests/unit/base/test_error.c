#include "support.h"

#include "newsletter/base/error.h"

static void test_text_is_one_line(void **state) {
    (void)state;
    struct nl_error err = {0};
    assert_int_equal(nl_error_set(&err, NL_DATA, "bad '%s'", "a\r\nb\x1b[31m"), NL_DATA);
    assert_string_equal(nl_error_text(&err), "bad 'a  b [31m'");
    assert_int_equal(nl_error_context(&err, "%s:%d", "file", 3), NL_DATA);
    assert_string_equal(nl_error_text(&err), "file:3: bad 'a  b [31m'");
    nl_error_free(&err);
    assert_int_equal(err.status, NL_OK);
}

static void test_without_a_place_to_write(void **state) {
    (void)state;
    struct nl_error err = {0};
    assert_int_equal(nl_error_set(NULL, NL_IO, "x"), NL_IO);
    assert_string_equal(nl_error_text(&err), "out of memory");
    nl_error_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_one_line),
        cmocka_unit_test(test_without_a_place_to_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
