#include "support.h"

#include "db/sqlite/sqlite.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/delivery.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/issue_control.h"
#include "newsletter/store/statistics.h"
#include "newsletter/store/subject_test.h"
#include "newsletter/store/task.h"
#include "newsletter/store/throttle.h"
#include "store/unconfirmed.h"

#include <stdio.h>

enum { LEASES = 20 };

/* An issue of which all but `left` of `people` deliveries are done. */
static void make_issue(struct fixture *fixture, int64_t people, int64_t left) {
    char sql[1200];
    snprintf(sql, sizeof sql,
             "INSERT INTO issue (id, list, slug, title, subject, date, source, message, digest, "
             "state, created_at) "
             "VALUES (1, 1, 'a', 'T', 'S', '2026-08-25', 'x', x'0a', 'd', 'sending', 1)");
    fixture_sql(fixture, sql);
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %lld) "
             "INSERT INTO subscriber (id, uuid, address, address_key, created_at) "
             "SELECT i, i, 'a' || i || '@x.org', 'a' || i || '@x.org', 1 FROM n",
             (long long)people);
    fixture_sql(fixture, sql);
    fixture_sql(
        fixture,
        "INSERT INTO subscription (id, list, subscriber, state, token, consent_at, created_at) "
        "SELECT id, 1, id, 'active', printf('00000000-0000-4000-8000-%012d', id), 1, 1 FROM "
        "subscriber");
    snprintf(
        sql, sizeof sql,
        "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at, dot_at, "
        "next_attempt_at) "
        "SELECT 'issue', 1, id, CASE WHEN id <= %lld THEN 'sent' WHEN id %% 10 = 0 THEN 'leased' "
        "WHEN id %% 10 = 1 THEN 'deferred' WHEN id %% 10 = 2 THEN 'unknown' ELSE 'queued' END, 1, "
        "1, "
        "iif(id %% 20 = 0, 5, NULL), 5 FROM subscription",
        (long long)(people - left));
    fixture_sql(fixture, sql);
}

static enum nl_status pass_over(const struct nl_delivery_row *row, void *ctx,
                                struct nl_error *err) {
    (void)row;
    (void)ctx;
    (void)err;
    return NL_OK;
}

/* The lists of `status ISSUE` and of reports. */
static void list_deliveries(struct nl_store *store) {
    static const enum nl_delivery_state states[] = {NL_DELIVERY_BOUNCED, NL_DELIVERY_FAILED,
                                                    NL_DELIVERY_SKIPPED, NL_DELIVERY_DEFERRED,
                                                    NL_DELIVERY_UNKNOWN};
    struct nl_error err = {0};
    int64_t replies = 0;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        assert_ok(nl_delivery_each(store, 1, states[i], 0, 1000, pass_over, NULL, &err));
    assert_ok(nl_statistics_replies(store, 1, &replies, &err));
}

/* The queries of a run from its start to its first messages and the end, as cron's retry would. */
static void resume(struct fixture *fixture) {
    struct nl_store *store = fixture->store;
    struct nl_error err = {0};
    struct nl_scope scope = {.issue = 1};
    const struct nl_result sent = {.outcome = NL_SENT, .code = 250, .text = "ok"};
    const struct nl_result later = {.outcome = NL_DEFERRED, .next_attempt_at = 9, .text = "no"};
    struct nl_job jobs[LEASES] = {{0}};
    size_t count = 0;
    int64_t number = 0;
    int64_t unknown = 0;
    bool flag = false;
    assert_ok(nl_delivery_recover(store, 1, &unknown, &err));
    assert_ok(nl_issue_left(store, 1, &number, &unknown, &err));
    assert_ok(nl_subject_test_decide(store, 1, 0, &flag, &err));
    assert_ok(nl_issue_is_sending(store, 1, &flag, &err));
    assert_ok(nl_throttle_room(store, "x", 5, &number, &err));
    assert_ok(nl_throttle_spend(store, "x", 5, 2, &err));
    assert_ok(nl_daily_add(store, "2026-12-01", 2, &err));
    assert_ok(nl_daily_tried(store, "2026-12-01", &number, &err));
    assert_ok(nl_delivery_lease(store, &scope, "me", 99, LEASES, jobs, &count, &err));
    assert_int_equal(count, LEASES);
    for (size_t i = 0; i < count; i++) {
        assert_ok(
            nl_delivery_commit_points(store, 1, &jobs[i].delivery, 1, false, "me", &flag, &err));
        assert_true(flag);
        if (i == 0)
            assert_ok(nl_delivery_postpone(store, 1, jobs[i].delivery, "me", 50, &err));
        else
            assert_ok(nl_delivery_record(
                store, 1, &(const struct nl_record){jobs[i].delivery, i % 2 ? &sent : &later}, 1,
                "me", &err));
        nl_job_free(&jobs[i]);
    }
    assert_ok(nl_delivery_waits(store, &scope, &flag, &err));
    assert_ok(nl_delivery_next_due(store, 1, &number, &err));
    assert_ok(nl_issue_finish(store, 1, &flag, &err));
    list_deliveries(store);
}

/* Whether a step of a plan walks a whole table or index. Tables of a row or two do not matter, nor
 * does the ledger, which is read from its end to the first record that fits. */
static bool is_walk(const char *step) {
    static const char *const small[] = {
        "SCAN CONSTANT ROW", "SCAN subject_test", "SCAN issue", "SCAN t", "SCAN i", "SCAN n",
        "SCAN ledger"};
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++)
        if (strcmp(step, small[i]) == 0)
            return false;
    return strncmp(step, "SCAN", 4) == 0 || strstr(step, "USE TEMP B-TREE") != NULL;
}

static void check_plan(sqlite3 *db, const char *sql) {
    struct nl_buf query = {0};
    sqlite3_stmt *plan = NULL;
    nl_buf_addf(&query, "EXPLAIN QUERY PLAN %s", sql);
    assert_int_equal(sqlite3_prepare_v2(db, nl_buf_text(&query), -1, &plan, NULL), SQLITE_OK);
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(plan, 3);
        if (is_walk(step))
            fail_msg("%s: %s", step, sql);
    }
    sqlite3_finalize(plan);
    nl_buf_free(&query);
}

/* Runs a resume over an issue; returns the steps that SQLite's machine took for it. */
static int64_t work(struct fixture *fixture, int64_t people, bool plans) {
    int64_t steps = 0;
    make_issue(fixture, people, 500);
    nl_sql_finalize(fixture->store); /* those of the start, done once whatever the size */
    resume(fixture);
    for (sqlite3_stmt *s = sqlite3_next_stmt(nl_sqlite(fixture->store)->db, NULL); s != NULL;
         s = sqlite3_next_stmt(nl_sqlite(fixture->store)->db, s)) {
        steps += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 0);
        if (plans)
            check_plan(nl_sqlite(fixture->store)->db, sqlite3_sql(s));
    }
    return steps;
}

static void test_no_walks(void **state) {
    work(*state, 2000, true);
}

/* Ten times the recipients, and as much left: as much work. */
static void test_work_goes_by_what_is_left(void **state) {
    struct fixture *small = *state;
    void *other = NULL;
    int64_t few = work(small, 3000, false);
    fixture_setup(&other);
    int64_t many = work(other, 30000, false);
    fixture_teardown(&other);
    assert_in_range(many, 1, few + few / 20);
}

/* Twenty who never confirmed; twenty whom import 1 has added, of whom five have got an issue. */
static void add_newcomers(struct fixture *fixture) {
    fixture_sql(
        fixture,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) "
        "INSERT INTO subscriber (id, uuid, address, address_key, created_at) "
        "SELECT 100000 + i, 'u' || i, 'n' || i || '@y.org', 'n' || i || '@y.org', 1 FROM n");
    fixture_sql(fixture, "INSERT INTO subscription (id, list, subscriber, state, token, "
                         "consent_at, created_at) SELECT id, 1, id, iif(id <= 100020, 'pending', "
                         "'active'), id, 1, 1 FROM subscriber WHERE id > 100000");
    fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                         "updated_at) SELECT 'issue', 1, id, 'queued', 1, 1 FROM subscription "
                         "WHERE id > 100035");
    fixture_sql(fixture, "INSERT INTO delivery (kind, subscription, state, created_at, updated_at) "
                         "SELECT 'confirmation', id, 'sent', 1, 1 FROM subscription WHERE state = "
                         "'pending'");
    fixture_sql(fixture, "INSERT INTO attempt (delivery, at, state) SELECT id, 1, state FROM "
                         "delivery WHERE issue IS NULL");
    fixture_sql(fixture,
                "INSERT INTO task (id, kind, state, started_by, door, name, options, size, "
                "created_at, accepted_at, event_mark, rows_read, rejected, taken, tries, cancel, "
                "tally, undo, result) VALUES (1, 'import', 'undoing', 'x', 'page', 'x.csv', '{}', "
                "1, 1, 1, 0, 20, 0, 20, 1, 0, '', '0 0 0 0', '')");
    fixture_sql(fixture, "INSERT INTO import_change (task, kind, low, high, prefix, first, last) "
                         "VALUES (1, 'added', 100020, 100040, '', '', 'z')");
}

static enum nl_status remove_unconfirmed(struct nl_store *store, void *ctx, struct nl_error *err) {
    return nl_unconfirmed_delete(store, 1000, false, ctx, err);
}

/* The steps of taking away those who never confirmed, and an import's people. */
static int64_t removal(struct fixture *fixture, int64_t people) {
    sqlite3 *db = nl_sqlite(fixture->store)->db;
    struct nl_error err = {0};
    int64_t removed = 0;
    int64_t steps = 0;
    bool done = false;
    make_issue(fixture, people, 500);
    fixture_sql(
        fixture,
        "INSERT INTO returned (digest, at, kind) SELECT CAST(id AS BLOB), 1, 'unknown' FROM "
        "delivery");
    add_newcomers(fixture);
    nl_sql_finalize(fixture->store);
    nl_store_bulk_load(fixture->store, true); /* as long work does */
    assert_ok(nl_sql_exclusive(fixture->store, remove_unconfirmed, &removed, &err));
    assert_int_equal(removed, 20);
    while (!done)
        assert_ok(nl_import_undo_part(fixture->store, 1, &done, &err));
    for (sqlite3_stmt *s = sqlite3_next_stmt(db, NULL); s != NULL; s = sqlite3_next_stmt(db, s))
        steps += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 0);
    nl_store_bulk_load(fixture->store, false);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscription WHERE id > 100000"),
                     5);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE subscription > "
                                          "100000 AND state = 'skipped'"),
                     5);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    return steps;
}

/* Ten times the deliveries, and as many people to take away: as much work. */
static void test_removal_goes_by_whom_it_removes(void **state) {
    void *other = NULL;
    int64_t few = removal(*state, 3000);
    fixture_setup(&other);
    int64_t many = removal(other, 30000);
    fixture_teardown(&other);
    assert_in_range(many, 1, few + few / 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_walks, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_work_goes_by_what_is_left, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_removal_goes_by_whom_it_removes, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
