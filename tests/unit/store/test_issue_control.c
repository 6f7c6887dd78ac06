/* Pausing, resuming and cancelling: each action in each state, and two issues at once. */
#include "support.h"

#include "newsletter/store/delivery.h"
#include "newsletter/store/issue_control.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Two issues, 1 and 2, each with a queued, a deferred, a leased and a sent delivery. */
static void make_issues(struct fixture *fixture, const char *state) {
    char sql[640];
    fixture_sql(fixture, "DELETE FROM delivery");
    fixture_sql(fixture, "DELETE FROM canary");
    fixture_sql(fixture, "DELETE FROM subject_test");
    fixture_sql(fixture, "DELETE FROM issue");
    for (int issue = 1; issue <= 2; issue++) {
        fixture_issue(fixture, issue, issue == 1 ? state : "sending");
        snprintf(sql, sizeof sql,
                 "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at, "
                 "lease_owner) SELECT 'issue', %d, id, CASE id WHEN 1 THEN 'queued' WHEN 2 THEN "
                 "'deferred' WHEN 3 THEN 'leased' ELSE 'sent' END, 1, 1, 'me' FROM subscription",
                 issue);
        fixture_sql(fixture, sql);
    }
}

static void set_up(struct fixture *fixture) {
    fixture_subscribe(fixture, "a@example.org");
    fixture_subscribe(fixture, "b@example.org");
    fixture_subscribe(fixture, "c@example.org");
    fixture_subscribe(fixture, "d@example.org");
}

static int64_t count(struct fixture *fixture, int issue, const char *state) {
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM delivery WHERE issue = %d AND state = '%s'",
             issue, state);
    return fixture_sql(fixture, sql);
}

static bool is_in(struct fixture *fixture, int issue, const char *state) {
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM issue WHERE id = %d AND state = '%s'", issue,
             state);
    return fixture_sql(fixture, sql) == 1;
}

static void test_each_action_in_each_state(void **state) {
    static const struct {
        const char *state;
        struct {
            enum nl_action_result result;
            const char *after; /* NULL: the issue is gone */
        } actions[3];          /* pause, resume, cancel */
    } cases[] = {
        {"draft",
         {{NL_ACTION_REFUSED, "draft"},
          {NL_ACTION_REFUSED, "draft"},
          {NL_ACTION_REFUSED, "draft"}}},
        {"scheduled",
         {{NL_ACTION_REFUSED, "scheduled"},
          {NL_ACTION_REFUSED, "scheduled"},
          {NL_ACTION_WITHDRAWN, NULL}}},
        {"sending",
         {{NL_ACTION_DONE, "paused"},
          {NL_ACTION_UNCHANGED, "sending"},
          {NL_ACTION_DONE, "cancelled"}}},
        {"paused",
         {{NL_ACTION_UNCHANGED, "paused"},
          {NL_ACTION_DONE, "sending"},
          {NL_ACTION_DONE, "cancelled"}}},
        {"sent",
         {{NL_ACTION_REFUSED, "sent"}, {NL_ACTION_REFUSED, "sent"}, {NL_ACTION_REFUSED, "sent"}}},
        {"cancelled",
         {{NL_ACTION_REFUSED, "cancelled"},
          {NL_ACTION_REFUSED, "cancelled"},
          {NL_ACTION_UNCHANGED, "cancelled"}}},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    set_up(fixture);
    for_each_row (i, cases, NULL) {
        for (int action = 0; action < 3; action++) {
            struct nl_issue_change change = {0};
            const char *after = cases[i].actions[action].after;
            make_issues(fixture, cases[i].state);
            if (strcmp(cases[i].state, "scheduled") == 0)
                fixture_sql(fixture, "DELETE FROM delivery WHERE issue = 1");
            int64_t ledger = fixture_sql(fixture, "SELECT count(*) FROM ledger");
            assert_ok(nl_issue_control(fixture->store, 1, (enum nl_issue_action)action, "note",
                                       NULL, &change, &err));
            if (change.result == NL_ACTION_WITHDRAWN)
                assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM ledger"), ledger + 1);
            assert_string_equal(nl_issue_state_text(change.found), cases[i].state);
            if (change.result != cases[i].actions[action].result ||
                !(after != NULL ? is_in(fixture, 1, after) : !is_in(fixture, 1, "scheduled")))
                fail_msg("action %d on an issue that is %s: result %d", action, cases[i].state,
                         (int)change.result);
            assert_true(is_in(fixture, 2, "sending"));
            assert_int_equal(count(fixture, 2, "skipped"), 0);
        }
    }
}

static void test_an_issue_that_is_not_there(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_issue_change change = {0};
    assert_ok(nl_issue_control(fixture->store, 9, NL_ISSUE_CANCEL, NULL, NULL, &change, &err));
    assert_int_equal(change.result, NL_ACTION_UNKNOWN);
}

static void test_a_note_says_why_it_is_paused(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_issue_change change = {0};
    set_up(fixture);
    make_issues(fixture, "sending");
    assert_ok(nl_issue_control(fixture->store, 1, NL_ISSUE_PAUSE, "by hand", NULL, &change, &err));
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM issue WHERE pause_note = 'by hand'"), 1);
    assert_ok(nl_issue_control(fixture->store, 1, NL_ISSUE_RESUME, NULL, NULL, &change, &err));
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM issue WHERE pause_note IS NOT NULL"), 0);
}

/* One is paused while the other one is sent: each run sees the state of its own. */
static void test_two_issues(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_issue_change change = {0};
    bool sending = true;
    set_up(fixture);
    make_issues(fixture, "sending");
    assert_ok(nl_issue_control(fixture->store, 1, NL_ISSUE_PAUSE, NULL, NULL, &change, &err));
    assert_ok(nl_issue_is_sending(fixture->store, 1, &sending, &err));
    assert_false(sending);
    assert_ok(nl_issue_is_sending(fixture->store, 2, &sending, &err));
    assert_true(sending);
    /* Others may have sent the rest meanwhile: nobody has paused it. */
    fixture_sql(fixture, "UPDATE issue SET state = 'sent' WHERE id = 2");
    assert_ok(nl_issue_is_sending(fixture->store, 2, &sending, &err));
    assert_true(sending);
    fixture_sql(fixture, "UPDATE issue SET state = 'cancelled' WHERE id = 2");
    assert_ok(nl_issue_is_sending(fixture->store, 2, &sending, &err));
    assert_false(sending);
}

/* A cancelled issue skips what no run has leased at once, and the rest when that run ends. */
static void test_cancelling_skips(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_issue_change change = {0};
    bool finished = true;
    set_up(fixture);
    make_issues(fixture, "sending");
    assert_ok(nl_issue_control(fixture->store, 1, NL_ISSUE_CANCEL, NULL, NULL, &change, &err));
    assert_int_equal(change.skipped, 2);
    assert_int_equal(count(fixture, 1, "skipped"), 2);
    assert_int_equal(count(fixture, 1, "leased"), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT ended_at FROM issue WHERE id = 1"),
                     fixture->fake.now);
    fixture_sql(fixture, "UPDATE delivery SET state = 'deferred' WHERE issue = 1 AND state = "
                         "'leased'");
    assert_ok(nl_issue_finish(fixture->store, 1, &finished, &err));
    assert_false(finished);
    assert_true(is_in(fixture, 1, "cancelled"));
    assert_int_equal(count(fixture, 1, "skipped"), 3);
    assert_int_equal(count(fixture, 1, "sent"), 1);
    assert_int_equal(count(fixture, 2, "skipped"), 0);
}

/* While one delivery is queued, leased or deferred, an issue is not sent; another one's do not
 * matter, and neither does a paused one become sent. */
static void test_an_issue_ends_with_its_last_delivery(void **state) {
    static const char *const open[] = {"queued", "leased", "deferred"};
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    char sql[128];
    set_up(fixture);
    for_each_row (i, open, NULL) {
        bool finished = true;
        make_issues(fixture, "sending");
        snprintf(sql, sizeof sql,
                 "UPDATE delivery SET state = 'sent' WHERE issue = 1 AND state <> '%s'", open[i]);
        fixture_sql(fixture, sql);
        assert_ok(nl_issue_finish(fixture->store, 1, &finished, &err));
        if (finished || !is_in(fixture, 1, "sending"))
            fail_msg("an issue was sent while one delivery was %s", open[i]);
        fixture_sql(fixture, "UPDATE delivery SET state = 'bounced' WHERE issue = 1");
        fixture_sql(fixture, "UPDATE issue SET state = 'paused' WHERE id = 1");
        assert_ok(nl_issue_finish(fixture->store, 1, &finished, &err));
        assert_false(finished);
        fixture_sql(fixture, "UPDATE issue SET state = 'sending' WHERE id = 1");
        assert_ok(nl_issue_finish(fixture->store, 1, &finished, &err));
        assert_true(finished && is_in(fixture, 1, "sent") && is_in(fixture, 2, "sending"));
    }
}

/* An issue goes on without its canary, at somebody's word: once, and no other one does. */
static void test_a_canary_is_overruled(void **state) {
    static const struct {
        const char *name, *canary; /* its state */
        const char *issue;
        enum nl_issue_action action;
        enum nl_action_result result;
        const char *canary_after, *issue_after;
        int64_t queued; /* of one that was queued and one that waited */
    } rows[] = {
        {"it waits", "waiting", "sending", NL_ISSUE_OVERRULE, NL_ACTION_DONE, "overruled",
         "sending", 2},
        {"it waits, and the issue is paused", "waiting", "paused", NL_ISSUE_OVERRULE,
         NL_ACTION_DONE, "overruled", "sending", 2},
        {"it has paused the issue", "paused", "paused", NL_ISSUE_OVERRULE, NL_ACTION_DONE,
         "overruled", "sending", 2},
        {"it has passed", "passed", "sending", NL_ISSUE_OVERRULE, NL_ACTION_REFUSED, "passed",
         "sending", 1},
        {"it is overruled", "overruled", "paused", NL_ISSUE_OVERRULE, NL_ACTION_REFUSED,
         "overruled", "paused", 1},
        {"the issue is sent", "waiting", "sent", NL_ISSUE_OVERRULE, NL_ACTION_REFUSED, "waiting",
         "sent", 1},
        {"resumed", "paused", "paused", NL_ISSUE_RESUME, NL_ACTION_DONE, "overruled", "sending", 1},
        {"resumed before it has ended", "waiting", "paused", NL_ISSUE_RESUME, NL_ACTION_DONE,
         "waiting", "sending", 1},
    };
    struct fixture *fixture = *state;
    set_up(fixture);
    for_each_row (i, rows, rows[i].name) {
        struct nl_error err = {0};
        struct nl_issue_change change = {0};
        char sql[256];
        bool overruled = rows[i].action == NL_ISSUE_OVERRULE && rows[i].result == NL_ACTION_DONE;
        fixture_sql(fixture, "DELETE FROM event");
        make_issues(fixture, rows[i].issue);
        snprintf(sql, sizeof sql,
                 "INSERT INTO canary (issue, share, people, state, token, look_at) VALUES (1, 0, "
                 "2, '%s', 'a', 5), (2, 0, 2, 'waiting', 'b', 5)",
                 rows[i].canary);
        fixture_sql(fixture, sql);
        assert_ok(nl_issue_control(fixture->store, 1, rows[i].action, NULL, NULL, &change, &err));
        assert_int_equal(change.result, rows[i].result);
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM canary WHERE issue = 1 AND state = '%s' AND (look_at IS "
                 "NULL) = %s",
                 rows[i].canary_after, overruled ? "true" : "false");
        assert_int_equal(fixture_sql(fixture, sql), 1);
        assert_true(is_in(fixture, 1, rows[i].issue_after));
        assert_int_equal(count(fixture, 1, "queued"), rows[i].queued);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = "
                                              "'canary-passed' AND list = 1 AND issue = 1 AND "
                                              "subscriber IS NULL AND detail = 'overruled by "
                                              "hand'"),
                         overruled);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM canary WHERE issue = 2 AND "
                                              "state = 'waiting' AND look_at = 5"),
                         1);
        assert_int_equal(count(fixture, 2, "queued"), 1);
    }
}

/* A test of two subjects begins with those who get the issue once its canary is overruled. */
static void test_two_subjects_after_a_canary(void **state) {
    static const struct {
        const char *canary;
        enum nl_issue_action action;
        bool again;
    } rows[] = {
        {"waiting", NL_ISSUE_OVERRULE, true}, {"paused", NL_ISSUE_OVERRULE, true},
        {"paused", NL_ISSUE_RESUME, true},    {"waiting", NL_ISSUE_RESUME, false},
        {"passed", NL_ISSUE_RESUME, false},
    };
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].canary) {
        struct nl_error err = {0};
        struct nl_issue_change change = {0};
        char sql[160];
        make_issues(fixture, "paused");
        fixture_sql(fixture, "INSERT INTO subject_test (issue, share, wait, rule, decide_at) "
                             "SELECT id, 10, 50, 'sent', 7 FROM issue");
        snprintf(sql, sizeof sql,
                 "INSERT INTO canary (issue, share, people, state, token) VALUES (1, 0, 2, '%s', "
                 "'a')",
                 rows[i].canary);
        fixture_sql(fixture, sql);
        assert_ok(nl_issue_control(fixture->store, 1, rows[i].action, NULL, NULL, &change, &err));
        assert_int_equal(
            fixture_sql(fixture, "SELECT CAST(sum(issue * decide_at) AS BIGINT) FROM subject_test"),
            (rows[i].again ? fixture->fake.now + 50 : 7) + 2 * 7);
    }
}

static enum nl_status take_lock(struct nl_store *store, struct nl_error *err) {
    int64_t holder = 0;
    return nl_store_lock(store, 1, &holder, err);
}

/* Locks are between processes. */
static int in_a_child(struct fixture *fixture,
                      enum nl_status (*call)(struct nl_store *store, struct nl_error *err)) {
    int result = 0;
    pid_t child = fork();
    if (child == 0) {
        struct nl_store *store = NULL;
        struct nl_error err = {0};
        enum nl_status status = nl_store_open(fixture->path, &fixture->env, &store, &err);
        _exit((int)(status == NL_OK ? call(store, &err) : status));
    }
    waitpid(child, &result, 0);
    return WEXITSTATUS(result);
}

/* Deliveries of a cancelled issue that a killed run has leased
 * are skipped with the rest; a run that is alive ends them itself. */
static void test_what_a_run_leaves_of_a_cancelled_issue(void **state) {
    static const struct {
        const char *name;
        const char *issue; /* the first one's state */
        bool alive;
        int64_t skipped, leased;
    } rows[] = {
        {"killed", "cancelled", false, 3, 0},
        {"alive", "cancelled", true, 2, 1},
        {"paused", "paused", false, 0, 1},
    };
    struct fixture *fixture = *state;
    set_up(fixture);
    for_each_row (i, rows, rows[i].name) {
        struct nl_error err = {0};
        int64_t holder = 0;
        make_issues(fixture, rows[i].issue);
        fixture_sql(fixture, rows[i].alive ? "UPDATE delivery SET lease_until = 2000000"
                                           : "UPDATE delivery SET lease_until = 1");
        if (rows[i].alive) {
            assert_ok(nl_store_lock(fixture->store, 1, &holder, &err));
            assert_int_equal(in_a_child(fixture, nl_issue_skip_cancelled), NL_OK);
            nl_store_unlock(fixture->store, 1);
        } else {
            assert_ok(nl_issue_skip_cancelled(fixture->store, &err));
            assert_int_equal(in_a_child(fixture, take_lock), NL_OK); /* nobody has it any more */
        }
        assert_int_equal(count(fixture, 1, "skipped"), rows[i].skipped);
        assert_int_equal(count(fixture, 1, "leased"), rows[i].leased);
        assert_int_equal(count(fixture, 1, "sent"), 1);
        assert_int_equal(count(fixture, 2, "skipped"), 0);
        assert_int_equal(count(fixture, 2, "leased"), 1);
    }
}

static void test_words(void **state) {
    enum nl_issue_action action = NL_ISSUE_CANCEL;
    (void)state;
    assert_true(nl_issue_action_parse("pause", &action));
    assert_int_equal(action, NL_ISSUE_PAUSE);
    assert_true(nl_issue_action_parse("resume", &action));
    assert_int_equal(action, NL_ISSUE_RESUME);
    assert_true(nl_issue_action_parse("cancel", &action));
    assert_int_equal(action, NL_ISSUE_CANCEL);
    assert_false(nl_issue_action_parse("", &action));
    for (int i = 1; i < NL_ISSUE_STATES; i++) {
        enum nl_issue_state back = NL_ISSUE_ANY;
        assert_true(nl_issue_state_parse(nl_issue_state_text((enum nl_issue_state)i), &back));
        assert_int_equal(back, i);
    }
    for (int i = 1; i < NL_DELIVERY_STATES; i++) {
        enum nl_delivery_state back = NL_DELIVERY_ANY;
        assert_true(
            nl_delivery_state_parse(nl_delivery_state_text((enum nl_delivery_state)i), &back));
        assert_int_equal(back, i);
    }
    for (int i = 1; i < NL_SUBSCRIPTION_STATES; i++) {
        enum nl_subscription_state back = NL_SUBSCRIPTION_ANY;
        assert_true(nl_subscription_state_parse(
            nl_subscription_state_text((enum nl_subscription_state)i), &back));
        assert_int_equal(back, i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_action_in_each_state, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_an_issue_that_is_not_there, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_note_says_why_it_is_paused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_two_issues, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_cancelling_skips, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_an_issue_ends_with_its_last_delivery, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_canary_is_overruled, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_two_subjects_after_a_canary, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_a_run_leaves_of_a_cancelled_issue, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
