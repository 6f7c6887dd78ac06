#include "support.h"

#include "newsletter/store/throttle.h"

static int64_t room(struct fixture *fixture, int64_t per_second) {
    struct nl_error err = {0};
    int64_t count = -1;
    assert_ok(nl_throttle_room(fixture->store, "x", per_second, &count, &err));
    return count;
}

static void test_a_second_at_once(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    assert_int_equal(room(fixture, 5), 5);
    fixture->fake.now += 1000; /* time that nobody used is not credit */
    assert_int_equal(room(fixture, 5), 5);
    assert_ok(nl_throttle_spend(fixture->store, "x", 5, 3, &err));
    assert_int_equal(room(fixture, 5), 2);
    assert_ok(nl_throttle_spend(fixture->store, "x", 5, 2, &err));
    assert_int_equal(room(fixture, 5), 0);
    fixture->fake.now++;
    assert_int_equal(room(fixture, 5), 5);
    assert_ok(nl_throttle_spend(fixture->store, "x", 5, 5, &err));
    assert_ok(nl_throttle_spend(fixture->store, "x", 5, -2, &err));
    assert_int_equal(room(fixture, 5), 2);
}

/* Nothing stands still until a clock that was put back has caught up. */
static void test_clock_put_back(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    assert_ok(nl_throttle_spend(fixture->store, "x", 5, 5, &err));
    fixture->fake.now -= 100000;
    assert_int_equal(room(fixture, 5), 5);
    assert_ok(nl_throttle_spend(fixture->store, "x", 5, 5, &err));
    assert_int_equal(room(fixture, 5), 0);
}

/* A process whose clock is ahead has reserved a rate far in the future. As long as there are
 * messages that may have reserved it, the time counts. */
static void test_clock_ahead(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t at = 0;
    int64_t start = fixture->fake.now;
    fixture_send(fixture, 4, 1, "\n");
    fixture->fake.now = start + 3 * 86400;
    assert_ok(nl_throttle_reserve(fixture->store, "x", 1, &at, &err));
    fixture->fake.now = start;
    assert_ok(nl_throttle_reserve(fixture->store, "x", 1, &at, &err));
    assert_true(at <= start + 1);
    fixture_sql(fixture, "UPDATE issue_total SET waiting = 400000");
    fixture->fake.now = start + 3 * 86400;
    assert_ok(nl_throttle_reserve(fixture->store, "x", 1, &at, &err));
    fixture->fake.now = start;
    assert_ok(nl_throttle_reserve(fixture->store, "x", 1, &at, &err));
    assert_true(at >= start + 3 * 86400);
}

static void test_in_the_long_run(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t total = 0;
    for (int second = 0; second < 100; second++, fixture->fake.now++) {
        int64_t count = room(fixture, 7);
        assert_ok(nl_throttle_spend(fixture->store, "x", 7, count, &err));
        total += count;
    }
    assert_in_range(total, 690, 700);
}

static void test_reserved(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t start = fixture->fake.now;
    int64_t last = 0;
    int64_t at_most[20] = {0};
    for (int i = 0; i < 60; i++) {
        int64_t at = 0;
        assert_ok(nl_throttle_reserve(fixture->store, "x", 4, &at, &err));
        assert_true(at >= last);
        last = at;
        at_most[at - start]++;
    }
    assert_int_equal(last, start + 14);
    for (int i = 0; i < 15; i++)
        assert_int_equal(at_most[i], 4);
}

static void test_days(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t tried = -1;
    assert_ok(nl_daily_tried(fixture->store, "2026-12-01", &tried, &err));
    assert_int_equal(tried, 0);
    assert_ok(nl_daily_add(fixture->store, "2026-12-01", 7, &err));
    assert_ok(nl_daily_add(fixture->store, "2026-12-01", -2, &err));
    assert_ok(nl_daily_add(fixture->store, "2026-12-02", 1, &err));
    assert_ok(nl_daily_tried(fixture->store, "2026-12-01", &tried, &err));
    assert_int_equal(tried, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_second_at_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_clock_put_back, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_clock_ahead, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_in_the_long_run, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_reserved, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_days, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
