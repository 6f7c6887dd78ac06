#include "support.h"

#include "delivery/made_transport.h"
#include "delivery/run.h"
#include "newsletter/base/zone.h"
#include "newsletter/store/delivery.h"
#include "newsletter/store/issue.h"

#include <stdio.h>
#include <stdlib.h>

static struct fixture *current;

/* An issue to `people` at so many domains, and a run over it. */
struct sending {
    struct nl_config config;
    struct nl_relay *relay;
    struct nl_run_message message;
    struct nl_run_options options;
    struct nl_run_plan plan;
    struct nl_run_summary summary;
    int64_t issue;
};

static void prepare(struct fixture *fixture, struct sending *sending, int people, int domains) {
    struct nl_error err = {0};
    static const char packed[] = "\nSubject: One\r\n\r\nHello.\r\n";
    int64_t issue = fixture_send(fixture, people, domains, packed);
    current = fixture;
    made = (struct made){0};
    *sending = (struct sending){.issue = issue};
    sending->config.lease = 60;
    sending->config.smtp.connections = 2;
    sending->config.smtp.timeout = 60;
    sending->config.retry.first = 60;
    sending->config.retry.max = 600;
    sending->config.retry.factor = 2;
    sending->config.retry.give_up = 3600;
    sending->config.bounce.hard = sending->config.bounce.limit = 5;
    sending->config.bounce.soft = 1;
    sending->config.bounce.half_life = 86400;
    sending->config.server.host = (char *)"relay.example";
    sending->config.server.weight = 1;
    assert_ok(nl_relay_new(&sending->config, NULL, &sending->relay, &err));
    assert_ok(nl_message_parse(packed, strlen(packed), &sending->message.message, &err));
    sending->plan = (struct nl_run_plan){.store = fixture->store,
                                         .config = &sending->config,
                                         .relay = sending->relay,
                                         .scope = {.issue = issue},
                                         .messages = &sending->message,
                                         .message_count = 1,
                                         .from = "Press <press@example.org>",
                                         .options = &sending->options};
}

static void run(struct sending *sending) {
    struct nl_error err = {0};
    nl_error_free(&sending->summary.problem);
    sending->summary = (struct nl_run_summary){0};
    assert_ok(nl_run(&sending->plan, &sending->summary, &err));
}

static void clean_up(struct sending *sending) {
    nl_error_free(&sending->summary.problem);
    nl_message_free(sending->message.message);
    nl_relay_free(sending->relay);
}

static int64_t in_state(const char *state) {
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM delivery WHERE issue > 0 AND state = '%s'",
             state);
    return fixture_sql(current, sql);
}

static struct made_answer accept(const char *recipient) {
    (void)recipient;
    return (struct made_answer){.stage = NL_STAGE_DOT};
}

static void test_everybody_is_sent(void **state) {
    struct sending sending;
    prepare(*state, &sending, 7, 7);
    made.answer = accept;
    run(&sending);
    assert_int_equal(sending.summary.counts.sent, 7);
    assert_int_equal(in_state("sent"), 7);
    assert_int_equal(made.dots, 7);
    clean_up(&sending);
}

static void expect_commit_point(const char *recipient) {
    char sql[300];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM delivery d JOIN subscription s ON s.id = d.subscription JOIN "
             "subscriber r ON r.id = s.subscriber WHERE r.address = '%s' AND d.state = 'leased' "
             "AND d.dot_at IS NOT NULL",
             recipient);
    assert_int_equal(fixture_sql(current, sql), 1);
}

static void test_the_commit_point_is_recorded_before_the_dot(void **state) {
    struct sending sending;
    prepare(*state, &sending, 3, 3);
    made.answer = accept;
    made.before_dot = expect_commit_point;
    run(&sending);
    assert_int_equal(made.dots, 3);
    clean_up(&sending);
}

/* While the message is on its way, its subscriber leaves. */
static struct made_answer leave(const char *recipient) {
    if (strncmp(recipient, "user1@", 6) == 0)
        fixture_sql(current,
                    "UPDATE subscription SET state = 'unsubscribed' WHERE subscriber = (SELECT id "
                    "FROM subscriber WHERE address LIKE 'user1@%')");
    return (struct made_answer){.stage = NL_STAGE_DOT};
}

static void test_who_leaves_within_a_message_gets_no_dot(void **state) {
    struct sending sending;
    prepare(*state, &sending, 3, 3);
    made.answer = leave;
    run(&sending);
    assert_int_equal(made.dots, 2);
    assert_int_equal(in_state("sent"), 2);
    assert_int_equal(in_state("skipped"), 1);
    clean_up(&sending);
}

static struct made_answer one_is_dead(const char *recipient) {
    return strncmp(recipient, "user1@", 6) == 0
               ? (struct made_answer){NL_STAGE_DOT, 550, "5.1.1", "User unknown"}
               : (struct made_answer){.stage = NL_STAGE_DOT};
}

static void test_a_dead_address(void **state) {
    struct sending sending;
    prepare(*state, &sending, 6, 6);
    made.answer = one_is_dead;
    run(&sending);
    assert_int_equal(sending.summary.counts.sent, 5);
    assert_int_equal(sending.summary.counts.bounced, 1);
    assert_int_equal(
        fixture_sql(current, "SELECT count(*) FROM subscription WHERE state = 'bounced'"), 1);
    assert_int_equal(fixture_sql(current, "SELECT count(*) FROM bounce WHERE kind = 'hard'"), 1);
    run(&sending);
    assert_int_equal(made.started, 6);
    clean_up(&sending);
}

static struct made_answer all_are_dead(const char *recipient) {
    (void)recipient;
    return (struct made_answer){NL_STAGE_RCPT, 550, "5.1.1", "User unknown"};
}

static void test_everybody_is_refused(void **state) {
    struct sending sending;
    prepare(*state, &sending, 40, 10);
    made.answer = all_are_dead;
    run(&sending);
    assert_true(sending.summary.paused && sending.summary.stopped);
    assert_int_equal(in_state("queued"), 40);
    assert_in_range(made.started, 10, 15);
    assert_int_equal(
        fixture_sql(current, "SELECT count(*) FROM delivery WHERE attempts > 0 OR dot_at > 0"), 0);
    assert_int_equal(fixture_sql(current, "SELECT count(*) FROM bounce"), 0);
    made.answer = accept;
    run(&sending);
    assert_int_equal(in_state("sent"), 40);
    clean_up(&sending);
}

static struct made_answer break_off(const char *recipient) {
    (void)recipient;
    return (struct made_answer){.stage = NL_STAGE_CONNECT, .code = 1};
}

static void test_ten_broken_connections(void **state) {
    struct sending sending;
    prepare(*state, &sending, 40, 10);
    made.answer = break_off;
    run(&sending);
    assert_true(sending.summary.stopped && !sending.summary.paused);
    assert_int_equal(sending.summary.problem.status, NL_TEMPFAIL);
    assert_in_range(in_state("deferred"), 10, 12);
    assert_int_equal(in_state("queued") + in_state("deferred"), 40);
    clean_up(&sending);
}

/* RFC 1870: as much as the limit is sent, one byte more is not. */
static void test_the_size_limit(void **state) {
    struct sending sending;
    prepare(*state, &sending, 1, 1);
    made.answer = accept;
    run(&sending);
    size_t length = made.length;
    static const int more[] = {0, -1};
    for_each_row (i, more, NULL) {
        fixture_sql(current, "UPDATE delivery SET state = 'queued'");
        made.size_limit = (size_t)((int)length + more[i]);
        made.started = 0;
        run(&sending);
        assert_int_equal(made.started, more[i] == 0 ? 1 : 0);
        assert_int_equal(in_state(more[i] == 0 ? "sent" : "failed"), 1);
    }
    clean_up(&sending);
}

static volatile sig_atomic_t stopped;

static struct made_answer stop_soon(const char *recipient) {
    (void)recipient;
    stopped = made.started >= 2;
    return (struct made_answer){.stage = NL_STAGE_DOT};
}

/* A delivery that is leased and not begun goes back, with what it took of rates and the day's
 * share. */
static void test_a_stop_gives_everything_back(void **state) {
    struct sending sending;
    prepare(*state, &sending, 12, 12);
    char today[NL_DAY_LEN + 1];
    current->fake.now = 1796040000;
    nl_zone_today(current->fake.now, today);
    sending.config.warm_up.since = today;
    sending.config.warm_up.days[0] = 100;
    sending.config.limits.per_second = 50;
    sending.options.stop = &stopped;
    made.answer = stop_soon;
    run(&sending);
    int64_t sent = in_state("sent");
    assert_true(sending.summary.stopped);
    assert_in_range(sent, 2, 4);
    assert_int_equal(in_state("queued"), 12 - sent);
    assert_int_equal(fixture_sql(current, "SELECT tried FROM daily"), sent);
    stopped = 0;
    made.answer = accept;
    run(&sending);
    assert_int_equal(in_state("sent"), 12);
    assert_int_equal(fixture_sql(current, "SELECT tried FROM daily"), 12);
    clean_up(&sending);
}

/* The clock goes on once everything is recorded that was leased. */
static void a_second_later(void) {
    if (in_state("leased") == 0)
        current->fake.now++;
}

/* A run stays while the rate keeps it back, though nothing is under way and nothing left to make;
 * one that is stopped does not. */
static void test_a_run_waits_for_its_rate(void **state) {
    struct sending sending;
    prepare(*state, &sending, 5, 5);
    sending.config.limits.per_second = 2;
    made.answer = accept;
    made.wait = a_second_later;
    int64_t began = current->fake.now;
    run(&sending);
    assert_int_equal(in_state("sent"), 5);
    assert_true(current->fake.now >= began + 2);
    assert_false(sending.summary.stopped);
    fixture_sql(current, "UPDATE delivery SET state = 'queued'");
    sending.options.stop = &stopped;
    made.answer = stop_soon;
    made.started = 0;
    run(&sending);
    stopped = 0;
    int64_t sent = in_state("sent");
    assert_true(sending.summary.stopped);
    assert_in_range(sent, 2, 3);
    assert_int_equal(in_state("queued"), 5 - sent);
    clean_up(&sending);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_everybody_is_sent),
        TEST(test_the_commit_point_is_recorded_before_the_dot),
        TEST(test_who_leaves_within_a_message_gets_no_dot),
        TEST(test_a_dead_address),
        TEST(test_everybody_is_refused),
        TEST(test_ten_broken_connections),
        TEST(test_the_size_limit),
        TEST(test_a_stop_gives_everything_back),
        TEST(test_a_run_waits_for_its_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
