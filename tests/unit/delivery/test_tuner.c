#include "support.h"

#include "delivery/tuner.h"

#include <stdlib.h>

/* Made servers: messages per second with so many under way, by a clock that the test moves. */

enum { SECOND = 1000000, TICK = 5000 };

struct server {
    const char *name;
    double (*rate)(double under_way, double seconds);
    size_t refuses_beyond; /* connections; 0: none */
    size_t limits_beyond;  /* messages under way, with 421; 0: none */
    size_t connections, window;
    int64_t round_trip;
    double opening; /* seconds until a connection is open */
    double seconds; /* how long it is sent to */
    double share;   /* of what the best fixed number would have sent */
    enum nl_held_back held_back;
    size_t most; /* connections that are open after half of the time */
};

/* As Postfix 3.7 was measured, with its disk and ours on one machine. */
static double postfix(double under_way, double seconds) {
    static const double at[] = {1, 5, 10, 20, 50, 100};
    static const double rate[] = {277, 384, 385, 335, 282, 203};
    (void)seconds;
    size_t i = 1;
    while (i < 5 && at[i] < under_way)
        i++;
    double part = (under_way - at[i - 1]) / (at[i] - at[i - 1]);
    return rate[i - 1] + (rate[i] - rate[i - 1]) * (part > 1 ? 1 : part);
}

/* With files in memory: as fast with 4 as with 100, and a process is started for each connection.
 */
static double busy_postfix(double under_way, double seconds) {
    (void)seconds;
    return under_way < 4 ? 250 * under_way : 1000;
}

static double far_away(double under_way, double seconds) {
    (void)seconds;
    return under_way / 0.1;
}

static double sink(double under_way, double seconds) {
    (void)seconds;
    return 9000 * under_way / (under_way + 3);
}

static double one_at_a_time(double under_way, double seconds) {
    (void)under_way;
    (void)seconds;
    return 50;
}

static double far_and_narrow(double under_way, double seconds) {
    (void)seconds;
    return under_way / 0.1 < 300 ? under_way / 0.1 : 300;
}

/* Others begin to use it, and leave again. */
static double busy_later(double under_way, double seconds) {
    double most = seconds > 40 && seconds < 80 ? 60 : 600;
    return under_way / 0.05 < most ? under_way / 0.05 : most;
}

static const struct server servers[] = {
    {"Postfix", postfix, 0, 0, 100, 1, 100, 0, 10, 0.95, NL_HELD_BACK_RELAY, 16},
    {"far away", far_away, 0, 0, 100, 1, 0, 0.25, 20, 0.95, NL_HELD_BACK_LIMIT, 100},
    {"far away, by its round trip", far_away, 0, 0, 100, 1, 50000, 0.25, 20, 0.95,
     NL_HELD_BACK_LIMIT, 100},
    {"far away, with a window", far_away, 0, 0, 20, 8, 50000, 0.25, 20, 0.95, NL_HELD_BACK_LIMIT,
     20},
    {"on this machine", sink, 0, 0, 100, 1, 50, 0, 10, 0.95, NL_HELD_BACK_RELAY, 100},
    {"one message at a time", one_at_a_time, 0, 0, 100, 1, 100, 0, 20, 0.95, NL_HELD_BACK_RELAY,
     16},
    {"far and narrow", far_and_narrow, 0, 0, 100, 1, 50000, 0.25, 20, 0.95, NL_HELD_BACK_NETWORK,
     64},
    {"five connections", far_away, 5, 0, 100, 1, 0, 0.25, 20, 0.95, NL_HELD_BACK_RELAY, 5},
    {"five connections and a window", far_away, 5, 0, 100, 4, 0, 0.25, 60, 0.95, NL_HELD_BACK_RELAY,
     5},
    {"twelve messages, or 421", far_away, 0, 12, 100, 1, 0, 0.1, 120, 0.95, NL_HELD_BACK_RELAY, 12},
    {"busy for a while", busy_later, 0, 0, 100, 1, 0, 0.1, 120, 0.95, NL_HELD_BACK_RELAY, 100},
};

static double noise(unsigned *seed) {
    return 0.9 + 0.2 * (double)rand_r(seed) / RAND_MAX;
}

struct simulation {
    const struct server *server;
    struct nl_tuner tuner;
    int64_t now;
    double open, due, sent;
    double bursts; /* each tenth of a second is so much slower or faster, by chance */
    double dear;   /* seconds that the server is busy with a new connection */
    double burst, busy;
    int ticks, refusals, pushed_back;
    size_t most_open; /* in the last half of the time */
    unsigned seed;
};

static void open_connections(struct simulation *simulation) {
    const struct server *server = simulation->server;
    double wanted = (double)nl_tuner_connections(&simulation->tuner);
    double keep = (double)nl_tuner_keep(&simulation->tuner);
    double step = server->opening > 0 ? TICK / (double)SECOND / server->opening * wanted : wanted;
    if (simulation->open > keep)
        simulation->open = keep;
    if (simulation->open < wanted) {
        double before = simulation->open;
        simulation->open = before + step < wanted ? before + step : wanted;
        simulation->busy += (simulation->open - before) * simulation->dear * SECOND;
    }
    if (server->refuses_beyond > 0 && simulation->open > (double)server->refuses_beyond) {
        simulation->open = (double)server->refuses_beyond;
        simulation->refusals++;
        nl_tuner_refused(&simulation->tuner, server->refuses_beyond, simulation->now);
    }
}

static void tick(struct simulation *simulation) {
    const struct server *server = simulation->server;
    double seconds = (double)simulation->now / SECOND;
    simulation->now += TICK;
    open_connections(simulation);
    double room = simulation->open * (double)nl_tuner_window(&simulation->tuner);
    double wanted = (double)nl_tuner_under_way(&simulation->tuner);
    double under_way = wanted < room ? wanted : room;
    if (server->limits_beyond > 0 && under_way > (double)server->limits_beyond) {
        simulation->pushed_back++;
        nl_tuner_pushed_back(&simulation->tuner, simulation->now);
        return;
    }
    double rate = under_way > 0 ? server->rate(under_way, seconds) : 0;
    if (simulation->ticks++ % 20 == 0)
        simulation->burst = 1 + simulation->bursts * (10 * noise(&simulation->seed) - 10);
    rate *= simulation->burst;
    if (simulation->busy >= TICK) {
        simulation->busy -= TICK;
        return;
    }
    for (simulation->due += rate * noise(&simulation->seed) * TICK / SECOND; simulation->due >= 1;
         simulation->due--) {
        simulation->sent++;
        nl_tuner_answered(&simulation->tuner, (int64_t)(under_way / rate * SECOND));
    }
    nl_tuner_step(&simulation->tuner, (size_t)under_way, server->window > 1, server->round_trip,
                  simulation->now);
    if (seconds > server->seconds / 2 && simulation->open > (double)simulation->most_open)
        simulation->most_open = (size_t)simulation->open;
}

static void begin(struct simulation *simulation, const struct server *server,
                  const struct nl_relay_pace *earlier, unsigned seed) {
    *simulation = (struct simulation){.server = server, .seed = seed, .now = TICK};
    nl_tuner_open(&simulation->tuner, server->connections, server->window, earlier,
                  simulation->now);
}

static void send_all(struct simulation *simulation) {
    while ((double)simulation->now < simulation->server->seconds * SECOND)
        tick(simulation);
}

static void simulate(struct simulation *simulation, const struct server *server,
                     const struct nl_relay_pace *earlier, unsigned seed) {
    begin(simulation, server, earlier, seed);
    send_all(simulation);
}

/* The most that any fixed number of messages under way would have sent. */
static double best_by_hand(const struct server *server) {
    double best = 0;
    size_t most = server->connections;
    if (server->refuses_beyond > 0)
        most = server->refuses_beyond;
    most *= server->window;
    if (server->limits_beyond > 0)
        most = server->limits_beyond;
    for (size_t n = 1; n <= most; n++) {
        double sent = 0;
        int from = (int)(server->opening * 10);
        for (int tenth = from; tenth < (int)(server->seconds * 10); tenth++)
            sent += server->rate((double)n, tenth / 10.0) / 10;
        best = sent > best ? sent : best;
    }
    return best;
}

static void test_about_as_fast_as_the_best_by_hand(void **state) {
    (void)state;
    static const struct nl_relay_pace nothing = {0};
    for_each_row (i, servers, servers[i].name) {
        double best = best_by_hand(&servers[i]);
        for (unsigned seed = 1; seed <= 5; seed++) {
            struct simulation simulation;
            struct nl_relay_pace found = {0};
            simulate(&simulation, &servers[i], &nothing, seed);
            nl_tuner_found(&simulation.tuner, &found);
            assert_true(simulation.sent >= servers[i].share * best);
            assert_string_equal(nl_held_back_word(found.held_back),
                                nl_held_back_word(servers[i].held_back));
            assert_true(simulation.most_open <= servers[i].most);
            assert_true(simulation.refusals <= 10 && simulation.pushed_back <= 60);
        }
    }
}

/* Chance looks like growth, and each attempt at more costs connections. */
static void test_a_short_issue_to_an_unsteady_relay(void **state) {
    (void)state;
    static const struct nl_relay_pace nothing = {0};
    static const struct server server = {"Postfix", busy_postfix,       0, 0, 100, 1, 5, 0, 3,
                                         0.92,      NL_HELD_BACK_RELAY, 16};
    double sent = 0, best = 0;
    size_t open = 0;
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct simulation simulation;
        begin(&simulation, &server, &nothing, seed);
        simulation.bursts = 0.25;
        simulation.dear = 0.01;
        send_all(&simulation);
        sent += simulation.sent;
        best += best_by_hand(&server);
        open += simulation.most_open;
    }
    assert_true(sent >= server.share * best);
    assert_true(open <= 20 * server.most);
}

/* The next run has nothing to find. */
static void test_remembered(void **state) {
    (void)state;
    static const struct nl_relay_pace far = {.connections = 100, .window = 1, .per_second = 1000};
    static const struct nl_relay_pace wide = {.connections = 20, .window = 8, .per_second = 1600};
    static const struct server shorter = {"far away", far_away,           0,  0, 100, 1, 0, 0.25, 3,
                                          0.9,        NL_HELD_BACK_LIMIT, 100};
    static const struct server wider = {"with a window",    far_away, 0, 0, 20, 8, 0, 0.25, 3, 0.9,
                                        NL_HELD_BACK_LIMIT, 20};
    struct simulation simulation;
    simulate(&simulation, &shorter, &far, 1);
    assert_true(simulation.sent >= 0.9 * best_by_hand(&shorter));
    simulate(&simulation, &wider, &wide, 1);
    assert_true(simulation.sent >= 0.9 * best_by_hand(&wider));
    /* The configuration may have been changed since. */
    struct nl_tuner tuner;
    nl_tuner_open(&tuner, 3, 2, &wide, 1);
    assert_int_equal(nl_tuner_connections(&tuner), 3);
    assert_int_equal(nl_tuner_window(&tuner), 1);
}

/* Each look at a level that is far worse costs messages: the next one comes much later. */
static void test_a_far_worse_level_is_seldom_tried_again(void **state) {
    (void)state;
    static const struct nl_relay_pace known = {.connections = 20, .window = 1, .per_second = 200};
    static const struct server full = {
        .rate = far_away, .connections = 20, .window = 1, .seconds = 40};
    struct simulation simulation;
    int looks = 0;
    size_t before = 20;
    begin(&simulation, &full, &known, 1);
    while ((double)simulation.now < full.seconds * SECOND) {
        tick(&simulation);
        size_t now = nl_tuner_under_way(&simulation.tuner);
        looks += now < before;
        before = now;
    }
    assert_int_equal(looks, 1);
    /* Where it has grown from fewer, it knows that their answers came no sooner. */
    static const struct nl_relay_pace nothing = {0};
    begin(&simulation, &full, &nothing, 1);
    before = 0;
    while ((double)simulation.now < full.seconds * SECOND) {
        tick(&simulation);
        size_t now = nl_tuner_under_way(&simulation.tuner);
        assert_true(now >= before);
        before = now;
    }
    assert_int_equal(before, 20);
}

/* Without messages to send there is nothing to measure. */
static void test_empty_places_are_no_measurement(void **state) {
    (void)state;
    static const struct nl_relay_pace nothing = {0};
    struct nl_relay_pace found = {0};
    struct nl_tuner tuner;
    int64_t now = TICK;
    nl_tuner_open(&tuner, 100, 1, &nothing, now);
    for (; now < 60 * (int64_t)SECOND; now += TICK) {
        nl_tuner_answered(&tuner, 1000);
        nl_tuner_starved(&tuner, true, now);
    }
    assert_int_equal(nl_tuner_under_way(&tuner), 8);
    assert_int_equal(tuner.measurements, 0);
    nl_tuner_found(&tuner, &found);
    assert_int_equal(found.held_back, NL_HELD_BACK_RATE);
    assert_false(nl_tuner_has_found(&tuner));
}

/* A relay that refuses one of a hundred is as good as any; one that refuses one of ten is not. */
static void test_a_few_refusals_change_nothing(void **state) {
    (void)state;
    static const struct nl_relay_pace nothing = {0};
    static const int each[] = {100, 10};
    for (size_t i = 0; i < 2; i++) {
        struct nl_tuner tuner;
        int64_t now = TICK;
        nl_tuner_open(&tuner, 8, 1, &nothing, now);
        for (int n = 1; n <= 2000; n++, now += TICK) {
            nl_tuner_answered(&tuner, 40000);
            if (n % each[i] == 0)
                nl_tuner_pushed_back(&tuner, now);
            nl_tuner_step(&tuner, nl_tuner_under_way(&tuner), false, 0, now);
        }
        assert_int_equal(tuner.message_cap.most != 0, each[i] == 10);
    }
}

/* How many connections may stand: fewer after each refusal, and the word counts only where it says
 * something new. Each next cap holds twice as long. */
static void test_refused_connections(void **state) {
    (void)state;
    enum { HOLD = 30 * SECOND }; /* the first cap */
    static const struct nl_relay_pace nothing = {0};
    static const struct {
        const char *name;
        size_t first, second; /* how many stood at each refusal; 0: none did */
        int64_t later;        /* between the two */
        size_t most;
        int64_t until, penalty; /* since the first refusal */
    } rows[] = {
        {"none stood", 0, 0, SECOND, 0, 0, HOLD},
        {"one stood", 1, 0, SECOND, 1, HOLD, 2 * HOLD},
        {"the same number again", 5, 5, SECOND, 5, HOLD, 2 * HOLD},
        {"more than the cap", 5, 6, SECOND, 5, HOLD, 2 * HOLD},
        {"one fewer", 5, 4, SECOND, 4, SECOND + 2 * HOLD, 4 * HOLD},
        {"one fewer, at once", 5, 4, SECOND / 10 - 1, 4, SECOND / 10 - 1 + 2 * HOLD, 2 * HOLD},
        {"one fewer, in time", 5, 4, SECOND / 10, 4, SECOND / 10 + 2 * HOLD, 4 * HOLD},
    };
    for_each_row (i, rows, rows[i].name) {
        struct nl_tuner tuner;
        nl_tuner_open(&tuner, 20, 1, &nothing, 0);
        nl_tuner_refused(&tuner, rows[i].first, 0);
        nl_tuner_refused(&tuner, rows[i].second, rows[i].later);
        assert_int_equal(tuner.connection_cap.most, rows[i].most);
        assert_int_equal(tuner.connection_cap.until, rows[i].until);
        assert_int_equal(tuner.connection_cap.penalty, rows[i].penalty);
        assert_int_equal(tuner.message_cap.most, 0);
    }
}

/* Under way are messages that this machine has not got ready: the relay has nothing to do. */
static void test_held_back_by_this_machine(void **state) {
    (void)state;
    static const struct nl_relay_pace nothing = {0};
    struct nl_relay_pace found = {0};
    struct nl_tuner tuner;
    int64_t now = TICK;
    nl_tuner_open(&tuner, 50, 1, &nothing, now);
    for (; now < 20 * (int64_t)SECOND; now += TICK) { /* 200 a second, however many */
        nl_tuner_answered(&tuner, 1000);
        nl_tuner_step(&tuner, nl_tuner_under_way(&tuner), false, 0, now);
    }
    nl_tuner_found(&tuner, &found);
    assert_int_equal(found.per_second, 200);
    assert_int_equal(found.held_back, NL_HELD_BACK_MACHINE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_about_as_fast_as_the_best_by_hand),
        cmocka_unit_test(test_a_short_issue_to_an_unsteady_relay),
        cmocka_unit_test(test_remembered),
        cmocka_unit_test(test_a_far_worse_level_is_seldom_tried_again),
        cmocka_unit_test(test_empty_places_are_no_measurement),
        cmocka_unit_test(test_a_few_refusals_change_nothing),
        cmocka_unit_test(test_refused_connections),
        cmocka_unit_test(test_held_back_by_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
