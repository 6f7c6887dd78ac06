#include "support.h"

#include "newsletter/base/buf.h"

#include <stdlib.h>

static void test_append(void **state) {
    (void)state;
    struct nl_buf buf = {0};
    assert_string_equal(nl_buf_text(&buf), "");
    nl_buf_adds(&buf, "one");
    nl_buf_addc(&buf, ' ');
    nl_buf_addf(&buf, "%d-%s", 2, "three");
    nl_buf_add(&buf, "\0x", 2);
    assert_int_equal(buf.len, 13);
    assert_memory_equal(buf.data, "one 2-three\0x", 14);
    nl_buf_clear(&buf);
    assert_string_equal(nl_buf_text(&buf), "");
    nl_buf_free(&buf);
}

static void test_grows(void **state) {
    (void)state;
    struct nl_buf buf = {0};
    for (int i = 0; i < 100000; i++)
        nl_buf_addc(&buf, 'a');
    assert_int_equal(strlen(nl_buf_text(&buf)), 100000);
    char *text = nl_buf_take(&buf);
    assert_null(buf.data);
    assert_int_equal(strlen(text), 100000);
    free(text);
}

static void test_failure_sticks(void **state) {
    (void)state;
    struct nl_buf buf = {0};
    nl_buf_adds(&buf, "x");
    assert_false(nl_buf_reserve(&buf, SIZE_MAX / 2));
    assert_true(buf.failed);
    nl_buf_adds(&buf, "y");
    assert_string_equal(nl_buf_text(&buf), "x");
    assert_null(nl_buf_take(&buf));
    assert_false(buf.failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_failure_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
