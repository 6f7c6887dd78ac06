#include "support.h"

#include "newsletter/base/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
                                      "a:b-c:d",
                                      "022:00-07:00",
                                      "22:0-07:00",
                                      "22:000-07:00",
                                      ":00-07:00",
                                      "22:00 - 07:00",
                                      "22:00-24:00",
                                      "22:00-07:60",
                                      "22:00-"};
    static const struct {
        const char *text;
        int from, to;
    } good[] = {{"22:30-07:00", 1350, 420},
                {"0:00-23:59", 0, 1439},
                {"23:59-00:00", 1439, 0},
                {"0:00-0:01", 0, 1},
                {"9:05-17:00", 545, 1020}};
    for_each_row (i, good, good[i].text) {
        assert_true(nl_hours_parse(good[i].text, &hours));
        assert_int_equal(hours.from, good[i].from);
        assert_int_equal(hours.to, good[i].to);
    }
    for_each_row (i, bad, bad[i])
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
        /* a night in which clocks go forward, and one in which they go back */
        {"22:00-07:00", "Europe/Berlin", "2027-03-27 22:00:00", "2027-03-28 05:00"},
        {"22:00-07:00", "Europe/Berlin", "2027-10-30 21:00:00", "2027-10-31 06:00"},
        {"7:00-9:00", "UTC", "2026-12-02 08:00:00", "2026-12-02 09:00"},
        {"7:00-9:00", "UTC", "2026-12-02 06:59:59", NULL},
        {"7:00-9:00", "UTC", "2026-12-02 07:00:00", "2026-12-02 09:00"},
        {"7:00-9:00", "UTC", "2026-12-02 08:59:59", "2026-12-02 09:00"},
        {"7:00-9:00", "UTC", "2026-12-02 09:00:00", NULL},
        /* midnight as a beginning and as an end; a year ends */
        {"0:00-1:00", "UTC", "2026-12-02 00:00:00", "2026-12-02 01:00"},
        {"23:00-00:00", "UTC", "2026-12-31 23:59:59", "2027-01-01 00:00"},
        {"23:00-00:00", "UTC", "2027-01-01 00:00:00", NULL},
        {"22:00-21:59", "UTC", "2026-12-02 21:58:59", "2026-12-02 21:59"},
        {"22:00-21:59", "UTC", "2026-12-02 21:59:00", NULL},
    };
    for_each_row (i, cases, cases[i].hours) {
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
    /* The day changes at this machine's midnight, which is 19:00 UTC. */
    assert_true(nl_zone_time("2027-01-01 18:59:59", "UTC", &now));
    assert_int_equal(nl_zone_days_since("2027-01-01", now), 0);
    nl_zone_today(now, day);
    assert_string_equal(day, "2027-01-01");
    assert_int_equal(nl_zone_days_since("2027-01-01", now + 1), 1);
    nl_zone_today(now + 1, day);
    assert_string_equal(day, "2027-01-02");
    assert_int_equal(nl_zone_days_since("2026-12-31T23:00:00", now), 1); /* its day alone counts */
    assert_int_equal(nl_zone_days_since("tomorrow", now), 0);
    unsetenv("TZ");
    tzset();
}

static void set_machine_zone(const char *zone) {
    if (zone != NULL)
        setenv("TZ", zone, 1);
    else
        unsetenv("TZ");
    tzset();
}

/* RFC 5545 3.3.5: a skipped time has the offset from before the change, a doubled one is the first.
 */
static void test_gaps_and_folds(void **state) {
    (void)state;
    static const struct {
        const char *zone, *local, *utc;
    } cases[] = {
        {"Europe/Berlin", "2027-03-28 01:59:59", "2027-03-28T00:59:59Z"},
        {"Europe/Berlin", "2027-03-28 02:00", "2027-03-28T01:00:00Z"},
        {"Europe/Berlin", "2027-03-28 02:30", "2027-03-28T01:30:00Z"},
        {"Europe/Berlin", "2027-03-28 02:59:59", "2027-03-28T01:59:59Z"},
        {"Europe/Berlin", "2027-03-28 03:00", "2027-03-28T01:00:00Z"},
        {"Europe/Berlin", "2027-10-31 01:59", "2027-10-30T23:59:00Z"},
        {"Europe/Berlin", "2027-10-31 02:00", "2027-10-31T00:00:00Z"},
        {"Europe/Berlin", "2027-10-31 02:30", "2027-10-31T00:30:00Z"},
        {"Europe/Berlin", "2027-10-31 03:00", "2027-10-31T02:00:00Z"},
        {"America/New_York", "2027-03-14 02:30", "2027-03-14T07:30:00Z"},
        {"America/New_York", "2027-11-07 01:30", "2027-11-07T05:30:00Z"},
        {"America/New_York", "2027-11-07 02:00", "2027-11-07T07:00:00Z"},
        /* half an hour */
        {"Australia/Lord_Howe", "2027-10-03 02:15", "2027-10-02T15:45:00Z"},
        {"Australia/Lord_Howe", "2027-04-04 01:45", "2027-04-03T14:45:00Z"},
        /* a whole day was skipped */
        {"Pacific/Apia", "2011-12-30 12:00", "2011-12-30T22:00:00Z"},
        /* the zone itself changed */
        {"Asia/Almaty", "2024-02-29 23:30", "2024-02-29T17:30:00Z"},
        {"Asia/Almaty", "2024-03-01 00:00", "2024-02-29T19:00:00Z"},
        {"Asia/Almaty", "2026-12-01 09:00", "2026-12-01T04:00:00Z"},
        {"America/St_Johns", "2027-07-01 12:00", "2027-07-01T14:30:00Z"},
        {"UTC", "2027-03-28 02:30", "2027-03-28T02:30:00Z"},
    };
    for_each_row (i, cases, cases[i].local) {
        char text[NL_TIMESTAMP_LEN];
        int64_t at = 0;
        set_machine_zone(NULL);
        assert_true(nl_zone_time(cases[i].local, cases[i].zone, &at));
        nl_timestamp_text(at, text);
        assert_string_equal(text, cases[i].utc);
        set_machine_zone(cases[i].zone);
        assert_true(nl_zone_time(cases[i].local, NULL, &at));
        nl_timestamp_text(at, text);
        assert_string_equal(text, cases[i].utc);
    }
    set_machine_zone(NULL);
}

/* Every local time that exists comes back as itself. */
static void test_round_trip(void **state) {
    (void)state;
    static const char *const zones[] = {"Europe/Berlin", "America/Santiago", "Asia/Kolkata",
                                        "Pacific/Chatham"};
    for_each_row (i, zones, zones[i]) {
        for (int64_t at = 1798761600; at < 1798761600 + 366 * 86400; at += 1800) { /* 2027 */
            struct nl_datetime clock = {0};
            struct nl_datetime again = {0};
            nl_zone_clock(at, zones[i], &clock);
            int64_t found = nl_zone_seconds(&clock, zones[i]);
            nl_zone_clock(found, zones[i], &again);
            assert_int_equal(nl_datetime_seconds(&clock), nl_datetime_seconds(&again));
            assert_true(found == at || found == at - 3600); /* the first of two */
        }
    }
}

static void test_bad_times(void **state) {
    (void)state;
    static const char *const bad[] = {
        "2027-02-30 09:00",    "2027-04-31 09:00",  "2027-02-29 09:00",
        "2027-13-01 09:00",    "2027-00-10 09:00",  "2027-01-00 09:00",
        "2027-01-32 09:00",    "2027-01-01 24:00",  "2027-01-01 09:60",
        "2027-01-01 9:00",     "2027-1-1 09:00",    "2027-01-01",
        "27-01-01 09:00",      " 2027-01-01 09:00", "2027-01-01 09:00x",
        "2027-01-01 09:00:61", "tomorrow",          "",
        "2027-01-01 09:00 Z",  "+2027-01-01 09:00"};
    for_each_row (i, bad, bad[i]) {
        int64_t at = 0;
        assert_false(nl_zone_time(bad[i], "Europe/Berlin", &at));
    }
    int64_t at = 0;
    assert_true(nl_zone_time("2028-02-29T09:00:30", "UTC", &at));
    assert_int_equal(at, 1835427630);
    assert_true(nl_zone_time("2028-02-29 09:00+05:00", NULL, &at));
    assert_int_equal(at, 1835427600 - 5 * 3600);
}

static void test_names(void **state) {
    (void)state;
    static const struct {
        const char *zone, *hint; /* NULL: good */
    } cases[] = {
        {"Asia/Almaty", NULL},
        {"UTC", NULL},
        {"GMT", NULL},
        {"Etc/GMT-5", NULL},
        {"US/Pacific", NULL},
        {"America/Argentina/Buenos_Aires", NULL},
        {"europe/berlin", "write Europe/Berlin"},
        {"EUROPE/BERLIN", "write Europe/Berlin"},
        {"America/New York", "write America/New_York"},
        {"berlin", "write Europe/Berlin"},
        {"berli", "IANA"},
        {"berlin2", "IANA"},
        {"Europe/Berli", "IANA"},
        {"right/Asia/Almaty", "IANA"},
        {"America/Port-au-Prince", NULL},
        {"Etc/GMT+12", NULL},
        {"5", "such as Asia/Almaty"},
        {"GMT 0", "such as Asia/Almaty"},
        {"GMT+", "IANA"},
        {"+5h", "IANA"},
        {"UTC+x", "IANA"},
        {"new york", "write America/New_York"},
        {"PST", "write America/Los_Angeles"},
        {"msk", "write Europe/Moscow"},
        {"+05:00", "such as Asia/Almaty"},
        {"+5", "such as Asia/Almaty"},
        {"GMT+3", "such as Asia/Almaty"},
        {"UTC-08:00", "such as Asia/Almaty"},
        {"utc", "write UTC"},
        {"Mars/X", "IANA"},
        {"", "IANA"},
        {"Asia", "IANA"},
        {"../../../etc/passwd", "IANA"},
        {"Asia/../Asia/Almaty", "IANA"},
        {"/usr/share/zoneinfo/Asia/Almaty", "IANA"},
        {"posix/Asia/Almaty", "IANA"},
        {"Asia/Almaty/", "IANA"},
    };
    for_each_row (i, cases, cases[i].zone) {
        struct nl_error err = {0};
        assert_int_equal(nl_zone_check(cases[i].zone, &err) == NL_OK, cases[i].hint == NULL);
        if (cases[i].hint != NULL) {
            assert_non_null(strstr(nl_error_text(&err), cases[i].hint));
            assert_non_null(strstr(nl_error_text(&err), cases[i].zone));
        }
        nl_error_free(&err);
    }
    assert_string_equal(nl_zone_find("europe/berlin"), "Europe/Berlin");
    assert_null(nl_zone_find("Mars/X"));
}

/* Abbreviations: each has a place that exists, and stands for a zone in any capitals. */
static void test_abbreviations(void **state) {
    (void)state;
    static const struct {
        const char *abbreviation, *place;
    } cases[] = {{"PST", "America/Los_Angeles"},
                 {"pdt", "America/Los_Angeles"},
                 {"PT", "America/Los_Angeles"},
                 {"MDT", "America/Denver"},
                 {"MT", "America/Denver"},
                 {"CST", "America/Chicago"},
                 {"CDT", "America/Chicago"},
                 {"CT", "America/Chicago"},
                 {"EDT", "America/New_York"},
                 {"et", "America/New_York"},
                 {"AST", "America/Halifax"},
                 {"BST", "Europe/London"},
                 {"IST", "Asia/Kolkata"},
                 {"JST", "Asia/Tokyo"},
                 {"KST", "Asia/Seoul"},
                 {"MSD", "Europe/Moscow"},
                 {"CEST", "Europe/Berlin"},
                 {"MEZ", "Europe/Berlin"},
                 {"Mesz", "Europe/Berlin"},
                 {"EEST", "Europe/Kyiv"},
                 {"WEST", "Europe/Lisbon"},
                 {"ALMT", "Asia/Almaty"},
                 {"AQTT", "Asia/Aqtau"},
                 {"SGT", "Asia/Singapore"},
                 {"HKT", "Asia/Hong_Kong"},
                 {"AEST", "Australia/Sydney"},
                 {"AEDT", "Australia/Sydney"},
                 {"NZST", "Pacific/Auckland"},
                 {"NZDT", "Pacific/Auckland"},
                 {"UTC+0", "UTC"},
                 {"Z", "UTC"}};
    for_each_row (i, cases, cases[i].abbreviation) {
        struct nl_error err = {0};
        char hint[64];
        snprintf(hint, sizeof hint, "write %s", cases[i].place);
        assert_fails(nl_zone_check(cases[i].abbreviation, &err), NL_DATA, hint);
        assert_ok(nl_zone_check(cases[i].place, &err));
        assert_string_equal(nl_zone_find(cases[i].place), cases[i].place);
    }
}

/* With a zone of its own, a time has no offset. */
static void test_offsets(void **state) {
    (void)state;
    struct nl_error err = {0};
    int64_t at = 0;
    assert_fails(nl_zone_read("2026-12-01 09:00+05:00", "Asia/Almaty", &at, &err), NL_DATA,
                 "write it as");
    assert_ok(nl_zone_read("2026-12-01 09:00Z", NULL, &at, &err));
    assert_int_equal(at, 1796115600);
    assert_ok(nl_zone_read("2026-12-01 09:00-00:30", NULL, &at, &err));
    assert_int_equal(at, 1796115600 + 1800);
    assert_fails(nl_zone_read("2026-12-01 09:00", "Mars/X", &at, &err), NL_DATA, "Mars/X");
    assert_int_equal(at, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hours_parse), cmocka_unit_test(test_hours_hold),
        cmocka_unit_test(test_days),        cmocka_unit_test(test_gaps_and_folds),
        cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_bad_times),
        cmocka_unit_test(test_names),       cmocka_unit_test(test_abbreviations),
        cmocka_unit_test(test_offsets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
