/* The totals of issues, which triggers keep: what is read from them, and that a total that differs
 * from the deliveries is found and put right. */
#include "support.h"

#include "newsletter/store/issue.h"

#include <stdio.h>

static const char *const states[] = {"queued",  "leased", "sent",    "deferred",
                                     "bounced", "failed", "unknown", "skipped"};

/* One delivery in the first state, two in the second, and so on; of an issue, or notices. */
static void fill(struct fixture *fixture, const char *kind, const char *issue) {
    int person = 0;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        for (size_t j = 0; j <= i; j++) {
            char sql[320];
            snprintf(sql, sizeof sql,
                     "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                     "updated_at, lease_owner, lease_until, reply_status) VALUES ('%s', %s, %d, "
                     "'%s', 1, 10, 'x', 9999999, '5.1.1')",
                     kind, issue, ++person, states[i]);
            fixture_sql(fixture, sql);
        }
}

static void assert_counts(const struct nl_counts *counts, int64_t factor) {
    assert_int_equal(counts->queued, 1 * factor);
    assert_int_equal(counts->leased, 2 * factor);
    assert_int_equal(counts->sent, 3 * factor);
    assert_int_equal(counts->deferred, 4 * factor);
    assert_int_equal(counts->bounced, 5 * factor);
    assert_int_equal(counts->failed, 6 * factor);
    assert_int_equal(counts->unknown, 7 * factor);
    assert_int_equal(counts->skipped, 8 * factor);
}

/* Counts are those of one issue and not of another one, or those of notices. */
static void test_counts(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_counts counts = {0};
    int64_t left = -1;
    int64_t unknown = -1;
    fixture_add_people(fixture, 36);
    fixture_issue(fixture, 1, "sending");
    fixture_issue(fixture, 2, "sending");
    fixture_issue(fixture, 3, "sending");
    assert_ok(nl_issue_count(fixture->store, 1, &counts, &err));
    assert_counts(&counts, 0);
    assert_ok(nl_issue_count(fixture->store, 0, &counts, &err));
    assert_counts(&counts, 0);
    fill(fixture, "issue", "1");
    fill(fixture, "issue", "2");
    assert_ok(nl_issue_count(fixture->store, 1, &counts, &err));
    assert_counts(&counts, 1);
    assert_ok(nl_issue_count(fixture->store, 0, &counts, &err));
    assert_counts(&counts, 0);
    fill(fixture, "welcome", "NULL");
    assert_ok(nl_issue_count(fixture->store, 0, &counts, &err));
    assert_counts(&counts, 1);
    assert_ok(nl_issue_count(fixture->store, 3, &counts, &err));
    assert_counts(&counts, 0);
    assert_ok(nl_issue_left(fixture->store, 1, &left, &unknown, &err));
    assert_int_equal(left, 1 + 2 + 4);
    assert_int_equal(unknown, 7);
}

static int64_t examine(struct fixture *fixture, bool repair) {
    struct nl_error err = {0};
    int64_t wrong = -1;
    assert_ok(nl_issue_totals_examine(fixture->store, repair, &wrong, &err));
    return wrong;
}

/* Each figure, too large and too small, in each table. */
static void test_each_figure_is_put_right(void **state) {
    static const struct {
        const char *table, *figures[8]; /* up to NULL */
        const char *also;               /* a condition */
    } cases[] = {
        {"issue_total",
         {"waiting", "sent", "deferred", "bounced", "failed", "unknown", "skipped", NULL},
         "TRUE"},
        {"issue_domain",
         {"waiting", "sent", "deferred", "bounced", "failed", "unknown", "skipped", NULL},
         "domain = 'example.org'"},
        {"issue_second",
         {"sent", "deferred", "bounced", "failed", "unknown", "skipped", NULL},
         "second = 10"},
        {"issue_reason", {"times", NULL}, "kind = 'refused' AND reason = '5.1.1'"},
        {"issue_reason", {"times", NULL}, "kind = 'soft' AND reason = 'full'"},
    };
    struct fixture *fixture = *state;
    bool file = nl_store_is_file(fixture->path);
    fixture_add_people(fixture, 36);
    fixture_issue(fixture, 1, "sending");
    fixture_issue(fixture, 2, "sending");
    fill(fixture, "issue", "1");
    fill(fixture, "issue", "2");
    fill(fixture, "welcome", "NULL");
    fixture_sql(fixture, file ? "INSERT INTO returned (digest, at, kind) VALUES (x'00', 1, 'soft')"
                              : "INSERT INTO returned (digest, at, kind) VALUES ('\\x00', 1, "
                                "'soft')");
    fixture_sql(fixture, "INSERT INTO bounce (returned, at, delivery, subscription, kind, reason, "
                         "status) SELECT (SELECT max(id) FROM returned), 1, id, subscription, "
                         "'soft', 'full', '' FROM delivery WHERE issue = 1 AND state = 'sent'");
    assert_int_equal(examine(fixture, false), 0);
    assert_int_equal(examine(fixture, true), 0);
    for_each_row (i, cases, cases[i].table) {
        for (size_t j = 0; cases[i].figures[j] != NULL; j++) {
            for (int difference = -1; difference <= 1; difference += 2) {
                char change[256];
                char sum[256];
                snprintf(sum, sizeof sum,
                         "SELECT CAST(sum(%s) AS BIGINT) FROM %s WHERE issue = 1 AND %s",
                         cases[i].figures[j], cases[i].table, cases[i].also);
                snprintf(change, sizeof change,
                         "UPDATE %s SET %s = %s + (%d) WHERE issue = 1 AND slot = (SELECT "
                         "min(slot) FROM %s WHERE issue = 1 AND %s) AND %s",
                         cases[i].table, cases[i].figures[j], cases[i].figures[j], difference,
                         cases[i].table, cases[i].also, cases[i].also);
                int64_t before = fixture_sql(fixture, sum);
                fixture_sql(fixture, change);
                assert_int_equal(fixture_sql(fixture, sum), before + difference);
                assert_int_equal(examine(fixture, false), 1);
                assert_int_equal(fixture_sql(fixture, sum), before + difference);
                assert_int_equal(examine(fixture, true), 1);
                assert_int_equal(fixture_sql(fixture, sum), before);
                assert_int_equal(examine(fixture, false), 0);
            }
        }
    }
    /* Two issues count as two; one whose deliveries were removed has nothing to compare with. */
    fixture_sql(fixture, "UPDATE issue_total SET sent = sent + 1");
    assert_int_equal(examine(fixture, false), 2);
    fixture_sql(fixture, "UPDATE issue_domain SET sent = sent + 1");
    fixture_sql(fixture, "UPDATE issue_second SET sent = sent + 1");
    fixture_sql(fixture, "UPDATE issue_reason SET times = times + 1");
    fixture_sql(fixture, "INSERT INTO setting (key, value) VALUES ('deliveries removed 2', '1')");
    assert_int_equal(examine(fixture, false), 1);
    assert_int_equal(examine(fixture, true), 1);
    assert_int_equal(examine(fixture, false), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_each_figure_is_put_right, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
