/* A whole file of people: taken in at once, or staged first and made to count by one commit. */
#include "support.h"

#include "newsletter/db/sql.h"
#include "newsletter/store/import_job.h"
#include "store/import_pack.h"

#include <stdio.h>
#include <stdlib.h>

static const struct nl_import_policy plain = {.consent = "paper", .wording = "Yes, please."};

static struct nl_import_job *begin(struct fixture *fixture, const struct nl_import_policy *policy,
                                   bool dry_run) {
    return nl_import_job_new(fixture->store, policy, dry_run);
}

static void add(struct nl_import_job *job, const char *text) {
    struct nl_error err = {0};
    struct nl_address address = {0};
    const struct nl_member member = {.address = text};
    assert_ok(nl_address_parse(text, &address, &err));
    assert_ok(nl_import_job_add(job, 1, &address, &member, &err));
    nl_address_free(&address);
}

/* So many people, the last of them twice. */
static void add_many(struct nl_import_job *job, int people) {
    for (int i = 0; i <= people; i++) {
        char text[64];
        snprintf(text, sizeof text, "i%04d@example.org", i < people ? i : people - 1);
        add(job, text);
    }
}

static void note_rows(int64_t rows, void *ctx) {
    *(int64_t *)ctx += rows;
}

static int64_t count(struct fixture *fixture, const char *what) {
    char sql[500];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", what);
    return fixture_sql(fixture, sql);
}

/* A file that fits into one part, and one that does not: the same comes of both. */
static void test_finish(void **state) {
    static const int sizes[] = {1, 499, 500, 1300};
    struct fixture *fixture = *state;
    for_each_row (i, sizes, NULL) {
        struct nl_error err = {0};
        struct nl_import_tally tally = {.ended = 7};
        bool counts = false;
        int64_t progress = 0;
        int64_t before = count(fixture, "import");
        struct nl_import_job *job = begin(fixture, &plain, false);
        fixture_sql(fixture, "DELETE FROM subscription");
        fixture_sql(fixture, "DELETE FROM subscriber");
        fixture_sql(fixture, "DELETE FROM event");
        add_many(job, sizes[i]);
        assert_ok(nl_import_job_finish(job, "a file", note_rows, &progress, &counts, &tally, &err));
        nl_import_job_free(job);
        assert_true(counts);
        assert_int_equal(tally.outcomes[NL_IMPORT_ADDED], sizes[i]);
        assert_int_equal(tally.outcomes[NL_IMPORT_UNCHANGED], 1);
        assert_int_equal(tally.added[NL_SUBSCRIPTION_ACTIVE], sizes[i]);
        assert_int_equal(tally.ended, 0);
        assert_int_equal(count(fixture, "subscription WHERE state = 'active' AND consent_source = "
                                        "'paper' AND form_wording IS NOT NULL"),
                         sizes[i]);
        assert_int_equal(count(fixture, "event WHERE kind = 'imported' AND detail = 'a file'"), 1);
        assert_int_equal(count(fixture, "event WHERE kind = 'imported'"), 1);
        assert_int_equal(count(fixture, "import_part"), 0);
        /* 500 rows are as many as one part takes; here they are 501. */
        bool staged = sizes[i] >= 500;
        assert_int_equal(count(fixture, "import"), before + staged);
        assert_int_equal(progress, staged ? sizes[i] + 1 : 0);
    }
    assert_int_equal(count(fixture, "import WHERE accepted_at = 1000000 AND done_at = 1000000 AND "
                                    "begun_at = 1000000 AND detail = 'a file'"),
                     2);
}

/* The policy holds for staged rows, too. */
static void test_staged_policy(void **state) {
    static const struct nl_import_policy asking = {.consent = "fair", .confirm = true};
    static const struct nl_import_policy renewing = {.consent = "fair", .update = true};
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_import_tally tally = {0};
    bool counts = false;
    struct nl_import_job *job = begin(fixture, &asking, false);
    add_many(job, 600);
    assert_ok(nl_import_job_finish(job, "a file", NULL, NULL, &counts, &tally, &err));
    nl_import_job_free(job);
    assert_int_equal(tally.added[NL_SUBSCRIPTION_PENDING], 600);
    assert_int_equal(count(fixture, "subscription WHERE state = 'pending' AND consent_source = "
                                    "'fair' AND form_wording IS NULL"),
                     600);
    for (int renew = 0; renew < 2; renew++) {
        struct nl_address address = {0};
        const struct nl_member member = {.address = "i0000@example.org", .name = "Ida"};
        fixture_sql(fixture, "UPDATE subscriber SET name = 'Old'");
        job = begin(fixture, renew ? &renewing : &plain, false);
        assert_ok(nl_address_parse(member.address, &address, &err));
        assert_ok(nl_import_job_add(job, 1, &address, &member, &err));
        nl_address_free(&address);
        add_many(job, 600);
        assert_ok(nl_import_job_finish(job, "a file", NULL, NULL, &counts, &tally, &err));
        nl_import_job_free(job);
        assert_int_equal(count(fixture, "subscriber WHERE name = 'Ida'"), renew);
    }
}

/* A trial tells what would come of the rows, and leaves nothing. */
static void test_trial(void **state) {
    static const int sizes[] = {3, 1300};
    struct fixture *fixture = *state;
    fixture_subscribe(fixture, "i0000@example.org");
    fixture_sql(fixture, "DELETE FROM event");
    for_each_row (i, sizes, NULL) {
        struct nl_error err = {0};
        struct nl_import_tally tally = {0};
        struct nl_import_job *job = begin(fixture, &plain, true);
        add_many(job, sizes[i]);
        assert_ok(nl_import_job_try(job, &tally, &err));
        nl_import_job_free(job);
        assert_int_equal(tally.outcomes[NL_IMPORT_ADDED], sizes[i] - 1);
        assert_int_equal(tally.outcomes[NL_IMPORT_UNCHANGED], 2);
        assert_int_equal(count(fixture, "subscriber"), 1);
        assert_int_equal(count(fixture, "import"), 0);
        assert_int_equal(count(fixture, "event"), 0);
    }
}

/* ---- what another process has left ---- */

static void leave_import(struct fixture *fixture, int64_t id, int64_t begun, bool accepted,
                         const char *address) {
    struct nl_error err = {0};
    struct nl_buf rows = {0};
    struct nl_address parsed = {0};
    const struct nl_member member = {.address = address};
    char sql[320];
    snprintf(sql, sizeof sql,
             "INSERT INTO import (id, begun_at, accepted_at, consent, detail, confirm, renew, "
             "tally) VALUES (%lld, %lld, %s, 'paper', 'file %lld', 0, 0, '')",
             (long long)id, (long long)begun, accepted ? "5" : "NULL", (long long)id);
    fixture_sql(fixture, sql);
    assert_ok(nl_address_parse(address, &parsed, &err));
    nl_import_pack(&rows, 1, &parsed, &member);
    assert_ok(nl_sql_run(fixture->store, &err,
                         "INSERT INTO import_part (import, content) VALUES (?, ?)",
                         NL_VALUES(NL_INT(id), NL_BYTES(rows.data, rows.len))));
    nl_address_free(&parsed);
    nl_buf_free(&rows);
}

/* Rows that count are taken in by the next one who reads the list; the others stay as they are. */
static void test_settled(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool open = true;
    assert_ok(nl_import_is_open(fixture->store, &open, &err));
    assert_false(open);
    leave_import(fixture, 1, 1000000, false, "ann@example.org");
    assert_ok(nl_import_is_open(fixture->store, &open, &err));
    assert_false(open);
    assert_ok(nl_import_settle(fixture->store, &err));
    assert_int_equal(count(fixture, "subscriber"), 0);
    leave_import(fixture, 2, 1000000, true, "bob@example.org");
    leave_import(fixture, 3, 1000000, true, "cyd@example.org");
    assert_ok(nl_import_is_open(fixture->store, &open, &err));
    assert_true(open);
    fixture->fake.now = 1000009;
    assert_ok(nl_import_settle(fixture->store, &err));
    assert_ok(nl_import_is_open(fixture->store, &open, &err));
    assert_false(open);
    assert_int_equal(count(fixture, "subscriber"), 2);
    assert_int_equal(count(fixture, "subscriber WHERE address IN ('bob@example.org', "
                                    "'cyd@example.org')"),
                     2);
    assert_int_equal(count(fixture, "import_part"), 1);
    assert_int_equal(count(fixture, "import_part WHERE import = 1"), 1);
    assert_int_equal(count(fixture, "import WHERE done_at IS NULL"), 1);
    assert_int_equal(count(fixture, "import WHERE done_at = 1000009 AND tally LIKE '1 0 0 %'"), 2);
    assert_int_equal(count(fixture, "event WHERE kind = 'imported' AND at = 1000009"), 2);
    assert_int_equal(count(fixture, "event WHERE detail = 'file 1'"), 0);
    assert_ok(nl_import_settle(fixture->store, &err));
    assert_int_equal(count(fixture, "event WHERE kind = 'imported'"), 2);
}

/* Rows that never counted go, once their process cannot be new any more. */
static void test_cleared(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    leave_import(fixture, 1, 1000000 - 61, false, "ann@example.org");
    leave_import(fixture, 2, 1000000 - 60, false, "bob@example.org");
    leave_import(fixture, 3, 1000000 - 61, true, "cyd@example.org");
    assert_ok(nl_import_clear(fixture->store, &err));
    assert_int_equal(count(fixture, "import"), 2);
    assert_int_equal(count(fixture, "import WHERE id = 1"), 0);
    assert_int_equal(count(fixture, "import_part"), 2);
    assert_int_equal(count(fixture, "import_part WHERE import = 1"), 0);
    /* And by the next import that is staged. */
    fixture->fake.now += 1;
    struct nl_import_tally tally = {0};
    bool counts = false;
    struct nl_import_job *job = begin(fixture, &plain, false);
    add_many(job, 600);
    assert_ok(nl_import_job_finish(job, "a file", NULL, NULL, &counts, &tally, &err));
    nl_import_job_free(job);
    assert_int_equal(count(fixture, "import WHERE id = 2"), 0);
}

/* An import of a task says there what came of it, and only where the task may still go on. */
static void test_of_a_task(void **state) {
    static const int sizes[] = {3, 600};
    struct fixture *fixture = *state;
    for_each_row (i, sizes, NULL) {
        for (int cancelled = 0; cancelled < 2; cancelled++) {
            struct nl_error err = {0};
            struct nl_import_tally tally = {0};
            bool counts = true;
            char sql[400];
            fixture_sql(fixture, "DELETE FROM import_change");
            fixture_sql(fixture, "DELETE FROM task");
            fixture_sql(fixture, "DELETE FROM subscription");
            fixture_sql(fixture, "DELETE FROM subscriber");
            snprintf(
                sql, sizeof sql,
                "INSERT INTO task (id, kind, state, started_by, door, name, options, size, "
                "created_at, rows_read, rejected, taken, tries, cancel, tally, undo, "
                "result) VALUES "
                "(7, 'import', '%s', 'ann', 'browser', 'x', '', 1, 1, 0, 0, 0, 0, 0, '', '', '')",
                cancelled ? "cancelled" : "running");
            fixture_sql(fixture, sql);
            struct nl_import_job *job = begin(fixture, &plain, false);
            nl_import_job_set_task(job, 7);
            add_many(job, sizes[i]);
            enum nl_status status =
                nl_import_job_finish(job, "a file", NULL, NULL, &counts, &tally, &err);
            nl_import_job_free(job);
            assert_int_equal(counts, !cancelled);
            assert_int_equal(status == NL_OK, !cancelled);
            nl_error_free(&err);
            assert_int_equal(count(fixture, "subscriber"), cancelled ? 0 : sizes[i]);
            snprintf(sql, sizeof sql, "task WHERE tally LIKE '%d 0 1 %%'", sizes[i]);
            assert_int_equal(count(fixture, sql), !cancelled);
            assert_int_equal(count(fixture, "import_change WHERE task = 7 AND kind = 'added'") > 0,
                             !cancelled);
            assert_int_equal(count(fixture, "import_part"), 0);
            assert_int_equal(count(fixture, "import WHERE done_at IS NULL"), 0);
        }
    }
}

/* Rows that were staged, and do not count, go with the job. */
static void test_given_up(void **state) {
    struct fixture *fixture = *state;
    struct nl_import_job *job = begin(fixture, &plain, false);
    add_many(job, 600);
    nl_import_job_free(job);
    nl_import_job_free(NULL);
    assert_int_equal(count(fixture, "subscriber"), 0);
    assert_int_equal(count(fixture, "import"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_finish, fixture_setup_spread, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_staged_policy, fixture_setup_spread, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_trial, fixture_setup_spread, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_settled, fixture_setup_spread, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_cleared, fixture_setup_spread, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_of_a_task, fixture_setup_spread, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_given_up, fixture_setup_spread, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
