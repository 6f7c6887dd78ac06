#include "support.h"

#include "delivery/pace.h"
#include "newsletter/store/throttle.h"

#include <stdlib.h>

enum { NOON = 1796040000 }; /* 2026-11-30 12:00 UTC */

static void room(struct fixture *fixture, struct nl_pace *pace, size_t *out, int64_t *not_before,
                 struct nl_pause_reason *reason) {
    struct nl_error err = {0};
    *reason = (struct nl_pause_reason){0};
    assert_ok(nl_pace_room(pace, fixture->store, 50, out, not_before, reason, &err));
}

static void test_no_limits(void **state) {
    struct nl_config config = {0};
    struct nl_pace pace = {.config = &config, .issue = true};
    struct nl_pause_reason reason;
    size_t count = 0;
    int64_t not_before = 0;
    room(*state, &pace, &count, &not_before, &reason);
    assert_int_equal(count, 50);
    assert_int_equal(not_before, 0);
    assert_null(reason.text);
}

/* Before the first day of the warm-up, on its days, and after them. */
static void test_warm_up(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    static const struct {
        const char *since;
        size_t count;
    } cases[] = {{"2026-12-01", 0},  {"2026-12-31", 0},  {"2026-11-30", 10},
                 {"2026-11-29", 20}, {"2026-11-28", 50}, {"2026-11-01", 50}};
    fixture->fake.now = NOON;
    for_each_row (i, cases, cases[i].since) {
        struct nl_config config = {.warm_up = {.since = (char *)cases[i].since, .days = {10, 20}}};
        struct nl_pace pace = {.config = &config, .issue = true};
        struct nl_pause_reason reason;
        size_t count = 0;
        int64_t not_before = 0;
        room(fixture, &pace, &count, &not_before, &reason);
        assert_int_equal(count, cases[i].count);
        assert_int_equal(reason.text != NULL, cases[i].count == 0);
        assert_true(cases[i].count != 0 || reason.until > fixture->fake.now);
        pace.issue = false; /* somebody asked for a notice */
        room(fixture, &pace, &count, &not_before, &reason);
        assert_int_equal(count, 50);
    }
    struct nl_config config = {.warm_up = {.since = (char *)"2026-11-30", .days = {10, 20}}};
    struct nl_pace pace = {.config = &config, .issue = true};
    struct nl_pause_reason reason;
    size_t count = 0;
    int64_t not_before = 0;
    room(fixture, &pace, &count, &not_before, &reason);
    assert_ok(nl_pace_spend(&pace, fixture->store, 9, &err));
    room(fixture, &pace, &count, &not_before, &reason);
    assert_int_equal(count, 1);
    assert_ok(nl_pace_spend(&pace, fixture->store, 1, &err));
    room(fixture, &pace, &count, &not_before, &reason);
    assert_int_equal(count, 0);
    assert_ok(nl_pace_spend(&pace, fixture->store, -4, &err));
    room(fixture, &pace, &count, &not_before, &reason);
    assert_int_equal(count, 4);
}

/* A day without a number ends it, be it the first one. */
static void test_a_warm_up_without_days(void **state) {
    struct fixture *fixture = *state;
    struct nl_config config = {.warm_up = {.since = (char *)"2026-11-30"}};
    struct nl_pace pace = {.config = &config, .issue = true};
    struct nl_pause_reason reason;
    size_t count = 0;
    int64_t not_before = 0;
    fixture->fake.now = NOON;
    room(fixture, &pace, &count, &not_before, &reason);
    assert_int_equal(count, 50);
    assert_null(reason.text);
}

static void test_a_day_ends_at_midnight(void **state) {
    struct fixture *fixture = *state;
    struct nl_config config = {.warm_up = {.since = (char *)"2026-12-31", .days = {10}}};
    struct nl_pace pace = {.config = &config, .issue = true};
    struct nl_pause_reason reason;
    size_t count = 0;
    int64_t not_before = 0;
    setenv("TZ", "UTC", 1);
    for (int64_t hours = -12; hours <= 12; hours += 3) {
        fixture->fake.now = NOON + hours * 3600;
        room(fixture, &pace, &count, &not_before, &reason);
        assert_int_equal(reason.until, NOON + (hours < 12 ? 12 : 36) * 3600);
    }
}

/* Messages belong to a day only while there is a warm-up. */
static void test_messages_of_no_day(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_config config = {.limits = {.per_second = 1}};
    struct nl_pace pace = {.config = &config, .issue = true};
    struct nl_pause_reason reason;
    size_t count = 0;
    int64_t not_before = 0;
    int64_t tried = -1;
    room(fixture, &pace, &count, &not_before, &reason);
    assert_int_equal(count, 1);
    assert_ok(nl_pace_spend(&pace, fixture->store, 1, &err));
    room(fixture, &pace, &count, &not_before, &reason);
    assert_int_equal(count, 0); /* one in a second is a limit, too */
    assert_ok(nl_daily_tried(fixture->store, "", &tried, &err));
    assert_int_equal(tried, 0);
}

static void test_quiet_hours(void **state) {
    struct fixture *fixture = *state;
    struct nl_config config = {
        .quiet = {.hours = (char *)"11:00-13:00", .timezone = (char *)"UTC"}};
    struct nl_pace pace = {.config = &config, .issue = true};
    struct nl_pause_reason reason;
    size_t count = 0;
    int64_t not_before = 0;
    fixture->fake.now = NOON;
    room(fixture, &pace, &count, &not_before, &reason);
    assert_int_equal(count, 0);
    assert_int_equal(reason.until, NOON + 3600);
    fixture->fake.now = NOON + 3600;
    room(fixture, &pace, &count, &not_before, &reason);
    assert_int_equal(count, 50);
    fixture->fake.now = NOON;
    pace.issue = false;
    room(fixture, &pace, &count, &not_before, &reason);
    assert_int_equal(count, 50);
}

static void test_messages_per_second(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_config config = {.limits = {.per_second = 5}};
    struct nl_pace pace = {.config = &config, .issue = true};
    struct nl_pause_reason reason;
    size_t count = 0;
    int64_t not_before = 0;
    room(fixture, &pace, &count, &not_before, &reason);
    assert_int_equal(count, 5);
    assert_ok(nl_pace_spend(&pace, fixture->store, 5, &err));
    room(fixture, &pace, &count, &not_before, &reason);
    assert_int_equal(count, 0);
    assert_int_equal(not_before, fixture->fake.now + 1);
    assert_null(reason.text);
    assert_ok(nl_pace_spend(&pace, fixture->store, -2, &err));
    room(fixture, &pace, &count, &not_before, &reason);
    assert_int_equal(count, 2);
}

static void test_limits_of_domains(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_config config = {0};
    config.limits.domains[0] = (struct nl_domain_limit){.domain = (char *)"*", .connections = 3};
    config.limits.domains[1] =
        (struct nl_domain_limit){.domain = (char *)"example.org", .per_second = 1};
    struct nl_pace pace = {.config = &config, .issue = true};
    const struct nl_domain_limit *limit = nl_pace_limit(&pace, "example.org");
    int64_t first = -1;
    int64_t second = -1;
    assert_ptr_equal(limit, &config.limits.domains[1]);
    assert_ptr_equal(nl_pace_limit(&pace, "other.example"), &config.limits.domains[0]);
    assert_ok(nl_pace_domain(fixture->store, limit, "example.org", &first, &err));
    assert_ok(nl_pace_domain(fixture->store, limit, "example.org", &second, &err));
    assert_true(first <= fixture->fake.now && second == fixture->fake.now + 1);
    assert_ok(nl_pace_domain(fixture->store, &config.limits.domains[0], "x", &first, &err));
    assert_int_equal(first, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_limits, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_warm_up, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_warm_up_without_days, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_day_ends_at_midnight, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_messages_of_no_day, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_quiet_hours, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_messages_per_second, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_limits_of_domains, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
