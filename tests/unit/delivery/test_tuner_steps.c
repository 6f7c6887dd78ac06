/* A tuner step by step: its levels, when a measurement begins and ends, caps and what it tells. */
#include "support.h"

#include "delivery/tuner_level.h"

enum { SECOND = 1000000 };

static const struct nl_relay_pace nothing = {0};

static void test_levels(void **state) {
    static const struct {
        const char *name;
        size_t connections, window, count;
        size_t levels[12];
        size_t home; /* where it begins */
    } rows[] = {
        {"one", 1, 1, 1, {1}, 1},
        {"two", 2, 1, 2, {1, 2}, 2},
        {"three", 3, 1, 3, {1, 2, 3}, 3},
        {"five", 5, 1, 5, {1, 2, 3, 4, 5}, 5},
        {"seven", 7, 1, 6, {1, 2, 3, 4, 6, 7}, 7},
        {"twelve", 12, 1, 7, {1, 2, 3, 4, 6, 8, 12}, 8},
        {"twenty", 20, 1, 9, {1, 2, 3, 4, 6, 8, 12, 16, 20}, 8},
        {"ten, each twice", 10, 2, 9, {1, 2, 3, 4, 6, 8, 12, 16, 20}, 8},
        /* Before the first flight, the window is of no use. */
        {"four, each five times", 4, 5, 9, {1, 2, 3, 4, 6, 8, 12, 16, 20}, 4},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_tuner tuner;
        nl_tuner_open(&tuner, rows[i].connections, rows[i].window, &nothing, 0);
        assert_int_equal(tuner.count, rows[i].count);
        for (size_t at = 0; at < tuner.count; at++)
            assert_int_equal(tuner.levels[at].under_way, rows[i].levels[at]);
        assert_int_equal(tuner.levels[tuner.home].under_way, rows[i].home);
        assert_int_equal(nl_tuner_under_way(&tuner), rows[i].home);
    }
}

/* As many levels as there is room for, and the last one is the limit. */
static void test_very_many_levels(void **state) {
    struct nl_tuner tuner;
    (void)state;
    nl_tuner_open(&tuner, 2000000000, 1, &nothing, 0);
    assert_true(tuner.count <= NL_TUNER_LEVELS);
    assert_int_equal(tuner.levels[tuner.count - 1].under_way, 2000000000);
}

static void test_what_was_found_before(void **state) {
    static const struct {
        const char *name;
        size_t connections, window, home, flying;
    } rows[] = {{"within the limits", 3, 2, 6, 6},
                {"more than may be", 30, 1, 10, 16},
                {"needs flights", 10, 2, 10, 20},
                {"one", 1, 1, 1, 1}};
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        const struct nl_relay_pace earlier = {.connections = (int64_t)rows[i].connections,
                                              .window = (int64_t)rows[i].window};
        struct nl_tuner tuner;
        nl_tuner_open(&tuner, 10, 4, &earlier, 0);
        assert_int_equal(tuner.phase, NL_TUNER_HOLD);
        assert_int_equal(nl_tuner_under_way(&tuner), rows[i].home);
        assert_true(nl_tuner_under_way(&tuner) <= 10);
        assert_int_equal(tuner.patience, rows[i].home == 10 ? 8 : 2);
        nl_tuner_step(&tuner, 0, true, 0, 1);
        if (rows[i].flying == 20) /* the level of 20, which is 24 of 40 */
            assert_int_equal(nl_tuner_under_way(&tuner), 24);
    }
}

/* A measurement begins when as many messages are under way as the level says, or after two
 * seconds. */
static void test_beginning(void **state) {
    static const struct {
        const char *name;
        size_t under_way;
        int64_t now;
        bool measures;
    } rows[] = {{"enough", 8, 1, true},
                {"one too few", 7, 1, false},
                {"one too few, a moment before", 7, 2000000 - 1, false},
                {"one too few, for long", 7, 2000000, true},
                {"one too many, of a higher level", 9, 1, false},
                {"one too many, for long", 9, 2000000, true}};
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_tuner tuner;
        nl_tuner_open(&tuner, 50, 1, &nothing, 0);
        assert_false(nl_tuner_step(&tuner, rows[i].under_way, false, 0, rows[i].now));
        assert_int_equal(tuner.measuring, rows[i].measures);
    }
}

/* It ends with a multiple of the messages under way, and not before a fifth of a second. */
static void test_ending(void **state) {
    static const struct {
        const char *name;
        size_t connections; /* of the last run; 0: it grows from 8 */
        size_t answers;
        int64_t took;
        bool ends;
    } rows[] = {
        {"enough", 0, 16, SECOND / 5, true},
        {"one too few", 0, 15, SECOND / 5, false},
        {"too soon", 0, 16, SECOND / 5 - 1, false},
        {"very many, soon", 0, 512, SECOND / 20, true},
        {"not quite as many, soon", 0, 511, SECOND / 20, false},
        {"very many, at once", 0, 512, SECOND / 20 - 1, false},
        {"later", 8, 96, SECOND / 5, true},
        {"later, one too few", 8, 95, SECOND / 5, false},
        {"later, very many, soon", 8, 512, SECOND / 5 - 1, false},
        {"later, a multiple", 16, 96, SECOND / 5, true},
        {"later, no multiple of 11", 11, 98, SECOND / 5, false},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        const struct nl_relay_pace earlier = {.connections = (int64_t)rows[i].connections,
                                              .window = 1};
        struct nl_tuner tuner;
        nl_tuner_open(&tuner, rows[i].connections == 11 ? 11 : 50, 1,
                      rows[i].connections > 0 ? &earlier : &nothing, 0);
        size_t under_way = nl_tuner_under_way(&tuner);
        assert_false(nl_tuner_step(&tuner, under_way, false, 0, 0));
        for (size_t answer = 0; answer < rows[i].answers; answer++)
            nl_tuner_answered(&tuner, 1000);
        assert_false(nl_tuner_has_found(&tuner));
        assert_int_equal(nl_tuner_step(&tuner, under_way, false, 0, rows[i].took), rows[i].ends);
        assert_int_equal(nl_tuner_has_found(&tuner), rows[i].ends);
    }
}

/* A relay that is known to be far away is begun with more, once; what was found before stays. */
static void test_far_away(void **state) {
    static const struct {
        const char *name;
        size_t connections, earlier;
        int64_t round_trip;
        size_t begins;
    } rows[] = {{"far", 100, 0, SECOND / 50, 32},   {"not as far", 100, 0, SECOND / 50 - 1, 8},
                {"not known", 100, 0, 0, 8},        {"a limit", 20, 0, SECOND, 20},
                {"few", 2, 0, SECOND, 2},           {"as many as at first", 8, 0, SECOND, 8},
                {"found before", 100, 8, SECOND, 8}};
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        const struct nl_relay_pace earlier = {.connections = (int64_t)rows[i].earlier, .window = 1};
        struct nl_tuner tuner;
        nl_tuner_open(&tuner, rows[i].connections, 1, &earlier, 0);
        for (int turn = 0; turn < 3; turn++)
            assert_false(nl_tuner_step(&tuner, 0, false, rows[i].round_trip, 0));
        assert_int_equal(nl_tuner_under_way(&tuner), rows[i].begins);
        for (int64_t now = 0; now < 3 * SECOND; now += SECOND) {
            nl_tuner_step(&tuner, nl_tuner_under_way(&tuner), false, rows[i].round_trip, now);
            for (int answer = 0; answer < 200; answer++)
                nl_tuner_answered(&tuner, rows[i].round_trip);
        }
        assert_true(nl_tuner_has_found(&tuner));
    }
}

/* Where the network is most of an answer, a measurement while growing may be short. */
static void test_steady_answers(void **state) {
    static const struct {
        const char *name;
        int64_t answer, round_trip, took;
        bool ends;
    } rows[] = {{"the network", 12999, 10000, SECOND / 20, true},
                {"the relay, too", 13000, 10000, SECOND / 20, false},
                {"at once", 12999, 10000, SECOND / 20 - 1, false}};
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_tuner tuner;
        nl_tuner_open(&tuner, 50, 1, &nothing, 0);
        assert_false(nl_tuner_step(&tuner, 8, false, rows[i].round_trip, 0));
        for (int answer = 0; answer < 16; answer++)
            nl_tuner_answered(&tuner, rows[i].answer);
        assert_int_equal(nl_tuner_step(&tuner, 8, false, rows[i].round_trip, rows[i].took),
                         rows[i].ends);
    }
}

/* A look at a level below home ends after 16 messages where it is far slower than the 400/s at
 * home, and home is where it goes back to. */
static void test_a_look_below_that_is_hopeless(void **state) {
    static const struct {
        const char *name;
        enum nl_tuner_phase phase;
        size_t at, answers;
        int64_t took;
        bool ends;
    } rows[] = {
        {"far slower", NL_TUNER_PROBE, 16, 16, SECOND / 20, true},
        {"once more", NL_TUNER_CONFIRM, 16, 16, SECOND / 20, true},
        {"not far slower", NL_TUNER_PROBE, 16, 17, SECOND / 20, false},
        {"too soon", NL_TUNER_PROBE, 16, 16, SECOND / 20 - 1, false},
        {"too few", NL_TUNER_PROBE, 16, 15, SECOND / 20, false},
        {"two rounds of 12", NL_TUNER_PROBE, 12, 24, SECOND / 8, true},
        {"less than two rounds", NL_TUNER_PROBE, 12, 23, SECOND / 8, false},
        {"at home", NL_TUNER_HOLD, 24, 24, SECOND / 8, false},
        {"above", NL_TUNER_PROBE, 32, 32, SECOND / 8, false},
        {"growing", NL_TUNER_GROW, 16, 15, SECOND / 8, false},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_tuner tuner;
        nl_tuner_open(&tuner, 50, 1, &nothing, 0);
        tuner.home = nl_tuner_level_of(&tuner, 24);
        tuner.levels[tuner.home].rate = 400;
        tuner.at = nl_tuner_level_of(&tuner, rows[i].at);
        tuner.phase = rows[i].phase;
        assert_false(nl_tuner_step(&tuner, rows[i].at, false, 0, 0));
        for (size_t answer = 0; answer < rows[i].answers; answer++)
            nl_tuner_answered(&tuner, 50000);
        assert_int_equal(nl_tuner_step(&tuner, rows[i].at, false, 0, rows[i].took), rows[i].ends);
        assert_int_equal(nl_tuner_under_way(&tuner), rows[i].ends ? 24 : rows[i].at);
    }
}

/* A cap is raised by a quarter and one when its time is over, until the limit is reached. */
static void test_a_cap_is_raised(void **state) {
    static const struct {
        int64_t second;
        size_t most;
    } rows[] = {{0, 4},    {29, 4},   {30, 6},   {89, 6},  {90, 8},  {150, 11},
                {210, 14}, {270, 18}, {329, 18}, {330, 0}, {1000, 0}};
    struct nl_tuner tuner;
    (void)state;
    nl_tuner_open(&tuner, 20, 1, &nothing, 0);
    nl_tuner_refused(&tuner, 4, 0);
    for_each_row (i, rows, NULL) {
        nl_tuner_step(&tuner, 0, false, 0, rows[i].second * SECOND);
        assert_int_equal(tuner.connection_cap.most, rows[i].most);
        if (rows[i].most != 0)
            assert_int_equal(nl_tuner_connections(&tuner) <= rows[i].most, 1);
    }
}

static void test_each_cap_holds_longer(void **state) {
    static const int64_t seconds[] = {60, 120, 240, 480, 600, 600};
    struct nl_tuner tuner;
    (void)state;
    nl_tuner_open(&tuner, 20, 1, &nothing, 0);
    for_each_row (i, seconds, NULL) {
        nl_tuner_refused(&tuner, 10 - i, (int64_t)(i + 1) * 10 * SECOND);
        assert_int_equal(tuner.connection_cap.penalty, seconds[i] * SECOND);
    }
}

/* Three refusals without an answer between them lower the level to its half; answers forget them.
 * Another refusal at once says nothing new. */
static void test_pushing_back(void **state) {
    static const struct {
        const char *name;
        int answers; /* between two refusals */
        int refusals;
        bool lowered;
    } rows[] = {{"two", 0, 2, false},
                {"three", 0, 3, true},
                {"three with answers between", 20, 3, false},
                {"five with answers between", 10, 5, true},
                {"many with many answers between", 40, 30, false}};
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_tuner tuner;
        nl_tuner_open(&tuner, 50, 1, &nothing, 0);
        for (int time = 0; time < rows[i].refusals; time++) {
            for (int answer = 0; answer < rows[i].answers; answer++)
                nl_tuner_answered(&tuner, 1000);
            nl_tuner_pushed_back(&tuner, SECOND);
        }
        assert_int_equal(tuner.message_cap.most, rows[i].lowered ? 4 : 0);
        assert_int_equal(nl_tuner_under_way(&tuner), rows[i].lowered ? 4 : 8);
    }
    struct nl_tuner tuner;
    nl_tuner_open(&tuner, 50, 1, &nothing, 0);
    for (int time = 0; time < 9; time++)
        nl_tuner_pushed_back(&tuner, SECOND);
    assert_int_equal(tuner.message_cap.most, 4);
    for (int time = 0; time < 3; time++)
        nl_tuner_pushed_back(&tuner, SECOND + SECOND / 10);
    assert_int_equal(tuner.message_cap.most, 3); /* it grows no more: three quarters */
    assert_int_equal(tuner.message_cap.penalty, 120 * (int64_t)SECOND);
}

static void test_rows_and_connections(void **state) {
    struct nl_tuner tuner;
    (void)state;
    nl_tuner_open(&tuner, 10, 4, &nothing, 0);
    assert_int_equal(nl_tuner_rows(&tuner), 32);
    tuner.levels[tuner.at].rate = 128;
    assert_int_equal(nl_tuner_rows(&tuner), 32);
    tuner.levels[tuner.at].rate = 400;
    assert_int_equal(nl_tuner_rows(&tuner), 100);
    tuner.flies = true;
    tuner.at = nl_tuner_level_of(&tuner, 24);
    assert_int_equal(nl_tuner_under_way(&tuner), 24);
    assert_int_equal(nl_tuner_connections(&tuner), 10);
    assert_int_equal(nl_tuner_window(&tuner), 3);
    tuner.home = nl_tuner_level_of(&tuner, 6);
    assert_int_equal(nl_tuner_keep(&tuner), 10);
    tuner.at = nl_tuner_level_of(&tuner, 4);
    assert_int_equal(nl_tuner_keep(&tuner), 6);
    assert_int_equal(nl_tuner_window(&tuner), 1);
    tuner.connection_cap.most = 5;
    tuner.at = nl_tuner_level_of(&tuner, 16);
    assert_int_equal(nl_tuner_connections(&tuner), 5);
    assert_int_equal(nl_tuner_window(&tuner), 4);
    tuner.message_cap.most = 7;
    assert_int_equal(nl_tuner_under_way(&tuner), 7);
    assert_int_equal(nl_tuner_window(&tuner), 2);
}

/* It says who or what holds it back, by the level where it is at home. */
static void test_held_back(void **state) {
    static const struct {
        const char *name;
        double rate, answer, round_trip; /* with 8 under way */
        size_t home, cap;
        bool starved;
        enum nl_held_back held_back;
    } rows[] = {
        {"a rate of the configuration", 8, 1000000, 0, 8, 0, true, NL_HELD_BACK_RATE},
        {"nothing is measured", 0, 0, 0, 8, 0, false, NL_HELD_BACK_UNKNOWN},
        {"this machine", 8, 499999, 0, 8, 0, false, NL_HELD_BACK_MACHINE},
        {"half of the time", 8, 500000, 0, 8, 0, false, NL_HELD_BACK_RELAY},
        {"far away", 8, 599999, 200000, 8, 0, false, NL_HELD_BACK_NETWORK},
        {"not so far away", 8, 600000, 200000, 8, 0, false, NL_HELD_BACK_RELAY},
        {"our limit", 50, 1000000, 0, 50, 0, false, NL_HELD_BACK_LIMIT},
        {"our limit, this machine", 50, 499999, 0, 50, 0, false, NL_HELD_BACK_MACHINE},
        {"the relay's limit", 8, 1000000, 0, 8, 8, false, NL_HELD_BACK_RELAY},
        {"the relay's limit, not measured", 0, 0, 0, 8, 8, false, NL_HELD_BACK_RELAY},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        struct nl_tuner tuner;
        struct nl_relay_pace found = {.at = 7};
        nl_tuner_open(&tuner, 50, 1, &nothing, 0);
        tuner.home = nl_tuner_level_of(&tuner, rows[i].home);
        tuner.levels[tuner.home].rate = rows[i].rate;
        tuner.levels[tuner.home].answer = rows[i].answer;
        tuner.round_trip = rows[i].round_trip;
        tuner.message_cap.most = rows[i].cap;
        tuner.starved = rows[i].starved;
        nl_tuner_found(&tuner, &found);
        assert_int_equal(found.held_back, rows[i].held_back);
        assert_int_equal(found.connections, rows[i].home);
        assert_int_equal(found.window, 1);
        assert_int_equal(found.per_second, rows[i].rate);
        assert_int_equal(found.at, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_very_many_levels),
        cmocka_unit_test(test_what_was_found_before),
        cmocka_unit_test(test_beginning),
        cmocka_unit_test(test_ending),
        cmocka_unit_test(test_far_away),
        cmocka_unit_test(test_steady_answers),
        cmocka_unit_test(test_a_look_below_that_is_hopeless),
        cmocka_unit_test(test_a_cap_is_raised),
        cmocka_unit_test(test_each_cap_holds_longer),
        cmocka_unit_test(test_pushing_back),
        cmocka_unit_test(test_rows_and_connections),
        cmocka_unit_test(test_held_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
