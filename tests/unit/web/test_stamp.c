#include "support.h"

#include "web/stamp.h"

static void test_time(void **state) {
    (void)state;
    struct nl_buf stamp = {0};
    nl_stamp_write("secret", 1000000, &stamp);
    const char *text = nl_buf_text(&stamp);
    assert_false(nl_stamp_is_timely("secret", text, 1000000));
    assert_false(nl_stamp_is_timely("secret", text, 1000001));
    assert_true(nl_stamp_is_timely("secret", text, 1000002));
    assert_true(nl_stamp_is_timely("secret", text, 1086400));
    assert_false(nl_stamp_is_timely("secret", text, 1086401));
    assert_false(nl_stamp_is_timely("secret", text, 999999));
    assert_false(nl_stamp_is_timely("another", text, 1000002));
    nl_buf_free(&stamp);
}

static void test_forgeries(void **state) {
    (void)state;
    static const char *const forged[] = {"",
                                         ".",
                                         "1000000",
                                         "1000000.",
                                         "1000000.aaaaaaaaaaaaaaaa",
                                         " 1000000.x",
                                         "x.y",
                                         "-9223372036854775808.x",
                                         "99999999999999999999.x"};
    assert_false(nl_stamp_is_timely("secret", NULL, 1000002));
    for_each_row (i, forged, forged[i])
        assert_false(nl_stamp_is_timely("secret", forged[i], 1000002));
}

/* What reads as the same number is not the same stamp. */
static void test_one_spelling(void **state) {
    (void)state;
    struct nl_buf stamp = {0};
    struct nl_buf spaced = {0};
    nl_stamp_write("secret", 1000000, &stamp);
    nl_buf_addf(&spaced, " +%s", nl_buf_text(&stamp));
    assert_false(nl_stamp_is_timely("secret", nl_buf_text(&spaced), 1000002));
    nl_buf_free(&stamp);
    nl_buf_free(&spaced);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_forgeries),
        cmocka_unit_test(test_one_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
