/* Links that put an event into a calendar on the web: to the minute, or the whole day. */
#include "support.h"

#include "bulletin/event_links.h"

#include <jansson.h>

static void assert_links(const struct nl_event *event, const char *zone, const char *google,
                         const char *outlook) {
    struct nl_event one = *event;
    const struct nl_events events = {.items = &one, .count = 1};
    json_t *data = json_pack("{s:[{}]}", "events");
    nl_events_add_links(data, &events, zone);
    const json_t *found = json_array_get(json_object_get(data, "events"), 0);
    assert_string_equal(json_string_value(json_object_get(found, "google_url")), google);
    assert_string_equal(json_string_value(json_object_get(found, "outlook_url")), outlook);
    json_decref(data);
}

#define GOOGLE "https://calendar.google.com/calendar/render?action=TEMPLATE&dates="
#define OUTLOOK "https://outlook.live.com/calendar/0/action/compose?rru=addevent&startdt="

static void test_links(void **state) {
    const struct nl_event timed = {.title = (char *)"A & B",
                                   .date = (char *)"2026-06-01",
                                   .time = (char *)"09:30",
                                   .end = (char *)"11:00",
                                   .place = (char *)"Hall",
                                   .url = (char *)"https://x.org/"};
    const struct nl_event day = {.title = (char *)"Day", .date = (char *)"2026-06-01"};
    (void)state;
    assert_links(&timed, "Asia/Almaty",
                 GOOGLE "20260601T043000Z/20260601T060000Z&text=A%20%26%20B&location=Hall&details="
                        "https%3A%2F%2Fx.org%2F",
                 OUTLOOK "2026-06-01T04%3A30%3A00Z&enddt=2026-06-01T06%3A00%3A00Z&subject=A%20%26%"
                         "20B&location=Hall&body=https%3A%2F%2Fx.org%2F");
    assert_links(&day, "Asia/Almaty", GOOGLE "20260601/20260602&text=Day",
                 OUTLOOK "2026-06-01&enddt=2026-06-02&allday=true&subject=Day");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
