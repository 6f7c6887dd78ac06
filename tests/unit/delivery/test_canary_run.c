/* The canary of an issue: who looks after it, when it looks, and who gets the issue then. */
#include "support.h"

#include "delivery/canary_run.h"
#include "delivery/made_seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOW = 1000000, WAIT = 600, PEOPLE = 10, SAMPLE = 4 };

static const char packed[] = "I\x1f\n\nMessage-ID: \x01"
                             "0\x02\r\nSubject: One\r\n\r\nHello.\r\n";

static struct nl_config config;
static struct nl_run_options options;
static struct nl_run_plan plan;
static struct nl_issue issue;
static struct nl_run_summary summary;
static struct canary_run run;
static volatile sig_atomic_t stop;
static struct fixture *current;

/* Issue 1 to ten people, four of whom are the sample, and two seeds. */
static int set_up(void **state) {
    fixture_setup(state);
    current = *state;
    made_seed_begin();
    stop = 0;
    summary = (struct nl_run_summary){0};
    run = (struct canary_run){0};
    fixture_add_people(current, PEOPLE);
    fixture_issue(current, 1, "sending");
    fixture_sql(current, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                         "updated_at) SELECT 'issue', 1, id, CASE WHEN id <= 4 THEN 'sent' ELSE "
                         "'deferred' END, 1, 1 FROM subscription");
    fixture_sql(current, "INSERT INTO canary (issue, share, people, state, token, newer_than) "
                         "VALUES (1, 0, 4, 'waiting', 'T', 0)");
    config = (struct nl_config){
        .seeds = {{.address = (char *)"a@one.example"}, {.address = (char *)"b@two.example"}}};
    config.canary.wait = WAIT;
    config.canary.junk = 1;
    config.canary.missing = 1;
    config.canary.refused = 30;
    config.canary.deferred = 30;
    options = (struct nl_run_options){.stop = &stop, .waits = true};
    plan = (struct nl_run_plan){.store = current->store,
                                .config = &config,
                                .relay = made_seed_relay(),
                                .from = "Press <press@example.org>",
                                .options = &options};
    issue = (struct nl_issue){.id = 1, .message = (char *)packed, .message_len = sizeof packed - 1};
    return 0;
}

static int tear_down(void **state) {
    if (run.plan != NULL)
        nl_canary_close(&run);
    made_seed_end();
    nl_error_free(&summary.problem);
    return fixture_teardown(state);
}

static void open_run(void) {
    struct nl_error err = {0};
    if (run.plan != NULL)
        nl_canary_close(&run);
    assert_ok(nl_canary_open(&run, &plan, &issue, &err));
}

static bool step(void) {
    struct nl_error err = {0};
    bool go = true;
    assert_ok(nl_canary_step(&run, &summary, &go, &err));
    return go;
}

static int64_t in_state(const char *state) {
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM delivery WHERE issue = 1 AND state = '%s'",
             state);
    return fixture_sql(current, sql);
}

static int64_t number(const char *column) {
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT coalesce(%s, 0) FROM canary WHERE issue = 1", column);
    return fixture_sql(current, sql);
}

static void assert_canary(const char *state) {
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM canary WHERE issue = 1 AND state = '%s'",
             state);
    assert_int_equal(fixture_sql(current, sql), 1);
}

static struct nl_seed_sight nothing(const char *address) {
    (void)address;
    return (struct nl_seed_sight){.place = NL_SEED_MISSING};
}

/* ---- opening ---- */

static void test_which_issues_wait(void **state) {
    static const struct {
        const char *state; /* of the canary; NULL: there is none */
        bool waits;
    } rows[] = {
        {"waiting", true},    {"passed", false}, {"paused", false},
        {"overruled", false}, {NULL, false},
    };
    (void)state;
    for_each_row (i, rows, rows[i].state) {
        char sql[100];
        snprintf(sql, sizeof sql, "UPDATE canary SET state = '%s'", rows[i].state);
        fixture_sql(current, rows[i].state != NULL ? sql : "DELETE FROM canary");
        open_run();
        assert_int_equal(run.waits, rows[i].waits);
        assert_int_equal(run.ours, rows[i].waits);
        assert_int_equal(run.facts != NULL, rows[i].waits);
        assert_false(rows[i].waits ? false : step());
    }
    assert_string_equal(nl_buf_text(&made_seed.log), "");
}

/* Facts that were damaged are begun with nothing. */
static void test_facts(void **state) {
    static const struct {
        const char *facts;
        size_t seeds;
    } rows[] = {
        {"NULL", 0},
        {"'{\"seeds\":[{\"address\":\"a@one.example\"}]}'", 1},
        {"'{\"seeds\":{}}'", 0},
        {"'{}'", 0},
        {"'{'", 0},
    };
    (void)state;
    for_each_row (i, rows, rows[i].facts) {
        char sql[160];
        snprintf(sql, sizeof sql, "UPDATE canary SET facts = %s", rows[i].facts);
        fixture_sql(current, sql);
        open_run();
        const json_t *seeds = json_object_get(run.facts, "seeds");
        assert_true(json_is_array(seeds));
        assert_int_equal(json_array_size(seeds), rows[i].seeds);
    }
}

/* Has another process open the canary, and keep it until there is a byte in the pipe `held`; tells
 * whether it looks after it. A process has its locks once, however often it opens the database. */
static bool another_looks_after_it(const int held[2], pid_t *child) {
    int told[2];
    char answer = 0;
    assert_int_equal(pipe(told), 0);
    *child = fork();
    if (*child == 0) {
        struct nl_error err = {0};
        struct nl_store *store = NULL;
        struct canary_run other = {0};
        struct nl_run_plan second = plan;
        close(held[1]); /* so that it ends with the test */
        if (nl_store_open(current->path, &current->env, &store, &err) == NL_OK) {
            second.store = store;
            if (nl_canary_open(&other, &second, &issue, &err) == NL_OK)
                answer = other.ours ? 'y' : 'n';
        }
        (void)!write(told[1], &answer, 1);
        close(told[1]);
        (void)!read(held[0], &answer, 1);
        _exit(0);
    }
    close(told[1]);
    assert_int_equal(read(told[0], &answer, 1), 1);
    close(told[0]);
    assert_true(answer == 'y' || answer == 'n');
    return answer == 'y';
}

/* One of several processes that send an issue looks after its canary. */
static void test_one_looks_after_it(void **state) {
    struct nl_error err = {0};
    bool again = true;
    int held[2];
    pid_t child = 0;
    (void)state;
    assert_int_equal(pipe(held), 0);
    assert_true(another_looks_after_it(held, &child));
    open_run();
    assert_true(run.waits);
    assert_false(run.ours);
    assert_false(step());
    summary.look_at = NOW;
    assert_ok(nl_canary_wait(&run, &summary, &again, &err));
    assert_false(again);
    assert_string_equal(nl_buf_text(&made_seed.log), "");
    assert_int_equal(write(held[1], "", 1), 1);
    waitpid(child, NULL, 0);
    open_run();
    assert_true(run.ours);
    assert_int_equal(write(held[1], "", 1), 1);
    assert_false(another_looks_after_it(held, &child));
    waitpid(child, NULL, 0);
    nl_canary_close(&run);
    assert_null(run.plan);
    assert_int_equal(write(held[1], "", 1), 1);
    assert_true(another_looks_after_it(held, &child));
    waitpid(child, NULL, 0);
    close(held[0]);
    close(held[1]);
}

/* ---- deciding ---- */

static void test_it_passes(void **state) {
    (void)state;
    open_run();
    assert_true(step());
    assert_string_equal(nl_buf_text(&made_seed.log),
                        "send a@one.example seed.T.0\nsend b@two.example seed.T.1\n"
                        "look a@one.example seed.T.0\nlook b@two.example seed.T.1\n");
    assert_int_equal(in_state("queued"), PEOPLE - SAMPLE);
    assert_canary("passed");
    assert_int_equal(summary.problem.status, NL_OK);
    assert_int_equal(summary.look_at, 0);
    assert_false(run.waits);
    assert_true(strstr(run.row.facts, "\"place\":\"inbox\"") != NULL);
    fixture_sql(current, "UPDATE delivery SET state = 'sent'");
    assert_false(step()); /* it is over */
}

static struct nl_seed_sight junk(const char *address) {
    (void)address;
    return (struct nl_seed_sight){.place = NL_SEED_JUNK, .folder = "Spam"};
}

static void test_it_finds_something(void **state) {
    (void)state;
    made_seed.look = junk;
    open_run();
    assert_false(step());
    assert_canary("paused");
    assert_false(run.waits);
    assert_int_equal(in_state("queued"), 0);
    assert_int_equal(in_state("deferred"), PEOPLE - SAMPLE);
    assert_int_equal(summary.problem.status, NL_UNAVAILABLE);
    assert_string_equal(
        nl_error_text(&summary.problem),
        "canary: a@one.example: the copy is in the junk folder (Spam); b@two.example: the "
        "copy is in the junk folder (Spam); the issue is paused: 'newsletter resume' sends "
        "it to the others");
    assert_int_equal(
        fixture_sql(current, "SELECT count(*) FROM issue WHERE id = 1 AND state = 'paused' AND "
                             "pause_note = 'canary: a@one.example: the copy is in the junk folder "
                             "(Spam); b@two.example: the copy is in the junk folder "
                             "(Spam)'"),
        1);
    assert_true(number("facts LIKE '%\"place\":\"junk\"%'"));
}

/* A note of so many findings stays short: it ends after the one that goes beyond the limit. */
static void test_many_findings(void **state) {
    static char addresses[NL_SEEDS][256];
    (void)state;
    for (int i = 0; i < NL_SEEDS; i++) {
        snprintf(addresses[i], sizeof addresses[i],
                 "s%02d@abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij."
                 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij."
                 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij.example",
                 i);
        config.seeds[i].address = addresses[i];
    }
    made_seed.look = junk;
    open_run();
    assert_false(step());
    size_t len = (size_t)fixture_sql(current, "SELECT length(pause_note) FROM issue");
    assert_in_range(len, 1500, 1500 + 256 + 64);
    assert_null(strstr(nl_error_text(&summary.problem), "s15@"));
    assert_non_null(strstr(nl_error_text(&summary.problem), "; s01@"));
}

/* ---- when it looks ---- */

/* As long as mail may still arrive, it looks more and more rarely, and when the time is up. */
static void test_when_it_looks(void **state) {
    static const struct {
        int64_t at, next; /* after the sample was tried */
    } rows[] = {{0, 2},     {2, 4},     {4, 6},     {6, 9},     {9, 13},    {100, 150},
                {119, 178}, {120, 180}, {121, 181}, {300, 360}, {560, 600}, {539, 599}};
    (void)state;
    made_seed.look = nothing;
    open_run();
    for_each_row (i, rows, NULL) {
        current->fake.now = NOW + rows[i].at;
        run.row.look_at = 0;
        assert_false(step());
        assert_int_equal(run.row.until, NOW + WAIT);
        assert_int_equal(run.row.look_at, NOW + rows[i].next);
        assert_int_equal(number("look_at"), NOW + rows[i].next);
        assert_int_equal(number("look_until"), NOW + WAIT);
        assert_int_equal(summary.look_at, NOW + rows[i].next);
        assert_int_equal(summary.pause_reason.until, NOW + rows[i].next);
        assert_string_equal(summary.pause_reason.text,
                            "the canary has gone out, and the others wait for it");
        assert_true(run.waits);
        assert_canary("waiting");
    }
}

static void test_not_before(void **state) {
    (void)state;
    made_seed.look = nothing;
    open_run();
    assert_false(step());
    nl_buf_clear(&made_seed.log);
    summary = (struct nl_run_summary){0};
    current->fake.now = NOW + 1;
    made_seed.look = NULL;
    assert_false(step());
    assert_string_equal(nl_buf_text(&made_seed.log), "");
    assert_int_equal(summary.look_at, NOW + 2);
    assert_int_equal(summary.pause_reason.until, NOW + 2);
    open_run(); /* another process knows it, too */
    assert_false(step());
    assert_string_equal(nl_buf_text(&made_seed.log), "");
    current->fake.now = NOW + 2;
    assert_true(step());
}

/* Mail that is missing when the time is up does not arrive any more. */
static void test_the_time_is_up(void **state) {
    (void)state;
    made_seed.look = nothing;
    open_run();
    assert_false(step());
    assert_canary("waiting");
    current->fake.now = NOW + WAIT - 1;
    assert_false(step());
    assert_canary("waiting");
    assert_int_equal(summary.look_at, NOW + WAIT);
    current->fake.now = NOW + WAIT;
    assert_false(step());
    assert_canary("paused");
    assert_non_null(strstr(nl_error_text(&summary.problem), "did not arrive within 600 s"));
}

/* Deferrals of the sample may pass within the time, too; what waits since its clock, say, does not
 * count. */
static void test_the_sample(void **state) {
    static const struct {
        const char *name, *set; /* of the sample */
        int64_t after;          /* the first look */
        const char *canary;
    } rows[] = {
        {"all are sent", "state = 'sent'", 0, "passed"},
        {"one is refused", "state = CASE WHEN subscription = 1 THEN 'bounced' ELSE 'sent' END", 0,
         "passed"},
        {"two are refused", "state = CASE WHEN subscription <= 2 THEN 'failed' ELSE 'sent' END", 0,
         "paused"},
        {"two are deferred",
         "state = CASE WHEN subscription <= 2 THEN 'deferred' ELSE 'sent' END, next_attempt_at = 5",
         0, "waiting"},
        {"two stay deferred",
         "state = CASE WHEN subscription <= 2 THEN 'deferred' ELSE 'sent' END, next_attempt_at = 5",
         WAIT, "paused"},
        {"one is queued", "state = CASE WHEN subscription = 1 THEN 'queued' ELSE 'sent' END", WAIT,
         "untried"},
        {"one is leased", "state = CASE WHEN subscription = 1 THEN 'leased' ELSE 'sent' END", WAIT,
         "untried"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        char sql[300];
        bool untried = strcmp(rows[i].canary, "untried") == 0;
        fixture_sql(current, "UPDATE canary SET state = 'waiting', look_until = NULL, look_at = "
                             "NULL, facts = NULL");
        fixture_sql(current, "UPDATE issue SET state = 'sending'");
        fixture_sql(current, "UPDATE delivery SET state = 'deferred', next_attempt_at = NULL WHERE "
                             "subscription > 4");
        snprintf(sql, sizeof sql, "UPDATE delivery SET %s WHERE subscription <= 4", rows[i].set);
        fixture_sql(current, sql);
        current->fake.now = NOW;
        nl_buf_clear(&made_seed.log);
        nl_error_free(&summary.problem);
        summary = (struct nl_run_summary){0};
        open_run();
        bool go = step();
        current->fake.now = NOW + rows[i].after;
        go = rows[i].after > 0 ? step() : go;
        assert_int_equal(go, strcmp(rows[i].canary, "passed") == 0);
        assert_canary(untried ? "waiting" : rows[i].canary);
        if (untried) {
            assert_string_equal(nl_buf_text(&made_seed.log), "");
            assert_int_equal(number("look_until"), 0); /* the time has not begun */
        }
    }
}

/* Parts of the audience that are still to be made may be of the sample. */
static void test_an_audience_that_is_still_made(void **state) {
    (void)state;
    fixture_sql(current, "INSERT INTO making (issue, further, began_at, newest, reached, people, "
                         "seen, made, sampled) VALUES (1, 0, 1, 10, 4, 10, 4, 4, 0)");
    open_run();
    assert_false(step());
    assert_string_equal(nl_buf_text(&made_seed.log), "");
}

/* A run that has ended before its time says nothing; but a server that puts everybody off does. */
static void test_runs_that_stopped(void **state) {
    static const struct {
        const char *name;
        bool stopped, halted;
        enum nl_status problem;
        bool looks;
    } rows[] = {
        {"to its end", false, false, NL_OK, true},
        {"it was to stop", true, false, NL_OK, false},
        {"somebody paused it", false, true, NL_OK, false},
        {"the relay refuses us", true, false, NL_UNAVAILABLE, false},
        {"another problem", false, false, NL_IO, false},
        {"all are put off", true, false, NL_TEMPFAIL, true},
        {"some are put off", false, false, NL_TEMPFAIL, true},
        {"put off, and paused", true, true, NL_TEMPFAIL, false},
    };
    (void)state;
    made_seed.look = nothing;
    for_each_row (i, rows, rows[i].name) {
        fixture_sql(current, "UPDATE canary SET look_until = NULL, look_at = NULL, facts = NULL");
        nl_error_free(&summary.problem);
        summary = (struct nl_run_summary){.stopped = rows[i].stopped, .halted = rows[i].halted};
        if (rows[i].problem != NL_OK)
            nl_error_set(&summary.problem, rows[i].problem, "a problem");
        nl_buf_clear(&made_seed.log);
        open_run();
        assert_false(step());
        assert_int_equal(strstr(nl_buf_text(&made_seed.log), "look") != NULL, rows[i].looks);
        assert_int_equal(summary.look_at != 0, rows[i].looks);
    }
}

/* People whom the server would not hear of are put off like the others. */
static void test_all_are_put_off(void **state) {
    (void)state;
    fixture_sql(current, "UPDATE delivery SET state = 'queued' WHERE subscription <= 2");
    open_run();
    nl_error_set(&summary.problem, NL_TEMPFAIL, "later");
    assert_false(step());
    assert_canary("waiting");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(run.facts, "sample"), "deferred")), 2);
    current->fake.now = NOW + WAIT;
    assert_false(step());
    assert_canary("paused");
    assert_non_null(strstr(nl_error_text(&summary.problem), "2 of the 4 people"));
    assert_int_equal(summary.problem.status, NL_UNAVAILABLE);
}

/* ---- somebody is faster ---- */

static void test_somebody_was_faster(void **state) {
    static const struct {
        const char *name, *sql;
        struct nl_seed_sight (*look)(const char *address);
        bool go, waits;
    } rows[] = {
        {"overruled", "UPDATE canary SET state = 'overruled'", NULL, true, false},
        {"overruled, and junk", "UPDATE canary SET state = 'overruled'", junk, true, false},
        {"the issue is paused", "UPDATE issue SET state = 'paused'", NULL, false, true},
        {"the issue is paused, and junk", "UPDATE issue SET state = 'paused'", junk, false, true},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        fixture_sql(current, "UPDATE canary SET state = 'waiting', look_until = NULL, look_at = "
                             "NULL, facts = NULL");
        fixture_sql(current, "UPDATE issue SET state = 'sending'");
        made_seed.look = rows[i].look;
        open_run();
        fixture_sql(current, rows[i].sql);
        assert_int_equal(step(), rows[i].go);
        assert_int_equal(run.waits, rows[i].waits);
        assert_int_equal(summary.problem.status, NL_OK);
        assert_int_equal(in_state("queued"), 0);
    }
}

/* ---- waiting ---- */

static bool wait_on(void) {
    struct nl_error err = {0};
    bool again = true;
    assert_ok(nl_canary_wait(&run, &summary, &again, &err));
    return again;
}

static void test_it_waits(void **state) {
    (void)state;
    made_seed.look = nothing;
    open_run();
    assert_false(step());
    assert_int_equal(summary.look_at, NOW + 2);
    current->fake.step = 1; /* with each look at the clock */
    assert_true(wait_on());
    assert_true(current->fake.now >= NOW + 2);
    assert_int_equal(summary.look_at, 0);
    assert_null(summary.pause_reason.text);
    assert_true(run.waits);
    assert_false(summary.halted);
    assert_false(summary.stopped);
}

/* By one condition after the other, it is not for this process to wait. */
static void test_it_does_not_wait(void **state) {
    static const struct {
        const char *name;
        bool over, no_wait, no_look, problem;
    } rows[] = {{"it is over", .over = true},
                {"it was not asked to", .no_wait = true},
                {"no look is due", .no_look = true},
                {"there is a problem", .problem = true}};
    (void)state;
    open_run();
    for_each_row (i, rows, rows[i].name) {
        run.waits = !rows[i].over;
        options.waits = !rows[i].no_wait;
        nl_error_free(&summary.problem);
        summary = (struct nl_run_summary){.look_at = rows[i].no_look ? 0 : NOW,
                                          .pause_reason = {.text = "x"}};
        if (rows[i].problem)
            nl_error_set(&summary.problem, NL_TEMPFAIL, "later");
        assert_false(wait_on());
        assert_string_equal(summary.pause_reason.text, "x");
    }
    run.waits = options.waits = true;
    summary.look_at = NOW;
    nl_error_free(&summary.problem);
    assert_true(wait_on());
}

static void test_waits_that_end_early(void **state) {
    static const struct {
        const char *name, *sql;
        bool stop, again, halted, waits;
    } rows[] = {
        {"somebody pauses the issue", "UPDATE issue SET state = 'paused'", false, false, true,
         true},
        {"somebody cancels it", "UPDATE issue SET state = 'cancelled'", false, false, true, true},
        {"somebody lets it go on", "UPDATE canary SET state = 'overruled'", false, true, false,
         false},
        {"it is to stop", "UPDATE issue SET state = 'sending'", true, false, false, true},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        fixture_sql(current, "UPDATE canary SET state = 'waiting'");
        fixture_sql(current, "UPDATE issue SET state = 'sending'");
        open_run();
        fixture_sql(current, rows[i].sql);
        stop = rows[i].stop;
        summary = (struct nl_run_summary){.look_at = NOW + 1000};
        assert_int_equal(wait_on(), rows[i].again);
        assert_int_equal(summary.halted, rows[i].halted);
        assert_int_equal(summary.stopped, rows[i].stop);
        assert_int_equal(run.waits, rows[i].waits);
        assert_int_equal(summary.look_at, rows[i].again ? 0 : NOW + 1000);
        stop = 0;
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_which_issues_wait),
        TEST(test_facts),
        TEST(test_one_looks_after_it),
        TEST(test_it_passes),
        TEST(test_it_finds_something),
        TEST(test_many_findings),
        TEST(test_when_it_looks),
        TEST(test_not_before),
        TEST(test_the_time_is_up),
        TEST(test_the_sample),
        TEST(test_an_audience_that_is_still_made),
        TEST(test_runs_that_stopped),
        TEST(test_all_are_put_off),
        TEST(test_somebody_was_faster),
        TEST(test_it_waits),
        TEST(test_it_does_not_wait),
        TEST(test_waits_that_end_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
