/* Which issue people left over, and what waits: with two issues, two lists and several people. */
#include "support.h"

#include "newsletter/store/statistics.h"

#include <stdio.h>
#include <stdlib.h>

/* Issues 1 and 2 on the list, both sent to everybody: 1 at 2000000, 2 at 2000100. */
static void make_issues(struct fixture *fixture) {
    for (int i = 0; i < 4; i++) {
        char address[64];
        snprintf(address, sizeof address, "user%d@example.org", i);
        fixture_subscribe(fixture, address);
    }
    fixture_issue(fixture, 1, "sent");
    fixture_issue(fixture, 2, "sent");
    fixture_sql(fixture, "UPDATE issue SET created_at = 1999900 + id * 100");
    fixture_sql(fixture, "INSERT INTO delivery (id, kind, issue, subscription, state, created_at, "
                         "updated_at) SELECT i.id * 100 + s.id, 'issue', i.id, s.id, 'sent', 1, "
                         "1999900 + i.id * 100 FROM issue i, subscription s");
    fixture_sql(fixture, "DELETE FROM event");
}

static int64_t left_over(struct fixture *fixture, int64_t issue) {
    struct nl_error err = {0};
    int64_t count = -1;
    assert_ok(nl_statistics_unsubscribed(fixture->store, issue, &count, &err));
    return count;
}

/* Which of two issues an unsubscribe counts for: the one that it names, else the last that had been
 * sent to that person by then. */
static void test_unsubscribed(void **state) {
    static const struct {
        const char *name, *at, *issue, *detail, *before; /* before: SQL that is run first */
        int first, second;
    } cases[] = {
        {"names the first", "2000200", "1", NULL, NULL, 1, 0},
        {"names the second", "2000200", "2", NULL, NULL, 0, 1},
        {"names one that is older than the list's last", "2000050", "1", NULL, NULL, 1, 0},
        {"names none, after both", "2000200", NULL, NULL, NULL, 0, 1},
        {"names none, between them", "2000099", NULL, NULL, NULL, 1, 0},
        {"names none, as the second goes out", "2000100", NULL, NULL, NULL, 0, 1},
        {"names none, before both", "1999999", NULL, NULL, NULL, 0, 0},
        {"the second was not sent to this person", "2000200", NULL, NULL,
         "UPDATE delivery SET state = 'skipped' WHERE id = 201", 1, 0},
        {"both went out in the same second", "2000200", NULL, NULL,
         "UPDATE delivery SET updated_at = 2000000", 0, 1},
        {"the first went out last, since it was resumed", "2000200", NULL, NULL,
         "UPDATE delivery SET updated_at = 2000150 WHERE id = 101", 1, 0},
        {"removed by the operator", "2000200", NULL, "operator", NULL, 0, 0},
        {"did not answer a question", "2000200", NULL, "not reconfirmed", NULL, 0, 0},
        {"for another reason", "2000200", NULL, "link", NULL, 0, 1},
    };
    struct fixture *fixture = *state;
    make_issues(fixture);
    for_each_row (i, cases, cases[i].name) {
        char sql[320];
        fixture_sql(fixture, "DELETE FROM event");
        fixture_sql(fixture, "UPDATE delivery SET state = 'sent', updated_at = 1999900 + issue * "
                             "100 WHERE issue IS NOT NULL");
        if (cases[i].before != NULL)
            fixture_sql(fixture, cases[i].before);
        snprintf(sql, sizeof sql,
                 "INSERT INTO event (at, kind, list, subscriber, issue, detail) VALUES (%s, "
                 "'unsubscribed', 1, 1, %s, %s%s%s)",
                 cases[i].at, cases[i].issue != NULL ? cases[i].issue : "NULL",
                 cases[i].detail != NULL ? "'" : "",
                 cases[i].detail != NULL ? cases[i].detail : "NULL",
                 cases[i].detail != NULL ? "'" : "");
        fixture_sql(fixture, sql);
        assert_int_equal(left_over(fixture, 1), cases[i].first);
        assert_int_equal(left_over(fixture, 2), cases[i].second);
    }
}

/* Another list's events, other kinds of events, and each of several people. */
static void test_unsubscribed_of_several(void **state) {
    struct fixture *fixture = *state;
    make_issues(fixture);
    fixture_sql(fixture, "INSERT INTO event (at, kind, list, subscriber) VALUES "
                         "(2000200, 'unsubscribed', 1, 1), (2000200, 'unsubscribed', 1, 2), "
                         "(2000050, 'unsubscribed', 1, 3), (2000200, 'unsubscribed', 9, 4), "
                         "(2000200, 'bounced', 1, 4)");
    assert_int_equal(left_over(fixture, 1), 1);
    assert_int_equal(left_over(fixture, 2), 2);
    assert_int_equal(left_over(fixture, 3), 0);
}

/* Collects "word word number;" for each call. */
static enum nl_status collect(const char *a, const char *b, int64_t count, void *ctx,
                              struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s %s %lld;", a, b, (long long)count);
    return NL_OK;
}

static void test_counts(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    make_issues(fixture);
    fixture_sql(fixture, "UPDATE issue SET state = 'paused' WHERE id = 2");
    fixture_sql(fixture, "UPDATE delivery SET state = 'deferred' WHERE id = 201");
    fixture_sql(fixture, "UPDATE delivery SET state = 'failed' WHERE id = 101");
    fixture_sql(fixture, "UPDATE delivery SET state = 'sent' WHERE issue IS NULL");
    fixture_sql(fixture, "DELETE FROM delivery WHERE issue IS NULL AND kind <> 'confirmation'");
    assert_ok(nl_statistics_deliveries(fixture->store, collect, &out, &err));
    assert_string_equal(nl_buf_text(&out), /* of issues that are over, none */
                        "confirmation sent 4;issue deferred 1;issue sent 3;");
    nl_buf_clear(&out);
    fixture_sql(fixture, "INSERT INTO event (at, kind) VALUES (1, 'x'), (2, 'x')");
    assert_ok(nl_statistics_events(fixture->store, collect, &out, &err));
    assert_string_equal(nl_buf_text(&out), "x  2;");
    nl_buf_clear(&out);
    fixture_sql(fixture, "UPDATE issue SET state = 'sent'");
    assert_ok(nl_statistics_issues(fixture->store, collect, &out, &err));
    assert_string_equal(nl_buf_text(&out), "sent  2;");
    nl_buf_free(&out);
}

/* How long what is due has waited: queued since it was, deferred since its next attempt was due;
 * not what a paused issue holds, nor what is due later. */
static void test_overdue(void **state) {
    static const struct {
        const char *name, *state, *issue;
        int64_t updated_at, next_attempt_at, seconds;
    } cases[] = {
        {"queued", "queued", "sending", 1999990, 5, 10},
        {"deferred, due", "deferred", "sending", 5, 1999993, 7},
        {"deferred, due now", "deferred", "sending", 5, 2000000, 0},
        {"deferred, due later", "deferred", "sending", 5, 2000060, 0},
        {"queued, but paused", "queued", "paused", 5, 5, 0},
        {"sent", "sent", "sending", 5, 5, 0},
        {"leased", "leased", "sending", 5, 5, 0},
    };
    struct fixture *fixture = *state;
    make_issues(fixture);
    fixture->fake.now = 2000000;
    fixture_sql(fixture, "UPDATE delivery SET state = 'sent'");
    for_each_row (i, cases, cases[i].name) {
        struct nl_error err = {0};
        int64_t seconds = -1;
        char sql[200];
        snprintf(sql, sizeof sql,
                 "UPDATE delivery SET state = '%s', updated_at = %lld, next_attempt_at = %lld "
                 "WHERE id = 101",
                 cases[i].state, (long long)cases[i].updated_at,
                 (long long)cases[i].next_attempt_at);
        fixture_sql(fixture, sql);
        snprintf(sql, sizeof sql, "UPDATE issue SET state = '%s' WHERE id = 1", cases[i].issue);
        fixture_sql(fixture, sql);
        assert_ok(nl_statistics_overdue(fixture->store, &seconds, &err));
        assert_int_equal(seconds, cases[i].seconds);
    }
    struct nl_error err = {0};
    int64_t seconds = -1;
    fixture_sql(fixture, "UPDATE delivery SET state = 'queued', updated_at = 1999980 WHERE id = "
                         "(SELECT min(id) FROM delivery WHERE issue IS NULL)");
    assert_ok(nl_statistics_overdue(fixture->store, &seconds, &err));
    assert_int_equal(seconds, 20); /* a notice belongs to no issue */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_unsubscribed),
        TEST(test_unsubscribed_of_several),
        TEST(test_counts),
        TEST(test_overdue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
