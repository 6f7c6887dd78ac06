#include "support.h"

#include "newsletter/base/witness.h"
#include "newsletter/store/delivery.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/issue_control.h"
#include "newsletter/store/resend.h"

#include <stdio.h>
#include <unistd.h>

enum { MANY = 8 };

static int64_t make_issue(struct fixture *fixture, int people) {
    return fixture_send(fixture, people, 1, "\n");
}

static size_t lease(struct fixture *fixture, int64_t issue, const char *owner, size_t max,
                    struct nl_job *jobs) {
    struct nl_error err = {0};
    struct nl_scope scope = {.issue = issue};
    size_t count = 0;
    assert_ok(nl_store_begin_exclusive(fixture->store, &err));
    assert_ok(nl_delivery_lease(fixture->store, &scope, owner, fixture->fake.now + 60, max, jobs,
                                &count, &err));
    assert_ok(nl_store_commit(fixture->store, &err));
    return count;
}

static int64_t issue_of(struct fixture *fixture, int64_t delivery) {
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT coalesce(issue, 0) FROM delivery WHERE id = %lld",
             (long long)delivery);
    return fixture_sql(fixture, sql);
}

static void record(struct fixture *fixture, const struct nl_job *job, const char *owner,
                   struct nl_result result) {
    struct nl_error err = {0};
    assert_ok(nl_delivery_record(fixture->store, issue_of(fixture, job->delivery),
                                 &(const struct nl_record){job->delivery, &result}, 1, owner,
                                 &err));
}

static void free_jobs(struct nl_job *jobs, size_t count) {
    for (size_t i = 0; i < count; i++)
        nl_job_free(&jobs[i]);
}

static void test_nobody_is_leased_twice(void **state) {
    struct fixture *fixture = *state;
    struct nl_job jobs[MANY];
    struct nl_job more[MANY];
    int64_t issue = make_issue(fixture, 5);
    assert_int_equal(lease(fixture, issue, "a", 3, jobs), 3);
    assert_int_equal(lease(fixture, issue, "b", MANY, more), 2);
    assert_int_not_equal(jobs[2].delivery, more[0].delivery);
    free_jobs(jobs, 3);
    assert_int_equal(lease(fixture, issue, "c", MANY, jobs), 0);
    free_jobs(more, 2);
}

static void test_outcomes(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_job jobs[MANY];
    struct nl_counts counts = {0};
    bool finished = true;
    int64_t due = 0;
    int64_t issue = make_issue(fixture, 6);
    assert_int_equal(lease(fixture, issue, "a", MANY, jobs), 6);
    record(fixture, &jobs[0], "a", (struct nl_result){.outcome = NL_SENT, .code = 250});
    record(fixture, &jobs[1], "a",
           (struct nl_result){.outcome = NL_DEFERRED,
                              .next_attempt_at = fixture->fake.now + 50,
                              .code = 451,
                              .text = "later"});
    record(fixture, &jobs[2], "a", (struct nl_result){.outcome = NL_BOUNCED, .code = 550});
    record(fixture, &jobs[3], "a", (struct nl_result){.outcome = NL_UNKNOWN});
    record(fixture, &jobs[4], "a", (struct nl_result){.outcome = NL_REQUEUED});
    record(fixture, &jobs[5], "stranger", (struct nl_result){.outcome = NL_SENT});
    assert_ok(nl_issue_count(fixture->store, issue, &counts, &err));
    assert_int_equal(counts.sent, 1);
    assert_int_equal(counts.deferred, 1);
    assert_int_equal(counts.bounced, 1);
    assert_int_equal(counts.unknown, 1);
    assert_int_equal(counts.queued, 1);
    assert_int_equal(counts.leased, 1); /* only its owner may speak for a lease */
    assert_int_equal(
        fixture_sql(fixture, "SELECT CAST(sum(attempts) AS BIGINT) FROM delivery WHERE issue = 1"),
        4);
    assert_ok(nl_delivery_next_due(fixture->store, issue, &due, &err));
    assert_int_equal(due, fixture->fake.now + 50);
    assert_ok(nl_issue_finish(fixture->store, issue, &finished, &err));
    assert_false(finished);
    free_jobs(jobs, 6);
}

static void test_deferred_comes_back_when_due(void **state) {
    struct fixture *fixture = *state;
    struct nl_job jobs[MANY];
    int64_t issue = make_issue(fixture, 1);
    assert_int_equal(lease(fixture, issue, "a", MANY, jobs), 1);
    int64_t first = jobs[0].first_attempt_at;
    record(fixture, &jobs[0], "a",
           (struct nl_result){.outcome = NL_DEFERRED, .next_attempt_at = fixture->fake.now + 50});
    free_jobs(jobs, 1);
    assert_int_equal(lease(fixture, issue, "a", MANY, jobs), 0);
    fixture->fake.now += 50;
    assert_int_equal(lease(fixture, issue, "a", MANY, jobs), 1);
    assert_int_equal(jobs[0].attempts, 1);
    assert_int_equal(jobs[0].first_attempt_at, first);
    free_jobs(jobs, 1);
}

static void test_ended_subscriptions_are_skipped(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_job jobs[MANY];
    bool ok = true;
    int64_t issue = make_issue(fixture, 5);
    fixture_sql(fixture, "UPDATE subscription SET state = 'unsubscribed' WHERE id IN (1, 2)");
    fixture_sql(fixture, "INSERT INTO suppression VALUES ('user2@d0.example.org', 'x', 1)");
    assert_int_equal(lease(fixture, issue, "a", 2, jobs), 1); /* two of the first three ended */
    free_jobs(jobs, 1);
    assert_int_equal(lease(fixture, issue, "a", 2, jobs), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'skipped'"),
                     3);
    /* Ended between the lease and the final dot: it must not go out. */
    fixture_sql(fixture, "UPDATE subscription SET state = 'unsubscribed' WHERE id = 5");
    assert_ok(nl_delivery_commit_points(fixture->store, issue, &jobs[0].delivery, 1, false, "a",
                                        &ok, &err));
    assert_false(ok);
    free_jobs(jobs, 1);
}

/* Three commit points ahead of time. Of a process that was killed it is known which message had
 * begun; of a machine that went down it is not. */
static void recover_ahead(struct fixture *fixture, bool reboot) {
    struct nl_error err = {0};
    char owner[40]; /* its file is this process's own: tests run at the same time */
    struct nl_job jobs[MANY];
    struct nl_counts counts = {0};
    bool ok[3] = {false};
    int64_t count = 0;
    snprintf(owner, sizeof owner, "00000000-0000-4000-8000-%012x", (unsigned)getpid());
    int64_t issue = make_issue(fixture, 4);
    assert_int_equal(lease(fixture, issue, owner, 4, jobs), 4);
    const int64_t ids[] = {jobs[0].delivery, jobs[1].delivery, jobs[2].delivery};
    assert_ok(nl_delivery_commit_points(fixture->store, issue, ids, 3, true, owner, ok, &err));
    assert_true(ok[0] && ok[1] && ok[2]);
    struct nl_witness *witness = nl_witness_open(owner);
    assert_non_null(witness);
    nl_witness_note(witness, ids[1]);
    nl_witness_close(witness, reboot);
    fixture->fake.now += 7200;
    assert_ok(nl_delivery_recover(fixture->store, issue, &count, &err));
    assert_int_equal(count, reboot ? 3 : 1);
    assert_ok(nl_issue_count(fixture->store, issue, &counts, &err));
    assert_int_equal(counts.unknown, reboot ? 3 : 1);
    assert_int_equal(counts.queued, reboot ? 1 : 3);
    assert_int_equal(nl_witness_ask(owner, ids[1]), NL_TESTIMONY_NONE);
    free_jobs(jobs, 4);
}

static void test_commit_points_ahead_of_a_process_that_was_killed(void **state) {
    recover_ahead(*state, false);
}

static void test_commit_points_ahead_of_a_machine_that_went_down(void **state) {
    recover_ahead(*state, true);
}

static void test_recovery(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_job jobs[MANY];
    struct nl_counts counts = {0};
    bool ok = false;
    int64_t count = 0;
    int64_t issue = make_issue(fixture, 4);
    assert_int_equal(lease(fixture, issue, "dead", 3, jobs), 3);
    assert_ok(nl_delivery_commit_points(fixture->store, issue, &jobs[0].delivery, 1, false, "dead",
                                        &ok, &err));
    assert_true(ok);
    if (!nl_store_is_file(fixture->path)) { /* whose leases end by time alone */
        assert_ok(nl_delivery_recover(fixture->store, issue, &count, &err));
        assert_int_equal(count, 0);
        fixture->fake.now += 3600;
    }
    assert_ok(nl_delivery_recover(fixture->store, issue, &count, &err));
    assert_int_equal(count, 1);
    assert_ok(nl_issue_count(fixture->store, issue, &counts, &err));
    assert_int_equal(counts.unknown, 1);
    assert_int_equal(counts.queued, 3);
    const struct nl_resend unknown = {.issue = issue, .state = NL_DELIVERY_UNKNOWN};
    struct nl_resend_counts again = {0};
    assert_ok(nl_resend(fixture->store, &unknown, &again, &err));
    assert_int_equal(again.people, 1);
    assert_ok(nl_issue_count(fixture->store, issue, &counts, &err));
    assert_int_equal(counts.queued, 4);
    free_jobs(jobs, 3);
}

/* A wait that a reply, a rate or an hour cannot explain comes from a wrong clock. */
static void test_waits_are_bounded(void **state) {
    enum { LONGEST = 3600, DAYS = 3 * 86400 };
    static const struct {
        const char *set; /* of the row; ?d is three days ahead */
        bool due;
    } rows[] = {
        {"attempts = 1, next_attempt_at = 1000000 + 259200", true},
        {"attempts = 1, next_attempt_at = 1000000 + 3600", false},
        {"attempts = 0, next_attempt_at = 1000000 + 259200", false},
        {"attempts = 0, next_attempt_at = 1000000 + 259200, paced_at = 1259200", true},
        {"attempts = 2, next_attempt_at = 1000000 + 3603, paced_at = 1003603", false},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    char sql[256];
    int64_t issue = make_issue(fixture, 5);
    fixture->fake.now = 1000000;
    for_each_row (i, rows, rows[i].set) {
        snprintf(sql, sizeof sql,
                 "UPDATE delivery SET state = 'deferred', %s WHERE id = (SELECT "
                 "min(id) FROM delivery WHERE state = 'queued' AND issue IS NOT NULL)",
                 rows[i].set);
        fixture_sql(fixture, sql);
    }
    assert_ok(nl_delivery_bound_waits(fixture->store, issue, LONGEST, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE next_attempt_at = "
                                          "1000000"),
                     2);
    for_each_row (i, rows, rows[i].set) {
        snprintf(sql, sizeof sql,
                 "SELECT next_attempt_at = 1000000 FROM delivery WHERE issue IS NOT "
                 "NULL ORDER BY id LIMIT 1 OFFSET %zu",
                 i);
        assert_int_equal(fixture_sql(fixture, sql), rows[i].due);
    }
}

static void test_leases_of_notices_expire(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t count = 0;
    fixture_subscribe(fixture, "ann@example.org");
    fixture_sql(fixture, "UPDATE delivery SET state = 'leased', lease_owner = 'x', "
                         "lease_until = 1000010 WHERE issue IS NULL");
    assert_ok(nl_delivery_recover(fixture->store, 0, &count, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'leased'"),
                     1);
    fixture->fake.now = 1000010;
    assert_ok(nl_delivery_recover(fixture->store, 0, &count, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'queued'"),
                     1);
}

/* A lease that has passed to another owner: the first one must not send any more. */
static void test_only_the_owner_reaches_the_commit_point(void **state) {
    static const char *const others[] = {"queued", "sent",    "deferred", "bounced",
                                         "failed", "unknown", "skipped"};
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_job jobs[MANY];
    char sql[128];
    bool ok[2] = {true, true};
    int64_t issue = make_issue(fixture, 2);
    assert_int_equal(lease(fixture, issue, "first", 1, jobs), 1);
    assert_int_equal(lease(fixture, issue, "second", 1, jobs + 1), 1);
    const int64_t deliveries[] = {jobs[0].delivery, jobs[1].delivery};
    assert_ok(
        nl_delivery_commit_points(fixture->store, issue, deliveries, 2, false, "first", ok, &err));
    assert_true(ok[0] && !ok[1]);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE dot_at IS NOT NULL"),
                     1);
    for_each_row (i, others, NULL) {
        snprintf(sql, sizeof sql, "UPDATE delivery SET state = '%s' WHERE id = %lld", others[i],
                 (long long)deliveries[0]);
        fixture_sql(fixture, sql);
        assert_ok(nl_delivery_commit_points(fixture->store, issue, deliveries, 1, false, "first",
                                            ok, &err));
        if (ok[0])
            fail_msg("a delivery that is %s by now was sent", others[i]);
    }
    free_jobs(jobs, 2);
}

/* A result that comes late, when others have taken the delivery over, changes nothing; but that it
 * was sent is still recorded of one that has become unknown. */
static void test_late_results(void **state) {
    static const enum nl_outcome late[] = {NL_SENT,   NL_DEFERRED, NL_BOUNCED,
                                           NL_FAILED, NL_UNKNOWN,  NL_REQUEUED};
    struct fixture *fixture = *state;
    struct nl_job jobs[MANY];
    char sql[160];
    int64_t issue = make_issue(fixture, 1);
    assert_int_equal(lease(fixture, issue, "me", 1, jobs), 1);
    for (int now = NL_DELIVERY_QUEUED; now < NL_DELIVERY_STATES; now++) {
        for_each_row (i, late, NULL) {
            const char *word = nl_delivery_state_text((enum nl_delivery_state)now);
            bool stays = !(now == NL_DELIVERY_UNKNOWN && late[i] == NL_SENT);
            snprintf(sql, sizeof sql,
                     "UPDATE delivery SET state = '%s', lease_owner = '%s', attempts = 1 "
                     "WHERE issue = 1",
                     word, now == NL_DELIVERY_LEASED ? "another" : "me");
            fixture_sql(fixture, sql);
            record(fixture, &jobs[0], "me",
                   (struct nl_result){.outcome = late[i], .next_attempt_at = 5, .text = "late"});
            snprintf(sql, sizeof sql,
                     "SELECT count(*) FROM delivery WHERE issue = 1 AND state = '%s' AND attempts "
                     "= 1",
                     stays ? word : "sent");
            if (fixture_sql(fixture, sql) != 1)
                fail_msg("a late result %d changed a delivery that is %s", (int)late[i], word);
        }
    }
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE detail = 'late'"), 0);
    free_jobs(jobs, 1);
}

/* One owner's heart-beat and postponement leave another's leases alone. */
static void test_two_owners(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_job jobs[MANY];
    int64_t issue = make_issue(fixture, 2);
    assert_int_equal(lease(fixture, issue, "a", 1, jobs), 1);
    assert_int_equal(lease(fixture, issue, "b", 1, jobs + 1), 1);
    assert_ok(nl_delivery_renew(fixture->store, issue, "a", 5000000, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE lease_until = "
                                          "5000000 AND lease_owner = 'a'"),
                     1);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE lease_until = 5000000"), 1);
    assert_ok(nl_delivery_postpone(fixture->store, issue, jobs[1].delivery, "a", 9, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'leased'"),
                     2);
    assert_ok(nl_delivery_postpone(fixture->store, issue, jobs[1].delivery, "b", 9, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'deferred' "
                                          "AND next_attempt_at = 9 AND attempts = 0"),
                     1);
    free_jobs(jobs, 2);
}

static void test_same_slug_twice(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_issue issue = {0};
    bool found = false;
    int64_t count = 0;
    make_issue(fixture, 1);
    assert_ok(nl_issue_find(fixture->store, fixture->list.id, "one", &found, &issue, &err));
    assert_true(found);
    assert_int_equal(issue.state, NL_ISSUE_SENDING);
    assert_fails(nl_issue_create(fixture->store, &issue, &count, &err), NL_BUSY, "another process");
    nl_issue_free(&issue);
    assert_ok(nl_issue_find(fixture->store, fixture->list.id, "two", &found, &issue, &err));
    assert_false(found);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 1"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nobody_is_leased_twice, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_outcomes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_deferred_comes_back_when_due, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_ended_subscriptions_are_skipped, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_commit_points_ahead_of_a_process_that_was_killed,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_commit_points_ahead_of_a_machine_that_went_down,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_recovery, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_waits_are_bounded, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_leases_of_notices_expire, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_only_the_owner_reaches_the_commit_point, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_late_results, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_two_owners, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_same_slug_twice, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
