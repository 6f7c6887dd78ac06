#include "support.h"

#include "smtp/relay_health.h"

/* Two servers with the weights 3 and 1, as the relay would name them. */
static const struct nl_smtp_server servers[] = {{.weight = 3}, {.weight = 1}};

/* The functions below do not look into it. */
static char relay;

static struct nl_relay_health start(void) {
    static struct nl_relay_health health;
    nl_relay_health_free(&health);
    health = (struct nl_relay_health){.relay = (struct nl_relay *)&relay};
    nl_relay_health_grow(&health, 0);
    return health;
}

size_t nl_relay_count(const struct nl_relay *which) {
    (void)which;
    return 2;
}

const struct nl_smtp_server *nl_relay_server(const struct nl_relay *of, size_t which) {
    (void)of;
    return &servers[which];
}

static void test_shares_by_weight(void **state) {
    (void)state;
    struct nl_relay_health health = start();
    int count[2] = {0};
    for (int i = 0; i < 40; i++)
        count[nl_relay_health_pick(&health)]++;
    assert_int_equal(count[0], 30);
    assert_int_equal(count[1], 10);
}

/* The lighter one comes between the others, and not after them. */
static void test_turns_are_spread(void **state) {
    static const size_t turns[] = {0, 0, 1, 0};
    (void)state;
    struct nl_relay_health health = start();
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(nl_relay_health_pick(&health), turns[i % 4]);
}

static void test_only_one_that_is_avoided_is_left(void **state) {
    (void)state;
    struct nl_relay_health health = start();
    nl_relay_health_failed(&health, 0, true);
    for (int i = 0; i < 5; i++)
        nl_relay_health_failed(&health, 1, false);
    for (int i = 0; i < 5; i++)
        assert_int_equal(nl_relay_health_pick(&health), 1);
}

/* Direct delivery finds servers as it goes. */
static void test_room_for_more_servers(void **state) {
    (void)state;
    struct nl_relay_health health = {.relay = (struct nl_relay *)&relay};
    for (size_t which = 0; which < 5 * (size_t)NL_RELAYS; which++) {
        nl_relay_health_grow(&health, which);
        assert_true(health.room > which);
        assert_int_equal(health.servers[which].credit, 0);
        health.servers[which].credit = (int64_t)which + 1;
    }
    size_t room = health.room;
    nl_relay_health_grow(&health, 0);
    assert_int_equal(health.room, room);
    for (size_t which = 0; which < 5 * (size_t)NL_RELAYS; which++)
        assert_int_equal(health.servers[which].credit, which + 1);
    nl_relay_health_free(&health);
}

static void test_five_failures_in_a_row(void **state) {
    (void)state;
    struct nl_relay_health health = start();
    for (int i = 0; i < 4; i++)
        nl_relay_health_failed(&health, 0, false);
    nl_relay_health_worked(&health, 0); /* counted from the beginning again */
    for (int i = 0; i < 4; i++)
        nl_relay_health_failed(&health, 0, false);
    assert_int_equal(health.servers[0].out_until, 0);
    nl_relay_health_failed(&health, 0, false);
    for (int i = 0; i < 10; i++)
        assert_int_equal(nl_relay_health_pick(&health), 1);
    /* When no server is healthy, those that are avoided for a while are tried again. */
    nl_relay_health_failed(&health, 1, true);
    assert_int_equal(nl_relay_health_pick(&health), 0);
    assert_false(nl_relay_health_all_out(&health));
}

static void test_out_for_the_run(void **state) {
    (void)state;
    struct nl_relay_health health = start();
    nl_relay_health_failed(&health, 0, true);
    nl_relay_health_worked(&health, 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(nl_relay_health_pick(&health), 1);
    nl_relay_health_failed(&health, 1, true);
    assert_true(nl_relay_health_all_out(&health));
    assert_int_equal(nl_relay_health_pick(&health), 0); /* any will do */
}

/* An extension is trusted once it has worked. */
static void test_flights(void **state) {
    (void)state;
    struct nl_relay_health health = start();
    struct nl_server_health *server = &health.servers[0];
    server->flights = NL_FLIGHTS_TRYING;
    nl_relay_health_flight_worked(&health, 0, false); /* refused: it says nothing */
    assert_int_equal(server->flights, NL_FLIGHTS_UNTRIED);
    nl_relay_health_flight_worked(&health, 0, true);
    assert_int_equal(server->flights, NL_FLIGHTS_WORK);
    for (int i = 0; i < 4; i++)
        nl_relay_health_flight_lost(&health, 0, false);
    nl_relay_health_flight_worked(&health, 0, false); /* counted from the beginning again */
    for (int i = 0; i < 4; i++)
        nl_relay_health_flight_lost(&health, 0, false);
    assert_int_equal(server->flights, NL_FLIGHTS_WORK);
    nl_relay_health_flight_lost(&health, 0, false);
    assert_int_equal(server->flights, NL_FLIGHTS_FAIL);
    assert_false(server->flights_broken);
    nl_relay_health_flight_worked(&health, 0, true); /* one that was under way */
    assert_int_equal(server->flights, NL_FLIGHTS_FAIL);
    *server = (struct nl_server_health){.flights = NL_FLIGHTS_WORK};
    nl_relay_health_flight_lost(&health, 0, true);
    assert_int_equal(server->flights, NL_FLIGHTS_FAIL);
    assert_true(server->flights_broken);
    *server = (struct nl_server_health){.flights = NL_FLIGHTS_TRYING};
    nl_relay_health_flight_lost(&health, 0, false); /* the first one that was tried */
    assert_int_equal(server->flights, NL_FLIGHTS_FAIL);
    assert_false(server->flights_broken);
}

static void test_pipelining(void **state) {
    (void)state;
    struct nl_relay_health health = start();
    struct nl_server_health *server = &health.servers[0];
    for (int i = 0; i < 3; i++)
        assert_false(nl_relay_health_pipelining_lost(&health, 0, false));
    assert_true(nl_relay_health_pipelining_lost(&health, 0, false));
    assert_int_equal(server->pipelining, NL_PIPELINING_FAILS);
    assert_false(server->pipelining_broken);
    nl_relay_health_pipelining_worked(&health, 0);
    assert_int_equal(server->pipelining, NL_PIPELINING_FAILS);
    *server = (struct nl_server_health){0};
    assert_true(nl_relay_health_pipelining_lost(&health, 0, true));
    assert_true(server->pipelining_broken);
    *server = (struct nl_server_health){.lost_pipelines = 3};
    nl_relay_health_pipelining_worked(&health, 0);
    assert_int_equal(server->lost_pipelines, 0);
    for (int i = 0; i < 10; i++)
        assert_false(nl_relay_health_pipelining_lost(&health, 0, true));
}

/* An envelope with a final dot is tried once. If it has never worked, the first loss is enough. */
static void test_following(void **state) {
    (void)state;
    struct nl_relay_health health = start();
    struct nl_server_health *server = &health.servers[0];
    server->pipelining = NL_PIPELINING_WORKS;
    server->following = NL_FOLLOW_TRYING;
    nl_relay_health_follow_unsent(&health, 0);
    assert_int_equal(server->following, NL_FOLLOW_UNTRIED);
    nl_relay_health_follow_lost(&health, 0, false);
    assert_int_equal(server->following, NL_FOLLOW_FAILS);
    assert_int_equal(server->pipelining, NL_PIPELINING_WORKS);
    nl_relay_health_follow_worked(&health, 0);
    assert_int_equal(server->following, NL_FOLLOW_FAILS);
    nl_relay_health_follow_unsent(&health, 0);
    assert_int_equal(server->following, NL_FOLLOW_FAILS);
    /* No answer at all: what it offers is broken, and the next run knows. */
    server->following = NL_FOLLOW_TRYING;
    nl_relay_health_follow_lost(&health, 0, true);
    assert_int_equal(server->following, NL_FOLLOW_FAILS);
    assert_int_equal(server->pipelining, NL_PIPELINING_FAILS);
    assert_true(server->pipelining_broken);
    /* A message whose final dot the first one went with may have been refused because of it. */
    server->following = NL_FOLLOW_TRYING;
    assert_true(nl_relay_health_follow_refused(&health, 0));
    assert_int_equal(server->following, NL_FOLLOW_FAILS);
    assert_false(nl_relay_health_follow_refused(&health, 0));
    /* Once it has worked, a server may end connections now and then. */
    *server =
        (struct nl_server_health){.following = NL_FOLLOW_TRYING, .pipelining = NL_PIPELINING_WORKS};
    for (int turn = 0; turn < 2; turn++) {
        nl_relay_health_follow_worked(&health, 0);
        for (int i = 0; i < 4; i++)
            nl_relay_health_follow_lost(&health, 0, false);
        assert_int_equal(server->following, NL_FOLLOW_WORKS);
    }
    nl_relay_health_follow_unsent(&health, 0);
    assert_false(nl_relay_health_follow_refused(&health, 0));
    assert_int_equal(server->following, NL_FOLLOW_WORKS);
    nl_relay_health_follow_lost(&health, 0, false);
    assert_int_equal(server->following, NL_FOLLOW_FAILS);
    /* One that does not answer is not sent any more; PIPELINING has worked all the same. */
    nl_relay_health_follow_lost(&health, 0, true);
    assert_false(server->pipelining_broken);
    server->following = NL_FOLLOW_WORKS;
    nl_relay_health_follow_lost(&health, 0, true);
    assert_int_equal(server->following, NL_FOLLOW_FAILS);
    assert_int_equal(server->pipelining, NL_PIPELINING_WORKS);
    assert_false(server->pipelining_broken);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns_are_spread),
        cmocka_unit_test(test_only_one_that_is_avoided_is_left),
        cmocka_unit_test(test_room_for_more_servers),
        cmocka_unit_test(test_shares_by_weight),
        cmocka_unit_test(test_five_failures_in_a_row),
        cmocka_unit_test(test_out_for_the_run),
        cmocka_unit_test(test_flights),
        cmocka_unit_test(test_pipelining),
        cmocka_unit_test(test_following),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
