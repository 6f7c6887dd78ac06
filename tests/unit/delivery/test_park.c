#include "support.h"

#include "delivery/direct.h"
#include "delivery/made_transport.h"

#include <search.h>
#include <stdlib.h>

enum { PLACES = 64, LARGE = 50, SMALL = 10, NOW = 5000 /* milliseconds */, REMEMBERED = 20000 };

/* A run whose backlog is full: most of it is for a large destination, the rest for a small one. */
struct crowd {
    struct nl_config config;
    struct nl_relay *relay;
    struct nl_run_plan plan;
    struct nl_direct direct;
    struct nl_destination large, small;
    struct nl_route_to to_large, to_small;
    struct nl_pending items[PLACES];
    struct run run;
};

static int by_address(const void *a, const void *b) {
    return a < b ? -1 : a > b;
}

static void fill(struct crowd *crowd) {
    struct nl_backlog *backlog = &crowd->run.backlog;
    backlog->first = backlog->parking = 0;
    backlog->count = LARGE + SMALL;
    for (size_t i = 0; i < backlog->count; i++)
        crowd->items[i] =
            (struct nl_pending){.job = {.delivery = (int64_t)i + 1},
                                .route = i < LARGE ? &crowd->to_large : &crowd->to_small};
}

static void prepare(struct fixture *fixture, struct crowd *crowd) {
    struct nl_error err = {0};
    made = (struct made){0};
    *crowd = (struct crowd){0};
    crowd->config.server.host = (char *)"relay.example";
    crowd->config.server.weight = 1;
    assert_ok(nl_relay_new(&crowd->config, NULL, &crowd->relay, &err));
    crowd->plan = (struct nl_run_plan){.store = fixture->store, .config = &crowd->config};
    crowd->direct.plan = crowd->plan;
    crowd->direct.now = NOW;
    crowd->large.limit = crowd->small.limit = 1;
    crowd->to_large = (struct nl_route_to){.state = NL_TO_HOSTS, .destination = &crowd->large};
    crowd->to_small = (struct nl_route_to){.state = NL_TO_HOSTS, .destination = &crowd->small};
    crowd->run = (struct run){.plan = &crowd->plan, .direct = &crowd->direct};
    crowd->run.backlog.items = crowd->items;
    crowd->run.backlog.size = PLACES;
    crowd->run.backlog.blocked = true;
    fill(crowd);
    assert_ok(nl_transport_new(crowd->relay, 2, &crowd->run.transport, &err));
    assert_non_null(tsearch(&crowd->large, &crowd->direct.destinations, by_address));
    assert_non_null(tsearch(&crowd->small, &crowd->direct.destinations, by_address));
}

static void keep(void *item) {
    (void)item;
}

static void clean_up(struct crowd *crowd) {
    nl_transport_free(crowd->run.transport);
    tdestroy(crowd->direct.destinations, keep);
    nl_destination_free(&crowd->large);
    nl_destination_free(&crowd->small);
    nl_destination_free(&crowd->direct.relays);
    nl_destination_free(&crowd->direct.unknown);
    nl_relay_free(crowd->relay);
}

/* As the next commit does it. */
static void commit(struct crowd *crowd) {
    nl_backlog_drop_parked(&crowd->run.backlog);
}

/* Half of the places become free; those of the small one, and some of the large one, stay. */
static void test_a_large_destination_makes_room(void **state) {
    struct crowd crowd;
    prepare(*state, &crowd);
    nl_direct_park(&crowd.run);
    assert_int_equal(crowd.run.backlog.parking, 32);
    for (size_t i = LARGE; i < LARGE + SMALL; i++)
        assert_int_equal(crowd.items[i].park_until, 0);
    commit(&crowd);
    assert_int_equal(crowd.run.backlog.count, LARGE + SMALL - 32);
    clean_up(&crowd);
}

/* At the pace of the destination: the first after a share's time, the others later. */
static void test_they_come_back_one_after_the_other(void **state) {
    struct fixture *fixture = *state;
    struct crowd crowd;
    int64_t last = nl_env_now(&fixture->env);
    prepare(fixture, &crowd);
    crowd.large.park_seconds = 10; /* and nothing was taken meanwhile */
    nl_direct_park(&crowd.run);
    for (size_t i = 0; i < LARGE; i++) {
        int64_t until = crowd.items[i].park_until;
        assert_true(until == 0 || until >= last);
        last = until == 0 ? last : until;
    }
    assert_int_equal(crowd.large.park_seconds, 10);
    assert_int_equal(last, nl_env_now(&fixture->env) + 10 * LARGE / (16 + 2));
    clean_up(&crowd);
}

/* A domain whose answer is under way is not a large destination: the answer comes soon. */
static void test_domains_that_are_asked_for_come_back_soon(void **state) {
    struct fixture *fixture = *state;
    struct crowd crowd;
    prepare(fixture, &crowd);
    crowd.to_large.state = NL_TO_ASKING;
    nl_direct_park(&crowd.run);
    assert_int_equal(crowd.run.backlog.parking, 34);
    for (size_t i = 0; i < LARGE; i++)
        assert_int_equal(crowd.items[i].park_until, i < 16 ? 0 : nl_env_now(&fixture->env) + 1);
    assert_int_equal(crowd.large.parked.len + crowd.direct.relays.parked.len, 0);
    clean_up(&crowd);
}

/* Nobody would call them back, so they come back in time by themselves. */
static void test_more_than_are_remembered(void **state) {
    static const int64_t far = INT64_MAX;
    struct fixture *fixture = *state;
    struct crowd crowd;
    prepare(fixture, &crowd);
    for (int64_t i = 0; i < REMEMBERED - 10; i++) {
        nl_buf_add(&crowd.large.parked, &i, sizeof i);
        nl_buf_add(&crowd.large.due, &far, sizeof far);
    }
    crowd.large.park_seconds = 10;
    nl_direct_park(&crowd.run);
    assert_int_equal(crowd.large.parked.len, REMEMBERED * sizeof(int64_t));
    assert_int_equal(crowd.items[LARGE - 1].park_until, nl_env_now(&fixture->env) + 10);
    commit(&crowd);
    fill(&crowd);
    crowd.direct.now += 1000;
    crowd.large.recalled = 100; /* which makes room for others */
    nl_direct_park(&crowd.run);
    assert_int_equal(crowd.large.parked.len, (REMEMBERED - 100 + 32) * sizeof(int64_t));
    assert_true(crowd.items[LARGE - 1].park_until > nl_env_now(&fixture->env) + 10);
    clean_up(&crowd);
}

/* As long as that brings nothing that can go out, it happens more and more seldom. */
static void test_what_does_not_help_becomes_seldom(void **state) {
    static const int64_t waits[] = {200, 400, 800, 1600, 1600};
    struct crowd crowd;
    prepare(*state, &crowd);
    nl_direct_park(&crowd.run);
    for_each_row (i, waits, NULL) {
        fill(&crowd);
        crowd.direct.now += waits[i] - 1;
        nl_direct_park(&crowd.run);
        assert_int_equal(crowd.run.backlog.parking, 0);
        crowd.direct.now++;
        nl_direct_park(&crowd.run);
        assert_int_equal(crowd.run.backlog.parking, 32);
    }
    /* A connection has nothing to do, and as many as were put off could go out. */
    fill(&crowd);
    assert_true(nl_transport_connect(crowd.run.transport));
    crowd.direct.gained += 31;
    nl_direct_park(&crowd.run);
    assert_int_equal(crowd.run.backlog.parking, 0);
    crowd.direct.gained++;
    nl_direct_park(&crowd.run);
    assert_int_equal(crowd.run.backlog.parking, 32);
    clean_up(&crowd);
}

/* A run does not end, nor sleep, while deliveries that it has put off could go out. */
static void test_a_run_does_not_end_before_they_are_back(void **state) {
    struct crowd crowd;
    prepare(*state, &crowd);
    nl_direct_park(&crowd.run);
    commit(&crowd);
    crowd.run.backlog.count = 0;
    crowd.run.backlog.drained = true; /* the others are due too late to stay for */
    crowd.direct.pass++;
    crowd.direct.look_at = NOW + 1; /* it has just looked */
    nl_direct_look_for_parked(&crowd.run);
    assert_false(crowd.run.backlog.drained);
    assert_true(crowd.direct.recalls);
    clean_up(&crowd);
}

static void test_a_run_looks_again_in_time(void **state) {
    struct crowd crowd;
    prepare(*state, &crowd);
    nl_direct_park(&crowd.run);
    commit(&crowd);
    crowd.direct.pass++;
    crowd.direct.look_at = NOW + 1;
    nl_direct_look_for_parked(&crowd.run);
    assert_false(crowd.direct.recalls);
    assert_int_equal(nl_direct_wait(&crowd.run, 1000), 20);
    assert_int_equal(nl_direct_wait(&crowd.run, 5), 5);
    crowd.direct.now++;
    nl_direct_look_for_parked(&crowd.run);
    assert_true(crowd.direct.recalls);
    assert_int_equal(nl_direct_wait(&crowd.run, 1000), 1000);
    clean_up(&crowd);
}

/* Nobody asks the database to call back those whose time has passed, but a lease finds them, also
 * where the last one has found nothing. */
static void test_those_that_are_back_are_leased(void **state) {
    struct fixture *fixture = *state;
    struct crowd crowd;
    prepare(fixture, &crowd);
    nl_direct_park(&crowd.run);
    commit(&crowd);
    crowd.direct.pass++;
    crowd.run.backlog.count = 0;
    crowd.run.backlog.drained = true;
    crowd.run.backlog.not_before = INT64_MAX;
    fixture->fake.now += NL_LONGEST_PARK;
    nl_direct_look_for_parked(&crowd.run);
    assert_false(crowd.direct.recalls);
    assert_int_equal(crowd.large.recalled, 32);
    assert_false(crowd.run.backlog.drained);
    assert_int_equal(crowd.run.backlog.not_before, 0);
    clean_up(&crowd);
}

/* A commit that fails calls nobody back; the next one does. At the end of a run all are due. */
static void test_called_back_with_the_commit(void **state) {
    struct crowd crowd;
    struct nl_error err = {0};
    prepare(*state, &crowd);
    crowd.run.err = &err;
    nl_direct_park(&crowd.run);
    commit(&crowd);
    crowd.direct.pass++;
    nl_direct_look_for_parked(&crowd.run);
    for (int i = 0; i < 2; i++) {
        assert_ok(nl_direct_recall(&crowd.run));
        assert_int_equal(crowd.large.recalled, 0);
        assert_int_equal(crowd.large.recalling, PLACES / 4);
    }
    nl_direct_recalled(&crowd.run);
    assert_int_equal(crowd.large.recalled, PLACES / 4);
    assert_int_equal(crowd.large.recalling, 0);
    nl_direct_recalled(&crowd.run);
    assert_int_equal(crowd.large.recalled, PLACES / 4);
    clean_up(&crowd);
}

static void test_a_run_that_ends_lets_them_go(void **state) {
    struct fixture *fixture = *state;
    struct crowd crowd;
    int64_t issue = fixture_send(fixture, 4, 1, "\nSubject: One\r\n\r\nHello.\r\n");
    int64_t later = nl_env_now(&fixture->env) + 200;
    prepare(fixture, &crowd);
    fixture_sql(fixture, "UPDATE delivery SET state = 'deferred', next_attempt_at = 5000000000, "
                         "paced_at = 5000000000 WHERE id <= 3");
    for (int64_t id = 1; id <= 2; id++) {
        nl_buf_add(&crowd.large.parked, &id, sizeof id);
        nl_buf_add(&crowd.large.due, &later, sizeof later);
    }
    crowd.large.recalled = 1;
    nl_direct_let_go(&crowd.run);
    assert_true(issue > 0);
    assert_int_equal(fixture_sql(fixture, "SELECT sum(id) FROM delivery WHERE state = 'deferred' "
                                          "AND next_attempt_at < 5000000000"),
                     2);
    clean_up(&crowd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    static const struct CMUnitTest tests[] = {
        TEST(test_a_large_destination_makes_room),
        TEST(test_they_come_back_one_after_the_other),
        TEST(test_domains_that_are_asked_for_come_back_soon),
        TEST(test_more_than_are_remembered),
        TEST(test_what_does_not_help_becomes_seldom),
        TEST(test_a_run_does_not_end_before_they_are_back),
        TEST(test_a_run_looks_again_in_time),
        TEST(test_those_that_are_back_are_leased),
        TEST(test_called_back_with_the_commit),
        TEST(test_a_run_that_ends_lets_them_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
