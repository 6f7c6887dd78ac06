/* Dates and times as other programs write them. */
#include "support.h"

#include "transfer/moment.h"

#include <stdio.h>
#include <time.h>

static struct nl_lexicon *lexicon;

static int setup(void **state) {
    struct nl_error err = {0};
    (void)state;
    assert_ok(nl_lexicon_new(&lexicon, &err));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    nl_lexicon_free(lexicon);
    return 0;
}

/* "2021-01-31 09:30:15", or how it was taken. */
static void assert_read(const char *text, enum nl_date_order order, const char *expected) {
    static const char *const words[] = {[NL_MOMENT_NONE] = "none",
                                        [NL_MOMENT_AMBIGUOUS] = "ambiguous",
                                        [NL_MOMENT_WRONG] = "wrong"};
    char found[32];
    int64_t at = 7;
    enum nl_moment moment = nl_moment_read(lexicon, text, order, &at);
    if (moment == NL_MOMENT_READ) {
        time_t seconds = (time_t)at;
        struct tm parts = {0};
        gmtime_r(&seconds, &parts);
        strftime(found, sizeof found, "%Y-%m-%d %H:%M:%S", &parts);
    } else {
        snprintf(found, sizeof found, "%s", words[moment]);
    }
    assert_string_equal(found, expected);
}

static void test_moments(void **state) {
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"2021-01-31", "2021-01-31 00:00:00"},
        {"2021-01-31 09:30", "2021-01-31 09:30:00"},
        {"2021-01-31T09:30:15Z", "2021-01-31 09:30:15"},
        {"2021-01-31 09:30:15.123", "2021-01-31 09:30:15"},
        {"2021-01-31 09:30:15,5", "2021-01-31 09:30:15"},
        {"2021/1/31", "2021-01-31 00:00:00"},
        {"  2021-01-31", "2021-01-31 00:00:00"},
        {"31.01.2021", "2021-01-31 00:00:00"},
        {"1.2.2021", "2021-02-01 00:00:00"},
        {"31/01/2021", "2021-01-31 00:00:00"},
        {"01/31/2021", "2021-01-31 00:00:00"},
        {"02/02/2021", "2021-02-02 00:00:00"},
        {"01/02/2021", "ambiguous"},
        {"12/01/2021", "ambiguous"},
        {"13/01/2021", "2021-01-13 00:00:00"},
        {"01/13/2021", "2021-01-13 00:00:00"},
        /* years of two digits */
        {"31.01.69", "2069-01-31 00:00:00"},
        {"31.01.70", "1970-01-31 00:00:00"},
        /* names of months */
        {"31 January 2021", "2021-01-31 00:00:00"},
        {"January 31, 2021", "2021-01-31 00:00:00"},
        {"Sun, 31 Jan 2021 09:30:15 +0100", "2021-01-31 08:30:15"},
        {"2021 Jan 31", "2021-01-31 00:00:00"},
        {"31 January", "wrong"},
        {"31 January 2021 1", "wrong"},
        {"31 January February 2021", "wrong"},
        /* halves of a day */
        {"1/2/2021 1:30 PM", "2021-01-02 13:30:00"},
        {"1/2/2021 12:00 am", "2021-01-02 00:00:00"},
        {"1/2/2021 12:00 pm", "2021-01-02 12:00:00"},
        {"1/2/2021 0:30 am", "wrong"},
        {"1/2/2021 13:30 pm", "wrong"},
        /* offsets */
        {"2021-01-31 09:30+02", "2021-01-31 07:30:00"},
        {"2021-01-31 09:30 -0530", "2021-01-31 15:00:00"},
        {"2021-01-31 09:30+05:30", "2021-01-31 04:00:00"},
        {"2021-01-31 09:30+2", "2021-01-31 07:30:00"},
        {"2021-01-31 09:30+14", "2021-01-30 19:30:00"},
        {"2021-01-31 09:30+15", "wrong"},
        {"2021-01-31 09:30+0160", "wrong"},
        {"2021-01-31 09:30+123", "wrong"},
        /* bounds of days and hours */
        {"2020-02-29", "2020-02-29 00:00:00"},
        {"2021-02-29", "wrong"},
        {"2021-04-31", "wrong"},
        {"2021-13-01", "wrong"},
        {"2021-00-10", "wrong"},
        {"2021-01-00", "wrong"},
        {"2021-01-31 23:59:60", "2021-02-01 00:00:00"},
        {"2021-01-31 24:00", "wrong"},
        {"2021-01-31 10:60", "wrong"},
        {"2021-01-31 10:00:61", "wrong"},
        {"2021-01-31 10:00 11:00", "wrong"},
        {"1969-12-31", "wrong"},
        {"1970-01-01", "none"},
        {"1970-01-01 00:00:01", "1970-01-01 00:00:01"},
        {"0000-00-00", "none"},
        {"0000-00-00 00:00:00", "none"},
        {"0001-01-01", "none"},
        /* bare numbers */
        {"20210131", "2021-01-31 00:00:00"},
        {"20210131093015", "2021-01-31 09:30:15"},
        {"20211331", "wrong"},
        {"0", "none"},
        {"1612085415", "2021-01-31 09:30:15"},
        {"1612085415.25", "2021-01-31 09:30:15"},
        {"161208541", "1975-02-09 20:09:01"},
        {"1612085415123", "2021-01-31 09:30:15"},
        {"1612085415123456", "2021-01-31 09:30:15"},
        {"12345", "wrong"},
        {"16120854151234567", "wrong"},
        {"1612085415 ", "2021-01-31 09:30:15"},
        /* others */
        {"", "none"},
        {"soon", "wrong"},
        {"2021-01-31!", "wrong"},
        {"2021-01", "wrong"},
        {"1-2-3-4", "wrong"},
        {"20210-01-31", "wrong"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].text)
        assert_read(rows[i].text, NL_DATES_UNKNOWN, rows[i].expected);
}

/* The file says by another row which number is the day. */
static void test_orders(void **state) {
    (void)state;
    assert_read("01/02/2021", NL_DATES_DAY_FIRST, "2021-02-01 00:00:00");
    assert_read("01/02/2021", NL_DATES_MONTH_FIRST, "2021-01-02 00:00:00");
    assert_read("01.02.2021", NL_DATES_MONTH_FIRST, "2021-02-01 00:00:00");
    assert_read("13/02/2021", NL_DATES_MONTH_FIRST, "2021-02-13 00:00:00");
    assert_read("01/13/2021", NL_DATES_DAY_FIRST, "wrong");
    assert_read("2021/02/01", NL_DATES_DAY_FIRST, "2021-02-01 00:00:00");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_orders),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
