/* Messages that a span of time allows: each limit, its last second, and a clock that was ahead. */
#include "support.h"

#include "newsletter/store/allowance.h"

/* An answer of nl_allowance_take. */
struct taken {
    int64_t got, until;
};

static struct taken take(struct fixture *fixture, const struct nl_allowance *of, size_t count,
                         int64_t want) {
    struct nl_error err = {0};
    struct taken taken = {-1, -1};
    assert_ok(nl_allowance_take(fixture->store, of, count, want, &taken.got, &taken.until, &err));
    return taken;
}

static void assert_taken(struct fixture *fixture, const struct nl_allowance *of, size_t count,
                         int64_t want, int64_t got, int64_t until) {
    struct taken taken = take(fixture, of, count, want);
    assert_int_equal(taken.got, got);
    assert_int_equal(taken.until, until);
}

static void give_back(struct fixture *fixture, const struct nl_allowance *of, size_t count,
                      int64_t unused) {
    struct nl_error err = {0};
    assert_ok(nl_allowance_return(fixture->store, of, count, unused, &err));
}

static void test_one_span(void **state) {
    struct fixture *fixture = *state;
    const struct nl_allowance hour = {.name = "hour", .limit = 10, .span = 3600};
    assert_taken(fixture, &hour, 1, 4, 4, 0);
    fixture->fake.now += 3599; /* the span began with its first message */
    assert_taken(fixture, &hour, 1, 5, 5, 0);
    assert_taken(fixture, &hour, 1, 5, 1, 0);
    assert_taken(fixture, &hour, 1, 5, 0, 1003600);
    assert_taken(fixture, &hour, 1, 1, 0, 1003600);
    assert_int_equal(fixture_sql(fixture, "SELECT taken FROM allowance"), 10);
    fixture->fake.now += 1;
    assert_taken(fixture, &hour, 1, 12, 10, 0);
    assert_int_equal(fixture_sql(fixture, "SELECT ends_at FROM allowance"), 1007200);
}

/* A day that ends at midnight: a new one is longer than what is left of this one. */
static void test_a_span_with_an_end(void **state) {
    struct fixture *fixture = *state;
    const struct nl_allowance today = {.name = "day", .limit = 3, .span = 86400, .end_at = 1000100};
    const struct nl_allowance tomorrow = {
        .name = "day", .limit = 3, .span = 86400, .end_at = 1086500};
    assert_taken(fixture, &today, 1, 3, 3, 0);
    assert_taken(fixture, &today, 1, 1, 0, 1000100);
    fixture->fake.now = 1000099;
    assert_taken(fixture, &today, 1, 1, 0, 1000100);
    fixture->fake.now = 1000100;
    assert_taken(fixture, &tomorrow, 1, 2, 2, 0);
    assert_int_equal(fixture_sql(fixture, "SELECT ends_at FROM allowance"), 1086500);
}

static void test_the_smallest_of_several(void **state) {
    struct fixture *fixture = *state;
    const struct nl_allowance both[] = {{.name = "hour", .limit = 5, .span = 3600},
                                        {.name = "day", .limit = 7, .span = 86400}};
    assert_taken(fixture, both, 2, 9, 5, 0);
    assert_taken(fixture, both, 2, 1, 0, 1003600);
    fixture->fake.now += 3600;
    assert_taken(fixture, both, 2, 9, 2, 0);
    /* The hour has room, but the day has none. */
    assert_taken(fixture, both, 2, 1, 0, 1086400);
    assert_int_equal(fixture_sql(fixture, "SELECT taken FROM allowance WHERE name = 'hour'"), 2);
    assert_int_equal(fixture_sql(fixture, "SELECT taken FROM allowance WHERE name = 'day'"), 7);
    /* With both used up, the later end counts, in whichever order they are named. */
    fixture_sql(fixture, "UPDATE allowance SET taken = 7");
    const struct nl_allowance turned[] = {both[1], both[0]};
    assert_taken(fixture, both, 2, 1, 0, 1086400);
    assert_taken(fixture, turned, 2, 1, 0, 1086400);
}

/* A limit that was lowered below what is taken gives nothing, and not less. */
static void test_a_lowered_limit(void **state) {
    struct fixture *fixture = *state;
    struct nl_allowance hour = {.name = "hour", .limit = 10, .span = 3600};
    assert_taken(fixture, &hour, 1, 8, 8, 0);
    hour.limit = 6;
    assert_taken(fixture, &hour, 1, 1, 0, 1003600);
    assert_int_equal(fixture_sql(fixture, "SELECT taken FROM allowance"), 8);
}

static void test_a_clock_that_was_ahead(void **state) {
    struct fixture *fixture = *state;
    const struct nl_allowance hour = {.name = "hour", .limit = 1, .span = 3600};
    fixture->fake.now = 1000001;
    assert_taken(fixture, &hour, 1, 1, 1, 0);
    assert_taken(fixture, &hour, 1, 1, 0, 1003601);
    fixture->fake.now = 1000000; /* the span would end a second later than it can */
    assert_taken(fixture, &hour, 1, 1, 1, 0);
    assert_taken(fixture, &hour, 1, 1, 0, 1003600);
}

static void test_giving_back(void **state) {
    struct fixture *fixture = *state;
    const struct nl_allowance both[] = {{.name = "a", .limit = 5, .span = 100},
                                        {.name = "b", .limit = 9, .span = 200}};
    const struct nl_allowance other = {.name = "c", .limit = 5, .span = 200};
    assert_taken(fixture, both, 2, 5, 5, 0);
    assert_taken(fixture, &other, 1, 5, 5, 0);
    give_back(fixture, both, 2, 5);
    assert_int_equal(fixture_sql(fixture, "SELECT taken FROM allowance WHERE name = 'a'"), 0);
    assert_int_equal(fixture_sql(fixture, "SELECT taken FROM allowance WHERE name = 'b'"), 0);
    assert_int_equal(fixture_sql(fixture, "SELECT taken FROM allowance WHERE name = 'c'"), 5);
    give_back(fixture, both, 2, 1); /* never below zero */
    assert_int_equal(fixture_sql(fixture, "SELECT min(taken) FROM allowance"), 0);
    assert_taken(fixture, both, 2, 5, 5, 0);
    fixture->fake.now += 100; /* the span of one of them has ended */
    give_back(fixture, both, 2, 2);
    assert_int_equal(fixture_sql(fixture, "SELECT taken FROM allowance WHERE name = 'a'"), 5);
    assert_int_equal(fixture_sql(fixture, "SELECT taken FROM allowance WHERE name = 'b'"), 3);
}

static void test_forgetting(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    const struct nl_allowance hour = {.name = "hour", .limit = 1, .span = 3600};
    assert_taken(fixture, &hour, 1, 1, 1, 0);
    fixture->fake.now = 1003600 + 86400;
    assert_ok(nl_allowance_forget(fixture->store, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM allowance"), 1);
    fixture->fake.now++;
    assert_ok(nl_allowance_forget(fixture->store, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM allowance"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_span, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_span_with_an_end, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_smallest_of_several, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_lowered_limit, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_clock_that_was_ahead, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_giving_back, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_forgetting, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
