#include "support.h"

#include "newsletter/base/zone.h"

#include <stdlib.h>
#include <time.h>

static void test_hours_parse(void **state) {
    (void)state;
    struct nl_hours hours = {0};
    static const char *const bad[] = {"",
                                      "22-07",
                                      "22:00",
                                      "24:00-07:00",
                                      "22:60-07:00",
                                      "22:00-22:00",
                                      "22:00-07:00x",
                                      "-1:00-07:00",
                                      "a:b-c:d"};
    assert_true(nl_hours_parse("22:30-07:00", &hours));
    assert_int_equal(hours.from, 22 * 60 + 30);
    assert_int_equal(hours.to, 7 * 60);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(nl_hours_parse(bad[i], &hours));
}

static void test_hours_hold(void **state) {
    (void)state;
    static const struct {
        const char *hours, *zone, *now, *end; /* UTC; NULL: they do not hold */
    } cases[] = {
        {"22:00-07:00", "UTC", "2026-12-01 21:59:59", NULL},
        {"22:00-07:00", "UTC", "2026-12-01 22:00:00", "2026-12-02 07:00"},
        {"22:00-07:00", "UTC", "2026-12-02 06:59:30", "2026-12-02 07:00"},
        {"22:00-07:00", "UTC", "2026-12-02 07:00:00", NULL},
        {"12:00-14:00", "UTC", "2026-12-02 13:00:00", "2026-12-02 14:00"},
        {"22:00-07:00", "Asia/Almaty", "2026-12-01 17:00:00", "2026-12-02 02:00"},
        {"22:00-07:00", "Asia/Almaty", "2026-12-02 02:00:00", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct nl_hours hours = {0};
        int64_t now = 0;
        int64_t end = 0;
        int64_t expected = 0;
        assert_true(nl_hours_parse(cases[i].hours, &hours));
        assert_true(nl_zone_time(cases[i].now, "UTC", &now));
        assert_int_equal(nl_hours_hold(&hours, cases[i].zone, now, &end), cases[i].end != NULL);
        if (cases[i].end == NULL)
            continue;
        assert_true(nl_zone_time(cases[i].end, "UTC", &expected));
        assert_int_equal(end, expected);
    }
}

static void test_days(void **state) {
    (void)state;
    char day[NL_DAY_LEN + 1];
    int64_t now = 0;
    setenv("TZ", "Asia/Almaty", 1);
    tzset();
    assert_true(nl_zone_time("2026-12-01 20:00", "UTC", &now));
    nl_zone_today(now, day);
    assert_string_equal(day, "2026-12-02");
    assert_int_equal(nl_zone_days_since("2026-11-30", now), 2);
    assert_int_equal(nl_zone_days_since("2026-12-02", now), 0);
    assert_int_equal(nl_zone_days_since("2026-12-05", now), -3);
    unsetenv("TZ");
    tzset();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hours_parse),
        cmocka_unit_test(test_hours_hold),
        cmocka_unit_test(test_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
