#include "support.h"

#include "web/stamp.h"

static int64_t a_million(void *ctx) {
    (void)ctx;
    return 1000000;
}

static int drawn;

static void count_up(void *ctx, unsigned char out[16]) {
    (void)ctx;
    memset(out, 0, 16);
    out[15] = (unsigned char)drawn++;
}

static const struct nl_env at_a_million = {a_million, count_up, NULL};

static void test_time(void **state) {
    (void)state;
    struct nl_buf stamp = {0};
    nl_stamp_write("secret", &at_a_million, &stamp);
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

/* A stamp that reads as the same number is not the same stamp. */
static void test_one_spelling(void **state) {
    (void)state;
    struct nl_buf stamp = {0};
    struct nl_buf spaced = {0};
    nl_stamp_write("secret", &at_a_million, &stamp);
    nl_buf_addf(&spaced, " +%s", nl_buf_text(&stamp));
    assert_false(nl_stamp_is_timely("secret", nl_buf_text(&spaced), 1000002));
    nl_buf_free(&stamp);
    nl_buf_free(&spaced);
}

/* Two forms that are shown in the same second have different stamps: each is good once. */
static void test_one_of_a_kind(void **state) {
    (void)state;
    struct nl_buf first = {0};
    struct nl_buf second = {0};
    nl_stamp_write("secret", &at_a_million, &first);
    nl_stamp_write("secret", &at_a_million, &second);
    assert_string_not_equal(nl_buf_text(&first), nl_buf_text(&second));
    assert_true(nl_stamp_is_timely("secret", nl_buf_text(&second), 1000002));
    nl_buf_free(&first);
    nl_buf_free(&second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_forgeries),
        cmocka_unit_test(test_one_spelling),
        cmocka_unit_test(test_one_of_a_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
