#include "support.h"

#include "newsletter/base/timestamp.h"

static void test_parse(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t expected; /* -1: refused */
    } cases[] = {{"2020-01-02T03:04:05Z", 1577934245},
                 {"2020-01-02 03:04:05", 1577934245},
                 {"2020-01-02T03:04:05.123456Z", 1577934245},
                 {"2020-01-02 03:04:05.5+00", 1577934245},
                 {"2020-01-02T05:04:05+02:00", 1577934245},
                 {"2020-01-02T01:34:05-0130", 1577934245},
                 {"2020-01-02T03:04:05 +0000", 1577934245},
                 {"2020-01-02", 1577923200},
                 {"1577934245", 1577934245},
                 {"", -1},
                 {"x", -1},
                 {"2020-13-02", -1},
                 {"2020-01-02T", -1},
                 {"2020-01-02T03:04", 1577934240},
                 {"2020-02-29", 1582934400},
                 {"2020-02-30", -1},
                 {"2021-02-29", -1},
                 {"2100-02-29", -1},
                 {"2020-04-31 10:00:00", -1},
                 {"2020-1-2", -1},
                 {" 2020-01-02", -1},
                 {"2020-01-02 24:00:00", -1},
                 {"2020-01-02 03:04:60", -1},
                 {"2020-01-02 03:04:05.", -1},
                 {"2020-01-02 03:04:05+05:60", -1},
                 {"2020-01-02 03:04:05+0", -1},
                 {"2020-01-02x", -1},
                 {"2020-01-02T03:04:05+2", -1},
                 {"2020-01-02T03:04:05+99:00", -1},
                 {"2020-01-02T03:04:05Zx", -1},
                 {"-5", -1},
                 {"1900-01-01", -1}};
    for_each_row (i, cases, cases[i].text) {
        int64_t at = 0;
        bool good = nl_timestamp_parse(cases[i].text, &at);
        assert_int_equal(good ? at : -1, cases[i].expected);
    }
}

/* Against the C library, over leap years and the ends of months. */
static void test_days(void **state) {
    (void)state;
    for (int64_t at = -86400LL * 3000; at < 86400LL * 50000; at += 86400LL * 13 + 3661) {
        struct nl_datetime datetime = {0};
        nl_datetime_of(at, &datetime);
        assert_true(datetime.day <= nl_days_in_month(datetime.year, datetime.month));
        assert_int_equal(nl_datetime_seconds(&datetime), at);
    }
    assert_int_equal(nl_days_in_month(2100, 2), 28);
    assert_int_equal(nl_days_in_month(2000, 2), 29);
}

/* A day stands alone. */
static void test_is_day(void **state) {
    static const struct {
        const char *text;
        bool day;
    } rows[] = {
        {"2026-08-25", true},        {"2026-08-25T10:00", false}, {"2026-08-25 10:00:00Z", false},
        {"2026-08-25T00:00", false}, {"2026-08-32", false},       {"", false},
        {"tomorrow", false},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        assert_int_equal(nl_datetime_is_day(rows[i].text), rows[i].day);
}

static void test_text(void **state) {
    (void)state;
    char text[NL_TIMESTAMP_LEN];
    nl_timestamp_text(1577934245, text);
    assert_string_equal(text, "2020-01-02T03:04:05Z");
    nl_timestamp_text(0, text);
    assert_string_equal(text, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_is_day),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
