/* How much a provider takes from each address of ours: in a minute, in an hour, and while an
 * address is new. */
#include "support.h"

#include "delivery/direct.h"

#include <stdlib.h>

static const char host[] = "mx.google.com";

enum { NOON = 1000000 - 1000000 % 86400 + 43200 };

struct office {
    struct nl_config config;
    struct nl_direct direct;
    struct nl_place *place;
};

static void open_office(struct fixture *fixture, struct office *office, int64_t per_minute,
                        int64_t per_hour) {
    setenv("TZ", "UTC", 1);
    fixture->fake.now = NOON;
    office->config.direct.providers[0] = (struct nl_provider_limit){
        .name = (char *)"google", .per_minute = per_minute, .per_hour = per_hour};
    office->direct.plan = (struct nl_run_plan){.store = fixture->store, .config = &office->config};
    office->direct.sources.items = office->config.direct.sources;
    office->place = nl_direct_place(&office->direct, host, "google");
    assert_non_null(office->place);
}

/* Begins as many messages as may begin now. */
static int64_t begin_all(struct office *office, size_t source, int64_t most) {
    int64_t begun = 0;
    int64_t until = 0;
    bool warms_up = false;
    while (begun < most &&
           nl_direct_may_begin(&office->direct, office->place, source, &until, &warms_up)) {
        nl_direct_begins(&office->direct, office->place, source);
        begun++;
    }
    return begun;
}

static void assert_waits(struct office *office, size_t source, int64_t expected, bool warms_up) {
    int64_t until = 0;
    bool found = !warms_up;
    assert_false(nl_direct_may_begin(&office->direct, office->place, source, &until, &found));
    assert_int_equal(until, expected);
    assert_int_equal(found, warms_up);
}

static void test_a_minute_and_an_hour(void **state) {
    struct fixture *fixture = *state;
    struct office office = {0};
    open_office(fixture, &office, 40, 100);
    assert_int_equal(begin_all(&office, 0, 1000), 40);
    assert_waits(&office, 0, NOON + 60, false);
    fixture->fake.now = NOON + 59;
    assert_waits(&office, 0, NOON + 60, false);
    fixture->fake.now = NOON + 60;
    assert_int_equal(begin_all(&office, 0, 1000), 40);
    fixture->fake.now = NOON + 120;
    assert_int_equal(begin_all(&office, 0, 1000), 20); /* of the hour's */
    assert_waits(&office, 0, NOON + 3600, false);
    fixture->fake.now = NOON + 3600;
    assert_int_equal(begin_all(&office, 0, 1000), 40);
    nl_direct_close_places(&office.direct);
}

/* The messages that were taken from the database and not sent are given back at the end. */
static void test_the_rest_is_given_back(void **state) {
    struct fixture *fixture = *state;
    struct office office = {0};
    open_office(fixture, &office, 100, 200);
    assert_int_equal(begin_all(&office, 0, 7), 7);
    assert_int_equal(office.place->sources[0].left, 3); /* ten at a time: the hour's twentieth */
    assert_int_equal(fixture_sql(fixture, "SELECT min(taken) FROM allowance"), 10);
    nl_direct_close_places(&office.direct);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM allowance WHERE taken = 7"), 2);
    open_office(fixture, &office, 100, 200);
    assert_int_equal(begin_all(&office, 0, 1000), 93);
    nl_direct_close_places(&office.direct);
}

/* The batch: a twentieth of the smallest span, one at least, and fifty at most. */
static void test_how_many_are_taken_at_a_time(void **state) {
    static const struct {
        int64_t per_minute, per_hour, batch;
    } rows[] = {{19, 100000, 1}, {20, 100000, 1},    {40, 100000, 2},    {400, 100000, 20},
                {400, 200, 10},  {1000, 100000, 50}, {1019, 100000, 50}, {5000, 100000, 50}};
    struct fixture *fixture = *state;
    for_each_row (i, rows, NULL) {
        struct office office = {0};
        open_office(fixture, &office, rows[i].per_minute, rows[i].per_hour);
        assert_int_equal(begin_all(&office, 0, 1), 1);
        assert_int_equal(office.place->sources[0].left, rows[i].batch - 1);
        nl_direct_close_places(&office.direct);
        fixture_sql(fixture, "DELETE FROM allowance");
    }
}

/* Without limits everything may begin, and nothing is counted. */
static void test_no_limits(void **state) {
    struct fixture *fixture = *state;
    struct office office = {0};
    setenv("TZ", "UTC", 1);
    office.direct.plan = (struct nl_run_plan){.store = fixture->store, .config = &office.config};
    office.place = nl_direct_place(&office.direct, "mx.example.org", "mx.example.org");
    assert_int_equal(begin_all(&office, 0, 5000), 5000);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM allowance"), 0);
    assert_ptr_equal(nl_direct_place(&office.direct, "mx.example.org", "mx.example.org"),
                     office.place);
    assert_ptr_not_equal(nl_direct_place(&office.direct, "mx.example.org", "another"),
                         office.place);
    nl_direct_close_places(&office.direct);
    assert_null(office.direct.places);
}

static void add_source(struct office *office, const char *address, const char *since) {
    size_t at = office->direct.sources.count++;
    office->config.direct.sources[at] =
        (struct nl_source){.address = (char *)address, .weight = 1, .since = (char *)since};
}

/* Each address has its own. */
static void test_two_addresses(void **state) {
    struct fixture *fixture = *state;
    struct office office = {0};
    add_source(&office, "192.0.2.1", NULL);
    add_source(&office, "192.0.2.2", NULL);
    open_office(fixture, &office, 40, 1000);
    assert_int_equal(begin_all(&office, 0, 1000), 40);
    assert_int_equal(begin_all(&office, 1, 1000), 40);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM allowance WHERE name = 'minute "
                                          "192.0.2.2 google' AND taken = 40"),
                     1);
    nl_direct_close_places(&office.direct);
}

/* A new address warms up: so many on each day of ours, none before its first day, and as many as
 * ever after the plan. 1970-01-12 is the day. */
static void test_warming_up(void **state) {
    static const struct {
        const char *since;
        int64_t begun;
        bool waits;
    } rows[] = {
        {"1970-01-12", 3, true}, {"1970-01-11", 5, true},     {"1970-01-10", 1000, false},
        {"1970-01-13", 0, true}, {"1969-01-13", 1000, false},
    };
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].since) {
        struct office office = {0};
        office.config.direct.warm_up[0] =
            (struct nl_warm_up_plan){.provider = (char *)"google", .days = {3, 5}};
        add_source(&office, "192.0.2.1", rows[i].since);
        open_office(fixture, &office, 100000, 100000);
        assert_int_equal(begin_all(&office, 0, 1000), rows[i].begun);
        if (rows[i].waits)
            assert_waits(&office, 0, NOON + 43200, true); /* midnight */
        nl_direct_close_places(&office.direct);
        fixture_sql(fixture, "DELETE FROM allowance");
    }
}

/* The minute's limit is what it waits for, while the day's still has some. */
static void test_a_rate_within_a_warm_up(void **state) {
    struct fixture *fixture = *state;
    struct office office = {0};
    office.config.direct.warm_up[0] =
        (struct nl_warm_up_plan){.provider = (char *)"google", .days = {30}};
    add_source(&office, "192.0.2.1", "1970-01-12");
    open_office(fixture, &office, 20, 1000);
    assert_int_equal(begin_all(&office, 0, 1000), 20);
    assert_waits(&office, 0, NOON + 60, false);
    fixture->fake.now = NOON + 60;
    assert_int_equal(begin_all(&office, 0, 1000), 10);
    assert_waits(&office, 0, NOON + 43200, true);
    nl_direct_close_places(&office.direct);
}

/* Deliveries that wait come back a minute's worth at a time, of all addresses together. */
static void test_turns(void **state) {
    struct fixture *fixture = *state;
    struct office office = {0};
    add_source(&office, "192.0.2.1", NULL);
    add_source(&office, "192.0.2.2", NULL);
    open_office(fixture, &office, 2, 1000);
    for (int64_t i = 0; i < 9; i++)
        assert_int_equal(nl_direct_turn(&office.direct, office.place, NOON), NOON + i / 4 * 60);
    nl_direct_close_places(&office.direct);
}

/* Before an address's first day none may begin: they come back one at a time. */
static void test_turns_of_an_address_that_has_not_begun(void **state) {
    struct fixture *fixture = *state;
    struct office office = {0};
    office.config.direct.warm_up[0] =
        (struct nl_warm_up_plan){.provider = (char *)"google", .days = {3}};
    add_source(&office, "192.0.2.1", "1970-01-13");
    open_office(fixture, &office, 20, 1000);
    for (int64_t i = 0; i < 3; i++)
        assert_int_equal(nl_direct_turn(&office.direct, office.place, NOON), NOON + i * 60);
    nl_direct_close_places(&office.direct);
}

static void test_one_limit_alone(void **state) {
    static const struct {
        int64_t per_minute, per_hour, wait;
    } rows[] = {{40, 0, 60}, {0, 40, 3600}};
    struct fixture *fixture = *state;
    for_each_row (i, rows, NULL) {
        struct office office = {0};
        open_office(fixture, &office, rows[i].per_minute, rows[i].per_hour);
        office.config.direct.providers[0].name = (char *)"other"; /* of its own it has no limits */
        office.place = nl_direct_place(&office.direct, "mx.example.org", "mx.example.org");
        assert_int_equal(begin_all(&office, 0, 1000), 40);
        assert_waits(&office, 0, NOON + rows[i].wait, false);
        fixture->fake.now = NOON + rows[i].wait;
        assert_int_equal(begin_all(&office, 0, 1000), 40);
        nl_direct_close_places(&office.direct);
        fixture_sql(fixture, "DELETE FROM allowance");
    }
}

/* One that was chosen while there was some left begins when there is none: others may later. */
static void test_one_more_than_there_is(void **state) {
    struct fixture *fixture = *state;
    struct office office = {0};
    open_office(fixture, &office, 40, 1000);
    assert_int_equal(begin_all(&office, 0, 1000), 40);
    nl_direct_begins(&office.direct, office.place, 0);
    assert_waits(&office, 0, NOON + 60, false);
    fixture->fake.now = NOON + 60;
    assert_int_equal(begin_all(&office, 0, 1000), 40);
    nl_direct_close_places(&office.direct);
}

/* Nothing begins, and the database is asked again soon. */
static void test_a_database_that_does_not_answer(void **state) {
    struct fixture *fixture = *state;
    struct office office = {0};
    open_office(fixture, &office, 40, 1000);
    fixture_sql(fixture, "ALTER TABLE allowance RENAME TO away");
    assert_int_equal(begin_all(&office, 0, 1000), 0);
    assert_waits(&office, 0, NOON + 5, false);
    fixture_sql(fixture, "ALTER TABLE away RENAME TO allowance");
    assert_int_equal(begin_all(&office, 0, 1000), 0);
    fixture->fake.now = NOON + 5;
    assert_int_equal(begin_all(&office, 0, 1000), 40);
    nl_direct_close_places(&office.direct);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_turns_of_an_address_that_has_not_begun, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_one_limit_alone, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_one_more_than_there_is, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_database_that_does_not_answer, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_minute_and_an_hour, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_rest_is_given_back, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_how_many_are_taken_at_a_time, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_no_limits, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_two_addresses, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_warming_up, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_rate_within_a_warm_up, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_turns, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
