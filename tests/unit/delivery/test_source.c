/* Addresses of ours: which one a connection gets, by weight, and how long one that was refused is
 * left alone. */
#include "support.h"

#include "delivery/direct.h"

#include <stdio.h>
#include <stdlib.h>

enum { HOUR = 3600 };

/* Two addresses of each family, and one that this machine has not. */
struct office {
    struct nl_config config;
    struct nl_direct direct;
    struct nl_destination destination;
};

static const char *const addresses[] = {"127.0.0.1", "127.0.0.2", "::1", "2001:db8::2",
                                        "192.0.2.9"};
static const int64_t weights[] = {1, 3, 1, 1, 100};

enum { OURS = sizeof addresses / sizeof addresses[0], ABSENT = OURS - 1 };

static void open_office(struct fixture *fixture, struct office *office) {
    *office = (struct office){.destination = {.place = "gmail", .count = 2}};
    for (size_t i = 0; i < OURS; i++)
        office->config.direct.sources[i] =
            (struct nl_source){.address = (char *)addresses[i], .weight = weights[i]};
    office->direct.plan = (struct nl_run_plan){.store = fixture->store, .config = &office->config};
    office->destination.families[1] = NL_FAMILY_SIX | NL_FAMILY_FOUR;
    nl_direct_open_sources(&office->direct);
    assert_int_equal(office->direct.sources.count, OURS);
    assert_false(office->direct.sources.missing[0]);
    assert_true(office->direct.sources.missing[ABSENT]);
    for (size_t i = 0; i < ABSENT; i++)
        office->direct.sources.missing[i] = false; /* there may be no IPv6 here */
}

static const struct nl_source *source(const struct office *office, size_t which) {
    return &office->config.direct.sources[which];
}

/* Demands a choice at a number below one, as "127.0.0.1 ::1". */
static void assert_chosen(struct fixture *fixture, const struct office *office, double fraction,
                          const char *expected) {
    struct nl_transport_from from = {0};
    char text[128];
    fixture->fake.random = (uint64_t)(fraction * 4294967296.0) - 1;
    assert_true(nl_direct_choose_source(&office->direct, &office->destination, &from));
    snprintf(text, sizeof text, "%s %s", from.four != NULL ? from.four->address : "-",
             from.six != NULL ? from.six->address : "-");
    assert_string_equal(text, expected);
}

static void test_the_choice_goes_by_weight(void **state) {
    static const struct {
        double fraction;
        const char *chosen;
    } rows[] = {
        {0.01, "127.0.0.1 ::1"}, {0.24, "127.0.0.1 ::1"},         {0.26, "127.0.0.2 ::1"},
        {0.49, "127.0.0.2 ::1"}, {0.51, "127.0.0.2 2001:db8::2"}, {0.99, "127.0.0.2 2001:db8::2"},
    };
    struct office office;
    open_office(*state, &office);
    for_each_row (i, rows, rows[i].chosen)
        assert_chosen(*state, &office, rows[i].fraction, rows[i].chosen);
    nl_direct_close_sources(&office.direct);
}

static void refuse(struct office *office, size_t which) {
    const struct nl_result said = {.code = 550, .status = "5.7.1", .text = "no\xc3\xa4\x7f~"};
    nl_direct_pause_source(&office->direct, &office->destination, source(office, which), &said);
}

static bool is_paused(const struct office *office, size_t which) {
    return nl_direct_source_is_paused(&office->direct, &office->destination, source(office, which));
}

static void test_a_refused_address_is_left_alone(void **state) {
    struct fixture *fixture = *state;
    struct office office;
    open_office(fixture, &office);
    assert_true(nl_direct_has_source(&office.direct, &office.destination));
    assert_int_equal(office.destination.usable, NL_FAMILY_SIX | NL_FAMILY_FOUR);
    refuse(&office, 1);
    assert_true(is_paused(&office, 1));
    assert_false(is_paused(&office, 0));
    assert_int_equal(office.direct.sources.pause_count, 1);
    assert_string_equal(office.direct.sources.pauses[0].reason, "550 5.7.1 no???~");
    assert_chosen(fixture, &office, 0.99, "127.0.0.1 2001:db8::2");
    assert_true(nl_direct_source_may_send(&office.direct, &office.destination, NULL));
    assert_true(nl_direct_source_may_send(&office.direct, &office.destination, source(&office, 0)));
    assert_false(
        nl_direct_source_may_send(&office.direct, &office.destination, source(&office, 1)));
    /* elsewhere it is as good as ever */
    const struct nl_destination other = {.place = "yahoo"};
    assert_false(nl_direct_source_is_paused(&office.direct, &other, source(&office, 1)));
    refuse(&office, 0);
    assert_chosen(fixture, &office, 0.99, "- 2001:db8::2");
    assert_true(nl_direct_has_source(&office.direct, &office.destination));
    assert_int_equal(office.destination.usable, NL_FAMILY_SIX);
    office.destination.families[1] = NL_FAMILY_FOUR;
    assert_false(nl_direct_has_source(&office.direct, &office.destination));
    assert_int_equal(office.destination.sources_until, 1000000 + HOUR);
    assert_int_equal(office.destination.sources_wait, NL_WAIT_PAUSED);
    nl_direct_close_sources(&office.direct);
}

/* An hour, then twice as long each time, a day at most; refusals within it count once. */
static void test_how_long_it_is_left_alone(void **state) {
    static const int64_t hours[] = {1, 2, 4, 8, 16, 24, 24};
    struct fixture *fixture = *state;
    struct office office;
    open_office(fixture, &office);
    for_each_row (i, hours, NULL) {
        int64_t length = hours[i] * HOUR;
        refuse(&office, 0);
        assert_int_equal(office.direct.sources.pauses[0].times, i + 1);
        assert_int_equal(office.direct.sources.pauses[0].until, fixture->fake.now + length);
        fixture->fake.now += length - 1;
        assert_true(is_paused(&office, 0));
        refuse(&office, 0); /* told on another connection */
        assert_int_equal(office.direct.sources.pauses[0].times, i + 1);
        nl_direct_source_works(&office.direct, &office.destination, source(&office, 0));
        assert_int_equal(office.direct.sources.pause_count, 1); /* by a message of before */
        fixture->fake.now += 1;
        assert_false(is_paused(&office, 0));
    }
    nl_direct_source_works(&office.direct, &office.destination, source(&office, 1));
    assert_int_equal(office.direct.sources.pause_count, 1);
    nl_direct_source_works(&office.direct, &office.destination, source(&office, 0));
    assert_int_equal(office.direct.sources.pause_count, 0);
    refuse(&office, 0);
    assert_int_equal(office.direct.sources.pauses[0].times, 1);
    nl_direct_close_sources(&office.direct);
}

/* Pauses that another process has learnt of are read every ten seconds; what is usable is found
 * every second, or when they have changed. */
static void test_what_others_have_learnt(void **state) {
    static const struct nl_source_pause pause = {
        .address = "127.0.0.1", .place = "gmail", .until = 2000000, .times = 1, .reason = "x"};
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct office office;
    open_office(fixture, &office);
    office.destination.families[1] = NL_FAMILY_FOUR;
    office.direct.sources.missing[1] = true;
    assert_true(nl_direct_has_source(&office.direct, &office.destination));
    assert_ok(nl_source_pause_write(fixture->store, &pause, &err));
    office.direct.now = 9999;
    nl_direct_step_sources(&office.direct);
    assert_int_equal(office.direct.sources.pause_count, 0);
    office.direct.now = 10000;
    nl_direct_step_sources(&office.direct);
    assert_int_equal(office.direct.sources.pause_count, 1);
    assert_false(nl_direct_has_source(&office.direct, &office.destination));
    /* its end is seen within a second */
    fixture->fake.now = 2000000;
    office.direct.now = 10999;
    assert_false(nl_direct_has_source(&office.direct, &office.destination));
    office.direct.now = 11000;
    assert_true(nl_direct_has_source(&office.direct, &office.destination));
    nl_direct_close_sources(&office.direct);
}

/* Without addresses in the configuration the kernel chooses, and nothing is missing. */
static void test_the_kernel_chooses(void **state) {
    struct fixture *fixture = *state;
    struct nl_config config = {0};
    struct nl_transport_from from = {0};
    struct nl_destination destination = {
        .place = "gmail", .count = 1, .families = {NL_FAMILY_FOUR}};
    struct nl_direct direct = {.plan = {.store = fixture->store, .config = &config}};
    nl_direct_open_sources(&direct);
    assert_int_equal(direct.sources.count, 0);
    assert_false(nl_direct_choose_source(&direct, &destination, &from));
    assert_true(nl_direct_has_source(&direct, &destination));
    assert_int_equal(destination.usable, NL_FAMILY_SIX | NL_FAMILY_FOUR);
    assert_int_equal(nl_direct_source_number(&direct, NULL), 0);
    nl_direct_close_sources(&direct);
}

/* A provider's limits hold all the same. */
static void test_the_kernel_chooses_within_limits(void **state) {
    struct fixture *fixture = *state;
    struct nl_config config = {.direct.providers = {{.name = (char *)"google", .per_minute = 1}}};
    struct nl_destination destination = {
        .place = "google", .count = 1, .families = {NL_FAMILY_FOUR}};
    struct nl_direct direct = {.plan = {.store = fixture->store, .config = &config}};
    nl_direct_open_sources(&direct);
    destination.limits = nl_direct_place(&direct, "mx.google.com", "google");
    assert_non_null(destination.limits);
    assert_true(nl_direct_has_source(&direct, &destination));
    assert_true(nl_direct_source_may_send(&direct, &destination, NULL));
    nl_direct_begins(&direct, destination.limits, 0);
    assert_false(nl_direct_source_may_send(&direct, &destination, NULL));
    direct.now = 1000;
    assert_false(nl_direct_has_source(&direct, &destination));
    assert_int_equal(destination.usable, 0);
    assert_int_equal(destination.sources_wait, NL_WAIT_RATE);
    assert_int_equal(destination.sources_until, fixture->fake.now + 60);
    nl_direct_close_places(&direct);
    nl_direct_close_sources(&direct);
}

/* A single address of ours also learns what others have. */
static void test_a_single_address(void **state) {
    static const struct nl_source_pause pause = {
        .address = "127.0.0.1", .place = "gmail", .until = 2000000, .times = 1, .reason = "x"};
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_config config = {.direct.sources = {{.address = (char *)"127.0.0.1", .weight = 1}}};
    struct nl_destination destination = {
        .place = "gmail", .count = 1, .families = {NL_FAMILY_FOUR}};
    struct nl_direct direct = {.plan = {.store = fixture->store, .config = &config}};
    nl_direct_open_sources(&direct);
    assert_true(nl_direct_has_source(&direct, &destination));
    assert_ok(nl_source_pause_write(fixture->store, &pause, &err));
    direct.now = 10000;
    nl_direct_step_sources(&direct);
    assert_false(nl_direct_has_source(&direct, &destination));
    assert_int_equal(destination.sources_wait, NL_WAIT_PAUSED);
    nl_direct_close_sources(&direct);
}

/* ---- pauses, as they are read ---- */

static void test_refused_everywhere(void **state) {
    static const struct nl_source_pause pauses[] = {
        {.address = "192.0.2.1", .place = "a", .until = 100},
        {.address = "192.0.2.1", .place = "b", .until = 300},
        {.address = "192.0.2.2", .place = "a", .until = 900},
        {.address = "192.0.2.1", .place = "c", .until = 200},
        {.address = "192.0.2.4", .place = "a", .until = NL_SOURCE_WORKS + 90, .worked_at = 50},
        {.address = "192.0.2.4", .place = "b", .until = NL_SOURCE_WORKS + 90, .worked_at = 50},
        {.address = "192.0.2.4", .place = "c", .until = NL_SOURCE_WORKS + 90, .worked_at = 50},
    };
    static const struct {
        const char *address, *place;
        int64_t now;
        bool paused;
        int64_t until;
    } rows[] = {
        /* in three places: everywhere, until the latest of them ends */
        {"192.0.2.1", "a", 99, true, 300},
        {"192.0.2.1", "z", 99, true, 300},
        /* in two: there alone */
        {"192.0.2.1", "a", 100, false, 0},
        {"192.0.2.1", "b", 100, true, 300},
        {"192.0.2.1", "c", 199, true, 200},
        {"192.0.2.1", "c", 200, false, 0},
        {"192.0.2.2", "a", 99, true, 900},
        {"192.0.2.2", "b", 99, false, 0},
        {"192.0.2.3", "a", 99, false, 0},
        /* in three, but it was accepted, until that is too long ago */
        {"192.0.2.4", "z", NL_SOURCE_WORKS + 49, false, 0},
        {"192.0.2.4", "a", NL_SOURCE_WORKS + 49, true, NL_SOURCE_WORKS + 90},
        {"192.0.2.4", "z", NL_SOURCE_WORKS + 50, true, NL_SOURCE_WORKS + 90},
    };
    (void)state;
    for_each_row (i, rows, rows[i].place) {
        int64_t until = -1;
        assert_int_equal(nl_source_is_paused(pauses, sizeof pauses / sizeof pauses[0],
                                             rows[i].address, rows[i].place, rows[i].now, &until),
                         rows[i].paused);
        assert_int_equal(until, rows[i].until);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_choice_goes_by_weight, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_refused_address_is_left_alone, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_how_long_it_is_left_alone, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_others_have_learnt, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_kernel_chooses, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_kernel_chooses_within_limits, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_single_address, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_refused_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
