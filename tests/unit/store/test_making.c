/* An issue that is made in parts: who is in it, whatever happens between two parts. */
#include "support.h"

#include "newsletter/base/zone.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/issue_control.h"
#include "newsletter/store/making.h"
#include "newsletter/store/subject_test.h"

#include <pthread.h>
#include <stdio.h>

enum { PEOPLE = 2 * NL_PART + 500, PARTS = 3, DAY = 86400 };

static struct nl_issue an_issue(const char *segment) {
    return (struct nl_issue){.list = 1,
                             .slug = (char *)"one",
                             .title = (char *)"One",
                             .subject = (char *)"One",
                             .date = (char *)"2026-08-25",
                             .source = (char *)"x",
                             .message = (char *)"\n",
                             .message_len = 1,
                             .digest = (char *)"d",
                             .segment = (char *)segment};
}

static int64_t begin(struct fixture *fixture, struct nl_issue issue) {
    struct nl_error err = {0};
    int64_t first = 0;
    assert_ok(nl_issue_create(fixture->store, &issue, &first, &err));
    assert_int_equal(issue.id, 1);
    return first;
}

static int64_t count(struct fixture *fixture, const char *condition) {
    char sql[300];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM delivery WHERE issue = 1 AND %s", condition);
    return fixture_sql(fixture, sql);
}

static enum nl_part_result next(struct fixture *fixture) {
    struct nl_error err = {0};
    enum nl_part_result result = NL_PART_TAKEN;
    assert_ok(nl_making_next(fixture->store, 1, &result, &err));
    return result;
}

static void make_the_rest(struct fixture *fixture) {
    while (next(fixture) == NL_PART_MADE)
        ;
}

/* A process that ends between two parts leaves nothing but the database. */
static void begin_again(struct fixture *fixture) {
    struct nl_error err = {0};
    nl_store_close(fixture->store);
    assert_ok(nl_store_open(fixture->path, &fixture->env, &fixture->store, &err));
}

/* No transaction makes more than a part, and the totals and the estimate are right after each. */
static void test_part_by_part(void **state) {
    static const int made[] = {NL_PART, 2 * NL_PART, PEOPLE};
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_making making = {0};
    struct nl_counts counts = {0};
    int64_t left = 0;
    int64_t unknown = 0;
    bool finished = true;
    fixture_add_people(fixture, PEOPLE);
    assert_int_equal(begin(fixture, an_issue(NULL)), NL_PART);
    for (int part = 0; part < PARTS; part++) {
        begin_again(fixture);
        if (part > 0)
            assert_int_equal(next(fixture), NL_PART_MADE);
        assert_int_equal(count(fixture, "state = 'queued'"), made[part]);
        assert_ok(nl_issue_count(fixture->store, 1, &counts, &err));
        assert_int_equal(counts.queued, made[part]);
        assert_ok(nl_making_read(fixture->store, 1, &making, &err));
        assert_int_equal(making.unfinished, part + 1 < PARTS);
        assert_int_equal(making.about, part + 1 < PARTS ? PEOPLE : 0);
        assert_int_equal(making.made, part + 1 < PARTS ? made[part] : 0);
        assert_ok(nl_issue_left(fixture->store, 1, &left, &unknown, &err));
        assert_int_equal(left, PEOPLE);
        fixture_sql(fixture, "UPDATE delivery SET state = 'sent'");
        assert_ok(nl_issue_finish(fixture->store, 1, &finished, &err));
        assert_int_equal(finished, part + 1 == PARTS);
        if (!finished)
            fixture_sql(fixture, "UPDATE delivery SET state = 'queued'");
    }
    assert_int_equal(next(fixture), NL_PART_NONE);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM making"), 0);
}

/* The audience is that of the beginning, less those who leave before their part. */
static void test_who_joins_and_who_leaves(void **state) {
    static const struct {
        const char *name, *before, *meanwhile;
        int subscription;
        bool gets_it;
    } cases[] = {
        {"stays", NULL, NULL, PEOPLE, true},
        {"leaves before their part", NULL, "state = 'unsubscribed'", PEOPLE, false},
        {"leaves after their part", NULL, "state = 'unsubscribed'", 1, true}, /* skipped later */
        {"confirms before their part", "state = 'pending'", "state = 'active'", PEOPLE - 1, false},
        {"confirms after it", "state = 'pending'", "state = 'active'", 1, false},
        {"comes back before their part", "state = 'unsubscribed'", "state = 'active'", PEOPLE - 1,
         false},
        {"confirmed before the beginning", "state = 'active'", NULL, PEOPLE - 1, true},
    };
    for_each_row (i, cases, cases[i].name) {
        void *own = NULL;
        char sql[200];
        fixture_setup(&own);
        struct fixture *fixture = own;
        fixture_add_people(fixture, PEOPLE);
        for (int step = 0; step < 2; step++) {
            const char *change = step == 0 ? cases[i].before : cases[i].meanwhile;
            snprintf(sql, sizeof sql, "UPDATE subscription SET %s WHERE id = %d", change,
                     cases[i].subscription);
            if (change != NULL)
                fixture_sql(fixture, sql);
            if (step == 0)
                begin(fixture, an_issue(NULL));
        }
        make_the_rest(fixture);
        snprintf(sql, sizeof sql, "subscription = %d", cases[i].subscription);
        assert_int_equal(count(fixture, sql), cases[i].gets_it);
        assert_int_equal(count(fixture, "TRUE"), PEOPLE - !cases[i].gets_it);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM making_late"), 0);
        row_at(NULL, 0, NULL);
        fixture_teardown(&own);
    }
    (void)state;
}

static void test_a_sign_up_commits_between_two_parts(void **state) {
    struct fixture *fixture = *state;
    fixture_add_people(fixture, PEOPLE);
    begin(fixture, an_issue(NULL));
    int64_t id = fixture_subscribe(fixture, "new@example.org"); /* confirmed at once */
    assert_int_equal(id, PEOPLE + 1);
    make_the_rest(fixture);
    assert_int_equal(count(fixture, "TRUE"), PEOPLE);
}

/* A part that fails in the middle has made nothing. */
static void test_a_part_that_fails(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    enum nl_part_result result = NL_PART_NONE;
    char sql[256];
    if (!nl_store_is_file(fixture->path))
        return; /* the trigger is written for SQLite */
    fixture_add_people(fixture, PEOPLE);
    begin(fixture, an_issue(NULL));
    snprintf(sql, sizeof sql,
             "CREATE TRIGGER fault BEFORE INSERT ON delivery WHEN NEW.subscription = %d BEGIN "
             "SELECT RAISE(ABORT, 'no room'); END",
             NL_PART + NL_PART / 2);
    fixture_sql(fixture, sql);
    begin_again(fixture);
    assert_int_not_equal(nl_making_next(fixture->store, 1, &result, &err), NL_OK);
    assert_non_null(strstr(nl_error_text(&err), "no room"));
    nl_error_free(&err);
    assert_int_equal(count(fixture, "TRUE"), NL_PART);
    fixture_sql(fixture, "DROP TRIGGER fault");
    begin_again(fixture);
    make_the_rest(fixture);
    assert_int_equal(count(fixture, "TRUE"), PEOPLE);
}

struct worker {
    const struct fixture *fixture;
    int parts;
    enum nl_status status;
};

static void *work(void *ctx) {
    struct worker *worker = ctx;
    struct nl_store *store = NULL;
    struct nl_error err = {0};
    enum nl_part_result result = NL_PART_MADE;
    worker->status = nl_store_open(worker->fixture->path, &nl_env_system, &store, &err);
    while (worker->status == NL_OK && result != NL_PART_NONE) {
        worker->status = nl_making_next(store, 1, &result, &err);
        worker->parts += worker->status == NL_OK && result == NL_PART_MADE;
    }
    nl_store_close(store);
    nl_error_free(&err);
    return NULL;
}

static void test_two_at_once(void **state) {
    struct fixture *fixture = *state;
    struct worker workers[2] = {{.fixture = fixture}, {.fixture = fixture}};
    pthread_t threads[2];
    fixture_add_people(fixture, PEOPLE);
    begin(fixture, an_issue(NULL));
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].status, NL_OK);
    }
    assert_true(workers[0].parts + workers[1].parts >= PARTS - 1);
    assert_int_equal(count(fixture, "TRUE"), PEOPLE);
    assert_int_equal(fixture_sql(fixture, "SELECT CAST(sum(waiting) AS BIGINT) FROM issue_total"),
                     PEOPLE);
}

static void test_paused_and_resumed(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_issue_change change = {0};
    fixture_add_people(fixture, PEOPLE);
    begin(fixture, an_issue(NULL));
    assert_ok(nl_issue_control(fixture->store, 1, NL_ISSUE_PAUSE, NULL, NULL, &change, &err));
    assert_int_equal(next(fixture), NL_PART_NONE);
    assert_int_equal(count(fixture, "TRUE"), NL_PART);
    assert_ok(nl_issue_control(fixture->store, 1, NL_ISSUE_RESUME, NULL, NULL, &change, &err));
    make_the_rest(fixture);
    assert_int_equal(count(fixture, "TRUE"), PEOPLE);
}

/* Everybody who will not get it is counted, also those whose delivery was never made. A run that
 * has leased one finishes it. */
static void test_cancelled(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_issue_change change = {0};
    fixture_add_people(fixture, PEOPLE);
    begin(fixture, an_issue(NULL));
    fixture_sql(fixture, "UPDATE delivery SET state = 'leased' WHERE subscription = 1");
    assert_ok(nl_issue_control(fixture->store, 1, NL_ISSUE_CANCEL, NULL, NULL, &change, &err));
    assert_int_equal(change.skipped, PEOPLE - 1);
    assert_int_equal(count(fixture, "state = 'skipped'"), NL_PART - 1);
    assert_int_equal(next(fixture), NL_PART_NONE);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM making"), 0);
}

/* A crash in the middle of it leaves an issue that is cancelled, and something to do. */
static void test_a_cancellation_goes_on(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    fixture_add_people(fixture, PEOPLE);
    begin(fixture, an_issue(NULL));
    fixture_sql(fixture, "UPDATE issue SET state = 'cancelled'");
    fixture_sql(fixture, "UPDATE delivery SET state = 'deferred' WHERE subscription % 2 = 0");
    assert_ok(nl_issue_skip_cancelled(fixture->store, &err));
    assert_int_equal(count(fixture, "state = 'skipped'"), NL_PART);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM making"), 0);
}

/* The sample is the share of all, not of a part, and waits for no decision until it is whole. */
static void test_two_subjects(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool decided = true;
    struct nl_issue issue = an_issue(NULL);
    issue.alternative_subject = (char *)"Two";
    issue.test = (struct nl_subject_plan){.share = 10, .wait = 60};
    fixture_add_people(fixture, PEOPLE);
    begin(fixture, issue);
    assert_int_equal(count(fixture, "state = 'queued'"), NL_PART / 10);
    fixture->fake.now += 100;
    assert_ok(nl_subject_test_decide(fixture->store, 1, 0, &decided, &err));
    assert_false(decided);
    make_the_rest(fixture);
    assert_int_equal(count(fixture, "variant = 1 AND state = 'queued'"), PEOPLE / 20);
    assert_int_equal(count(fixture, "variant = 2 AND state = 'queued'"), PEOPLE / 20);
    assert_int_equal(count(fixture, "variant IS NULL AND state = 'deferred'"), PEOPLE * 9 / 10);
    assert_ok(nl_subject_test_decide(fixture->store, 1, 0, &decided, &err));
    assert_true(decided);
    assert_int_equal(count(fixture, "variant IS NULL AND state = 'queued'"), NL_PART);
    make_the_rest(fixture);
    assert_int_equal(count(fixture, "state = 'queued'"), PEOPLE);
}

/* Somebody chooses while the sample is made: the rest gets that subject. */
static void test_a_choice_in_the_middle(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool decided = false;
    struct nl_issue issue = an_issue(NULL);
    issue.alternative_subject = (char *)"Two";
    issue.test = (struct nl_subject_plan){.share = 10, .wait = 60};
    fixture_add_people(fixture, PEOPLE);
    begin(fixture, issue);
    assert_ok(nl_subject_test_decide(fixture->store, 1, 2, &decided, &err));
    assert_true(decided);
    make_the_rest(fixture);
    assert_int_equal(count(fixture, "state = 'queued'"), PEOPLE);
    assert_int_equal(count(fixture, "variant IS NOT NULL"), NL_PART / 10);
}

static void test_hours_in_every_part(void **state) {
    struct fixture *fixture = *state;
    int64_t almaty = 0;
    int64_t utc = 0;
    char sql[100];
    struct nl_issue issue = an_issue(NULL);
    issue.local_time = (char *)"2030-12-01 09:00";
    fixture_add_people(fixture, PEOPLE);
    fixture_sql(fixture,
                "UPDATE subscriber SET attributes = '{\"timezone\":\"Asia/Almaty\"}' WHERE "
                "id % 2 = 0");
    fixture_sql(fixture, "UPDATE subscriber SET attributes = '{\"timezone\":\"Mars/X\"}' WHERE "
                         "id % 4 = 1");
    begin(fixture, issue);
    make_the_rest(fixture);
    assert_true(nl_zone_time(issue.local_time, "Asia/Almaty", &almaty));
    assert_true(nl_zone_time(issue.local_time, "UTC", &utc));
    snprintf(sql, sizeof sql, "state = 'deferred' AND next_attempt_at = %lld", (long long)almaty);
    assert_int_equal(count(fixture, sql), PEOPLE / 2);
    snprintf(sql, sizeof sql, "state = 'deferred' AND next_attempt_at = %lld", (long long)utc);
    assert_int_equal(count(fixture, sql), PEOPLE / 2);
}

/* The people who waited for a canary get their hours, part by part: neither the sample, which comes
 * first and has the issue, nor the readers of another issue are in the way. */
static void test_hours_after_a_canary(void **state) {
    struct fixture *fixture = *state;
    char sql[200];
    struct nl_issue issue = an_issue(NULL);
    issue.local_time = (char *)"2030-12-01 09:00";
    fixture_add_people(fixture, PEOPLE);
    begin(fixture, issue);
    make_the_rest(fixture);
    fixture_issue(fixture, 2, "sending");
    fixture_sql(fixture, "INSERT INTO canary (issue, share, people, state, token, newer_than) "
                         "SELECT id, 100, 0, 'waiting', 't', 0 FROM issue");
    fixture_sql(fixture, "UPDATE delivery SET next_attempt_at = NULL");
    snprintf(sql, sizeof sql, "UPDATE delivery SET state = 'sent' WHERE subscription <= %d",
             NL_PART);
    fixture_sql(fixture, sql);
    fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                         "updated_at) VALUES ('issue', 2, 1, 'deferred', 1, 1)");
    assert_int_equal(next(fixture), NL_PART_NONE);
    fixture_sql(fixture, "UPDATE canary SET state = 'passed' WHERE issue = 1");
    for (int part = 0; part < PARTS - 1; part++)
        assert_int_equal(next(fixture), NL_PART_MADE);
    assert_int_equal(next(fixture), NL_PART_NONE);
    assert_int_equal(count(fixture, "next_attempt_at IS NOT NULL"), PEOPLE - NL_PART);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 2 AND "
                                          "next_attempt_at IS NULL"),
                     1);
}

/* "10 days ago" is ten days before the beginning, whenever a part is made. */
static void test_a_segment_counts_from_the_beginning(void **state) {
    struct fixture *fixture = *state;
    fixture_add_people(fixture, PEOPLE);
    fixture->fake.now = 1000000 + 20 * DAY;
    fixture_sql(fixture, "UPDATE subscription SET confirmed_at = 1000000 + 86400 * 9");
    assert_int_equal(begin(fixture, an_issue("joined < \"10 days ago\"")), NL_PART);
    fixture->fake.now -= 5 * DAY;
    begin_again(fixture);
    make_the_rest(fixture);
    assert_int_equal(count(fixture, "TRUE"), PEOPLE);
}

/* Further people are made after those of before; nobody is in both. */
static void test_extended_in_the_middle(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t further = -1;
    int64_t made = -1;
    char sql[100];
    fixture_add_people(fixture, PEOPLE);
    snprintf(sql, sizeof sql, "UPDATE subscription SET state = 'pending' WHERE id = %d", PEOPLE);
    fixture_sql(fixture, sql);
    begin(fixture, an_issue(NULL));
    fixture_sql(fixture, "UPDATE subscription SET state = 'active'");
    fixture_sql(fixture, "UPDATE delivery SET state = 'skipped' WHERE subscription = 7");
    assert_ok(nl_issue_further(fixture->store, 1, NULL, &further, &err));
    assert_int_equal(further, 2); /* not those who are still to be made */
    assert_ok(nl_issue_extend(fixture->store, 1, NULL, NULL, &made, &err));
    assert_int_equal(made, 0); /* not before the first one is made */
    make_the_rest(fixture);
    assert_int_equal(count(fixture, "state = 'queued'"), PEOPLE);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM making"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_part_by_part),
        cmocka_unit_test(test_who_joins_and_who_leaves),
        TEST(test_a_sign_up_commits_between_two_parts),
        TEST(test_a_part_that_fails),
        TEST(test_two_at_once),
        TEST(test_paused_and_resumed),
        TEST(test_cancelled),
        TEST(test_a_cancellation_goes_on),
        TEST(test_two_subjects),
        TEST(test_a_choice_in_the_middle),
        TEST(test_hours_in_every_part),
        TEST(test_hours_after_a_canary),
        TEST(test_a_segment_counts_from_the_beginning),
        TEST(test_extended_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
