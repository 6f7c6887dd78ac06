#include "support.h"

#include "newsletter/bulletin/events.h"

#include <string.h>

/* One event as the front matter gives it: pairs of key and value, up to a NULL. */
static enum nl_status take(struct nl_events *events, const char *const *pairs) {
    struct nl_error err = {0};
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && pairs[i] != NULL; i += 2) {
        char path[40];
        snprintf(path, sizeof path, "0.%s", pairs[i]);
        status = nl_events_take(events, path, pairs[i + 1], "issue.md", 1, &err);
    }
    nl_error_free(&err);
    return status;
}

static const struct {
    const char *zone;
    const char *pairs[12];
    const char *problem;     /* NULL: good */
    const char *start, *end; /* as the calendar has them */
} cases[] = {
    {"Europe/Berlin",
     {"date", "2027-03-28", "time", "01:30", "end", "02:00"},
     NULL,
     "DTSTART:20270328T003000Z",
     "DTEND:20270328T010000Z"},
    {"Europe/Berlin",
     {"date", "2027-03-28", "time", "02:30"},
     NULL,
     "DTSTART:20270328T013000Z",
     "DTEND:20270328T023000Z"},
    {"Europe/Berlin",
     {"date", "2027-10-31", "time", "02:30", "end", "03:30"},
     NULL,
     "DTSTART:20271031T003000Z",
     "DTEND:20271031T023000Z"},
    {"Europe/Berlin",
     {"date", "2027-03-28", "time", "02:30", "end", "03:00"},
     "clocks go forward",
     NULL,
     NULL},
    {"America/New_York",
     {"date", "2027-11-07", "time", "01:30"},
     NULL,
     "DTSTART:20271107T053000Z",
     "DTEND:20271107T063000Z"},
    {NULL,
     {"date", "2027-03-28", "time", "02:30"},
     NULL,
     "DTSTART:20270328T023000Z",
     "DTEND:20270328T033000Z"},
    {NULL,
     {"date", "2027-03-28", "until", "2027-03-28", "time", "12:00", "end", "11:00"},
     "ends before it begins",
     NULL,
     NULL},
    {NULL,
     {"date", "2027-03-28", "time", "12:00", "end", "12:00"},
     "ends before it begins",
     NULL,
     NULL},
    {NULL, {"date", "2027-03-28", "time", "22:00", "end", "02:00"}, "give until", NULL, NULL},
    {NULL,
     {"date", "2027-03-28", "until", "2027-03-29", "time", "22:00", "end", "02:00"},
     NULL,
     "DTSTART:20270328T220000Z",
     "DTEND:20270329T020000Z"},
    {NULL, {"date", "2027-03-28", "until", "2027-03-27"}, "until is before", NULL, NULL},
    {NULL, {"date", "2027-02-30"}, "not a day that exists", NULL, NULL},
    {NULL, {"date", "2027-02-28", "until", "2027-02-29"}, "until is not a day", NULL, NULL},
    {NULL, {"date", "2027-02-28", "time", "24:00"}, "time", NULL, NULL},
    {NULL, {"date", "2027-02-28", "time", "9:00"}, "time", NULL, NULL},
    {NULL, {"date", "2027-02-28", "end", "09:00"}, "end", NULL, NULL},
    {NULL,
     {"date", "2027-12-31"},
     NULL,
     "DTSTART;VALUE=DATE:20271231",
     "DTEND;VALUE=DATE:20280101"},
    {"Asia/Almaty",
     {"date", "2027-12-30", "until", "2027-12-31", "time", "09:00"},
     NULL,
     "DTSTART:20271230T040000Z",
     "DTEND:20271231T190000Z"},
    {"PST", {"date", "2027-12-31"}, "write America/Los_Angeles", NULL, NULL},
};

static void test_check_and_calendar(void **state) {
    (void)state;
    for_each_row (i, cases, cases[i].zone) {
        struct nl_events events = {0};
        struct nl_error err = {0};
        struct nl_buf out = {0};
        assert_int_equal(take(&events, (const char *const[]){"title", "x", NULL}), NL_OK);
        assert_int_equal(take(&events, cases[i].pairs), NL_OK);
        enum nl_status status = nl_events_check(&events, cases[i].zone, "issue.md", &err);
        assert_int_equal(status, cases[i].problem == NULL ? NL_OK : NL_DATA);
        if (cases[i].problem != NULL) {
            assert_non_null(strstr(nl_error_text(&err), cases[i].problem));
            assert_non_null(strstr(nl_error_text(&err), "issue.md"));
        } else {
            assert_int_equal(
                nl_events_ics(&events, cases[i].zone, "u", "2027-01-01", "News", &out, &err),
                NL_OK);
            assert_non_null(strstr(nl_buf_text(&out), cases[i].start));
            assert_non_null(strstr(nl_buf_text(&out), cases[i].end));
        }
        nl_buf_free(&out);
        nl_error_free(&err);
        nl_events_free(&events);
    }
}

/* Events that an older version has stored are shown, without an end that is wrong. */
static void test_stored(void **state) {
    (void)state;
    static const char stored[] =
        "{\"timezone\": \"Europe/Berlin\", \"events\": [{\"title\": \"x\", "
        "\"date\": \"2027-03-28\", \"time\": \"02:30\", \"end\": \"03:00\"}]}";
    struct nl_events events = {0};
    struct nl_error err = {0};
    struct nl_buf out = {0};
    char *zone = NULL;
    assert_int_equal(nl_events_read(stored, &events, &zone, &err), NL_OK);
    assert_int_equal(events.count, 1);
    assert_int_equal(nl_events_ics(&events, zone, "u", "2027-01-01", "News", &out, &err), NL_OK);
    assert_non_null(strstr(nl_buf_text(&out), "DTSTART:20270328T013000Z"));
    assert_non_null(strstr(nl_buf_text(&out), "DTEND:20270328T023000Z")); /* an hour */
    nl_buf_free(&out);
    nl_events_free(&events);
    free(zone);
    zone = NULL;
    assert_int_equal(nl_events_read("{\"events\": [{\"title\": \"x\", \"date\": \"2027-02-30\"}]}",
                                    &events, &zone, &err),
                     NL_IO);
    nl_events_free(&events);
    nl_error_free(&err);
}

static void test_order(void **state) {
    (void)state;
    static const char *const days[] = {"2027-03-02", "2027-01-05", "2027-03-01"};
    struct nl_events events = {0};
    struct nl_error err = {0};
    for (size_t i = 0; i < 3; i++) {
        char path[20];
        snprintf(path, sizeof path, "%zu.title", i);
        assert_int_equal(nl_events_take(&events, path, "x", "w", 1, &err), NL_OK);
        snprintf(path, sizeof path, "%zu.date", i);
        assert_int_equal(nl_events_take(&events, path, days[i], "w", 1, &err), NL_OK);
    }
    assert_int_equal(nl_events_check(&events, NULL, "w", &err), NL_OK);
    assert_string_equal(events.items[0].date, "2027-01-05");
    assert_string_equal(events.items[1].date, "2027-03-01");
    assert_string_equal(events.items[2].date, "2027-03-02");
    nl_events_free(&events);
    nl_error_free(&err);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_and_calendar),
        cmocka_unit_test(test_stored),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
