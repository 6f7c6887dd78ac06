/* Two subjects: who gets one in the sample, what counts, and how the rest is decided. */
#include "support.h"

#include "newsletter/store/subject_test.h"
#include "store/making.h"
#include "store/subject_test_row.h"

#include <stdio.h>

/* An issue 1 to so many people with two subjects, and an issue 2 that is none of its business. */
static void make_issues(struct fixture *fixture, int people, int share) {
    char sql[200];
    assert_int_equal(fixture_send(fixture, people, 3, "\n"), 1);
    fixture_issue(fixture, 2, "sending");
    fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                         "updated_at) SELECT 'issue', 2, id, CASE WHEN id = 1 THEN 'deferred' ELSE "
                         "'queued' END, 1, 1 FROM subscription");
    fixture_sql(fixture, "UPDATE issue SET alternative_subject = 'Two' WHERE id = 1");
    snprintf(sql, sizeof sql,
             "INSERT INTO subject_test (issue, share, wait, rule) VALUES (1, %d, 60, "
             "'unsubscribes')",
             share);
    fixture_sql(fixture, sql);
}

static int64_t count(struct fixture *fixture, const char *condition) {
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM delivery WHERE %s", condition);
    return fixture_sql(fixture, sql);
}

static void begin(struct fixture *fixture) {
    struct nl_error err = {0};
    const struct nl_making_plan plan = {.list = fixture->list.id, .issue = 1};
    int64_t made = 0;
    fixture_sql(fixture, "DELETE FROM delivery WHERE issue = 1");
    assert_ok(nl_store_begin_exclusive(fixture->store, &err));
    assert_ok(nl_subject_test_begin(fixture->store, 1, &err));
    assert_ok(nl_making_begin(fixture->store, &plan, &made, &err));
    assert_ok(nl_store_commit(fixture->store, &err));
}

/* The sample is the share, rounded up, at least one for each subject; half of it gets each. */
static void test_the_sample(void **state) {
    static const struct {
        int people, share, sample;
    } cases[] = {{20, 10, 2}, {20, 11, 3}, {20, 50, 10}, {21, 50, 11}, {4, 10, 2}, {2, 50, 2}};
    for_each_row (i, cases, NULL) {
        void *own = NULL;
        fixture_setup(&own);
        struct fixture *fixture = own;
        make_issues(fixture, cases[i].people, cases[i].share);
        begin(fixture);
        assert_int_equal(count(fixture, "issue = 1 AND state = 'queued'"), cases[i].sample);
        assert_int_equal(count(fixture, "issue = 1 AND state = 'queued' AND variant = 1"),
                         cases[i].sample / 2);
        assert_int_equal(count(fixture, "issue = 1 AND state = 'deferred' AND variant IS NULL AND "
                                        "next_attempt_at IS NULL"),
                         cases[i].people - cases[i].sample);
        assert_int_equal(count(fixture, "issue = 2 AND state = 'queued' AND variant IS NULL"),
                         cases[i].people - 1);
        assert_int_equal(fixture_sql(fixture, "SELECT decide_at FROM subject_test"), 1000060);
        row_at(NULL, 0, NULL); /* it has passed */
        fixture_teardown(&own);
    }
    (void)state;
}

/* Not before its time unless somebody chooses; then once, and for this issue alone. */
static void test_decides(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool decided = true;
    make_issues(fixture, 10, 20);
    assert_ok(nl_subject_test_decide(fixture->store, 1, 0, &decided, &err));
    assert_false(decided); /* the issue has not begun */
    begin(fixture);
    fixture_sql(fixture, "UPDATE delivery SET state = 'sent' WHERE issue = 1 AND state = 'queued'");
    fixture->fake.now = 1000059;
    assert_ok(nl_subject_test_decide(fixture->store, 1, 0, &decided, &err));
    assert_false(decided);
    assert_int_equal(count(fixture, "issue = 1 AND state = 'deferred'"), 8);
    /* One that the relay has deferred is not among those that wait. */
    fixture_sql(fixture, "UPDATE delivery SET next_attempt_at = 2000000 WHERE id = (SELECT max(id) "
                         "FROM delivery WHERE issue = 1 AND state = 'deferred')");
    fixture->fake.now = 1000060;
    assert_ok(nl_subject_test_decide(fixture->store, 1, 0, &decided, &err));
    assert_true(decided);
    assert_int_equal(fixture_sql(fixture, "SELECT winner FROM subject_test"), 1);
    assert_int_equal(count(fixture, "issue = 1 AND state = 'queued'"), 7);
    assert_int_equal(count(fixture, "issue = 1 AND state = 'deferred'"), 1);
    assert_int_equal(count(fixture, "issue = 2 AND state = 'deferred'"), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = "
                                          "'subject-chosen' AND issue = 1 AND subscriber IS NULL "
                                          "AND list IS NULL AND detail = '1'"),
                     1);
    assert_ok(nl_subject_test_decide(fixture->store, 1, 2, &decided, &err));
    assert_false(decided);
    assert_int_equal(fixture_sql(fixture, "SELECT winner FROM subject_test"), 1);
}

static void test_somebody_chooses(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool decided = false;
    make_issues(fixture, 10, 20);
    begin(fixture);
    assert_ok(nl_subject_test_decide(fixture->store, 1, 2, &decided, &err));
    assert_true(decided);
    assert_int_equal(fixture_sql(fixture, "SELECT winner FROM subject_test"), 2);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = "
                                          "'subject-chosen' AND issue = 1 AND detail = '2'"),
                     1);
    assert_ok(nl_subject_test_decide(fixture->store, 2, 1, &decided, &err));
    assert_false(decided); /* an issue with one subject */
}

/* The better subject: the one that fewer left over, or that more answered, in shares of what was
 * sent and not in numbers. */
static void test_better(void **state) {
    static const struct {
        struct nl_subject_score a, b;
        enum nl_subject_rule rule;
        int better;
    } cases[] = {
        {{10, 10, 1, 0}, {10, 10, 2, 9}, NL_BY_DEPARTURES, 1},
        {{10, 10, 2, 9}, {10, 10, 1, 0}, NL_BY_DEPARTURES, 2},
        {{10, 10, 2, 0}, {10, 10, 2, 9}, NL_BY_DEPARTURES, 1},
        {{10, 5, 2, 0}, {10, 10, 3, 0}, NL_BY_DEPARTURES, 2},
        {{10, 0, 0, 0}, {10, 10, 1, 0}, NL_BY_DEPARTURES, 1},
        {{1, 1, 1, 0}, {0, 0, 0, 0}, NL_BY_DEPARTURES, 1},
        {{0, 0, 0, 0}, {1, 1, 0, 1}, NL_BY_REPLIES, 1},
        {{1, 1, 1, 0}, {1, 1, 0, 0}, NL_BY_DEPARTURES, 2},
        {{100, 100, 1, 0}, {300, 300, 2, 0}, NL_BY_DEPARTURES, 2},
        {{100, 100, 1, 0}, {300, 300, 3, 0}, NL_BY_DEPARTURES, 1},
        {{10, 10, 0, 1}, {10, 10, 5, 2}, NL_BY_REPLIES, 2},
        {{10, 10, 5, 2}, {10, 10, 0, 1}, NL_BY_REPLIES, 1},
        {{10, 5, 0, 2}, {10, 10, 0, 3}, NL_BY_REPLIES, 1},
        {{10, 10, 2, 2}, {10, 10, 1, 2}, NL_BY_REPLIES, 2},
        {{10, 10, 1, 2}, {10, 10, 1, 2}, NL_BY_REPLIES, 1},
    };
    (void)state;
    for_each_row (i, cases, NULL) {
        const struct nl_subject_test test = {.plan = {.rule = cases[i].rule},
                                             .scores = {cases[i].a, cases[i].b}};
        assert_int_equal(nl_subject_test_better(&test), cases[i].better);
    }
}

/* A person who left counts where the message had gone out before, unless an event names another
 * issue. */
static void test_scores(void **state) {
    static const struct {
        const char *name, *event; /* the values of an event; NULL: none */
        int ended;
        int left;
    } cases[] = {
        {"after it", NULL, 1000500, 1},
        {"as it went out", NULL, 1000400, 1},
        {"before it", NULL, 1000399, 0},
        {"by this issue's link", "1000500, 'unsubscribed', 1, 1, 1", 1000500, 1},
        {"by another issue's link", "1000500, 'unsubscribed', 1, 1, 2", 1000500, 0},
        {"by another one's, before", "1000399, 'unsubscribed', 1, 1, 2", 1000500, 1},
        {"another person by another one's", "1000500, 'unsubscribed', 1, 2, 2", 1000500, 1},
        {"another list by another one's", "1000500, 'unsubscribed', 9, 1, 2", 1000500, 1},
        {"another event of another issue", "1000500, 'clicked', 1, 1, 2", 1000500, 1},
    };
    struct fixture *fixture = *state;
    make_issues(fixture, 2, 50);
    fixture_sql(fixture, "UPDATE delivery SET state = 'sent', updated_at = 1000400, variant = "
                         "subscription WHERE issue = 1");
    for_each_row (i, cases, cases[i].name) {
        struct nl_error err = {0};
        struct nl_subject_test test = {0};
        bool found = false;
        char sql[200];
        fixture_sql(fixture, "DELETE FROM event");
        snprintf(sql, sizeof sql,
                 "UPDATE subscription SET state = 'unsubscribed', ended_at = %d WHERE id = 1",
                 cases[i].ended);
        fixture_sql(fixture, sql);
        if (cases[i].event != NULL) {
            snprintf(sql, sizeof sql,
                     "INSERT INTO event (at, kind, list, subscriber, issue) VALUES (%s)",
                     cases[i].event);
            fixture_sql(fixture, sql);
        }
        assert_ok(nl_subject_test_read(fixture->store, 1, &found, &test, &err));
        assert_int_equal(test.scores[0].left, cases[i].left);
        assert_int_equal(test.scores[1].left, 0);
        nl_subject_test_free(&test);
    }
}

/* The first answer counts; one to a notice or to nothing at all is none. */
static void test_replies(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool known = false;
    make_issues(fixture, 2, 50);
    int64_t delivery = fixture_sql(fixture, "SELECT min(id) FROM delivery WHERE issue = 1");
    int64_t notice = fixture_sql(fixture, "SELECT min(id) FROM delivery WHERE issue IS NULL");
    assert_ok(nl_subject_test_replied(fixture->store, delivery, &known, &err));
    assert_true(known);
    fixture->fake.now++;
    assert_ok(nl_subject_test_replied(fixture->store, delivery, &known, &err));
    assert_true(known);
    assert_int_equal(count(fixture, "replied_at = 1000000"), 1);
    assert_int_equal(count(fixture, "replied_at IS NOT NULL"), 1);
    assert_ok(nl_subject_test_replied(fixture->store, notice, &known, &err));
    assert_false(known);
    assert_ok(nl_subject_test_replied(fixture->store, 999999, &known, &err));
    assert_false(known);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_sample), TEST(test_decides), TEST(test_somebody_chooses),
        cmocka_unit_test(test_better),     TEST(test_replies), TEST(test_scores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
