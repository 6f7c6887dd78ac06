/* Deliveries of issues that ended long ago: which issues lose them, and what stays of each. */
#include "support.h"

#include "newsletter/store/removal.h"
#include "newsletter/store/statistics.h"
#include "newsletter/store/subject_test.h"

#include <stdio.h>

enum { LONG_AGO = 1000 /* when the issues end */, LAST = 99 /* an issue */ };

static int64_t remove_before(struct fixture *fixture, int64_t before, bool dry_run) {
    struct nl_error err = {0};
    int64_t count = -1;
    assert_ok(nl_removal_run(fixture->store, before, dry_run, &count, &err));
    return count;
}

static int64_t removed_at(struct fixture *fixture, int64_t issue) {
    struct nl_error err = {0};
    int64_t at = -1;
    assert_ok(nl_removal_find(fixture->store, issue, &at, &err));
    return at;
}

static void add_delivery(struct fixture *fixture, int64_t issue, int64_t person,
                         const char *state) {
    char sql[320];
    snprintf(sql, sizeof sql,
             "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at, "
             "reply_status) VALUES ('issue', %lld, %lld, '%s', 1, %lld, '5.7.1')",
             (long long)issue, (long long)person, state, (long long)(500 + person % 2));
    fixture_sql(fixture, sql);
}

static void add_issue(struct fixture *fixture, int64_t id, const char *state) {
    char sql[128];
    fixture_issue(fixture, id, state);
    snprintf(sql, sizeof sql, "UPDATE issue SET ended_at = %d WHERE id = %lld", LONG_AGO,
             (long long)id);
    fixture_sql(fixture, sql);
}

/* One issue of each kind; the last one, of today, keeps the numbers of deliveries. */
static void test_which(void **state) {
    static const struct {
        const char *issue, *first, *second; /* states, of its deliveries too */
        const char *also;                   /* SQL; NULL: none */
        bool removed;
    } cases[] = {
        {"sent", "sent", "bounced", NULL, true},
        {"cancelled", "skipped", "sent", NULL, true},
        {"sent", "failed", "failed", NULL, true},
        {"sent", "bounced", "bounced", NULL, true},
        {"sent", "skipped", "skipped", NULL, true},
        {"sent", "sent", "queued", NULL, false},
        {"sent", "sent", "leased", NULL, false},
        {"sent", "sent", "deferred", NULL, false},
        {"sent", "sent", "unknown", NULL, false},
        {"sending", "sent", "sent", NULL, false},
        {"paused", "sent", "sent", NULL, false},
        {"scheduled", "sent", "sent", NULL, false},
        {"sent", "sent", "sent",
         "INSERT INTO making (issue, further, began_at, newest, reached, people, seen, made, "
         "sampled) VALUES (%lld, 1, 1, 2, 1, 2, 1, 1, 0)",
         false},
        {"sent", "sent", "sent", "UPDATE issue SET ended_at = 1001 WHERE id = %lld", false},
        {"sent", "sent", "sent", "UPDATE issue SET ended_at = NULL WHERE id = %lld", true},
        {"sent", "sent", "sent",
         "UPDATE issue SET ended_at = NULL, created_at = 1001 WHERE id = %lld", false},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    fixture_add_people(fixture, 2);
    add_issue(fixture, LAST, "sending");
    for_each_row (i, cases, cases[i].second) {
        int64_t issue = (int64_t)i + 1;
        int64_t expected = cases[i].removed ? 2 : 0;
        char sql[320];
        add_issue(fixture, issue, cases[i].issue);
        add_delivery(fixture, issue, 1, cases[i].first);
        add_delivery(fixture, issue, 2, cases[i].second);
        fixture_sql(fixture, "DELETE FROM delivery WHERE issue = 99");
        add_delivery(fixture, LAST, 1, "sent");
        snprintf(sql, sizeof sql, cases[i].also != NULL ? cases[i].also : "SELECT %lld",
                 (long long)issue);
        fixture_sql(fixture, sql);
        int64_t before = fixture_sql(fixture, "SELECT count(*) FROM delivery");
        assert_int_equal(remove_before(fixture, LONG_AGO + 1, true), expected);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery"), before);
        assert_int_equal(removed_at(fixture, issue), 0);
        assert_ok(nl_removal_check(fixture->store, issue, &err));
        assert_int_equal(remove_before(fixture, LONG_AGO + 1, false), expected);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery"), before - expected);
        assert_int_equal(removed_at(fixture, issue), cases[i].removed ? fixture->fake.now : 0);
        if (cases[i].removed)
            assert_fails(nl_removal_check(fixture->store, issue, &err), NL_EXISTS,
                         "its deliveries were removed after their retention period");
        assert_int_equal(remove_before(fixture, LONG_AGO + 1, true), 0);
        assert_int_equal(remove_before(fixture, LONG_AGO + 1, false), 0);
    }
}

/* The totals say that nothing is left, and a delivery says otherwise: it may still go out. */
static void test_totals_that_differ(void **state) {
    struct fixture *fixture = *state;
    fixture_add_people(fixture, 2);
    add_issue(fixture, 1, "sent");
    add_issue(fixture, LAST, "sending");
    add_delivery(fixture, 1, 1, "sent");
    add_delivery(fixture, 1, 2, "queued");
    add_delivery(fixture, LAST, 1, "sent");
    fixture_sql(fixture, "UPDATE issue_total SET waiting = 0 WHERE issue = 1");
    assert_int_equal(remove_before(fixture, LONG_AGO + 1, false), 0);
    assert_int_equal(removed_at(fixture, 1), 0);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 1"), 2);
}

/* The scores of a test of two subjects are kept. */
static void test_scores_stay(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_subject_test before = {0};
    struct nl_subject_test after = {0};
    bool found = false;
    fixture_add_people(fixture, 5);
    add_issue(fixture, 1, "sent");
    add_issue(fixture, LAST, "sending");
    for (int64_t person = 1; person <= 5; person++)
        add_delivery(fixture, 1, person, person < 5 ? "sent" : "bounced");
    add_delivery(fixture, LAST, 1, "queued");
    fixture_sql(fixture, "UPDATE delivery SET variant = CASE WHEN subscription < 3 THEN 1 ELSE 2 "
                         "END, replied_at = CASE subscription WHEN 3 THEN 5 END WHERE issue = 1");
    fixture_sql(fixture, "INSERT INTO subject_test (issue, share, wait, rule, decide_at, winner) "
                         "VALUES (1, 20, 100, 'replies', 1, 2)");
    assert_ok(nl_subject_test_read(fixture->store, 1, &found, &before, &err));
    assert_true(found);
    assert_int_equal(before.scores[0].sent, 2);
    assert_int_equal(before.scores[1].sent, 2);
    assert_int_equal(before.scores[1].replied, 1);
    assert_int_equal(remove_before(fixture, LONG_AGO + 1, false), 5);
    assert_ok(nl_subject_test_read(fixture->store, 1, &found, &after, &err));
    assert_true(found);
    assert_memory_equal(after.scores, before.scores, sizeof after.scores);
    nl_subject_test_free(&before);
    nl_subject_test_free(&after);
}

/* One that ended at the very moment stays. */
static void test_moment(void **state) {
    struct fixture *fixture = *state;
    fixture_add_people(fixture, 2);
    add_issue(fixture, 1, "sent");
    add_issue(fixture, 2, "sent");
    add_delivery(fixture, 1, 1, "sent");
    add_delivery(fixture, 2, 1, "sent");
    fixture_sql(fixture, "UPDATE issue SET ended_at = 2000 WHERE id = 2");
    assert_int_equal(remove_before(fixture, LONG_AGO, false), 0);
    assert_int_equal(remove_before(fixture, LONG_AGO + 1, false), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT issue FROM delivery"), 2);
}

/* The figures of issue 1 by states, domains, seconds and reasons. */
static void figures(struct fixture *fixture, struct nl_buf *out) {
    static const char *const sums[] = {
        "FROM issue_total WHERE issue = 1",
        "FROM issue_domain WHERE issue = 1 AND domain = 'd0.example.org'",
        "FROM issue_domain WHERE issue = 1 AND domain = 'd1.example.org'",
        "FROM issue_second WHERE issue = 1 AND second = 500",
        "FROM issue_second WHERE issue = 1 AND second = 501",
    };
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        char sql[320];
        snprintf(sql, sizeof sql,
                 "SELECT CAST(sum(sent) * 1000 + sum(bounced) * 100 + sum(failed) * 10 + "
                 "sum(skipped) AS BIGINT) %s",
                 sums[i]);
        nl_buf_addf(out, "%04lld ", (long long)fixture_sql(fixture, sql));
    }
    nl_buf_addf(out, "hard %lld ",
                (long long)fixture_sql(fixture, "SELECT CAST(sum(times) AS BIGINT) FROM "
                                                "issue_reason WHERE issue = 1 AND kind = 'hard' "
                                                "AND reason = 'full'"));
    nl_buf_addf(out, "refused %lld",
                (long long)fixture_sql(fixture, "SELECT CAST(sum(times) AS BIGINT) FROM "
                                                "issue_reason WHERE issue = 1 AND kind = "
                                                "'refused' AND reason = '5.7.1'"));
}

/* The bounce of a delivery, and an attempt of it. */
static void add_traces(struct fixture *fixture, int64_t issue, int64_t person) {
    bool file = nl_store_is_file(fixture->path);
    char sql[512];
    snprintf(sql, sizeof sql,
             "INSERT INTO returned (digest, at, kind, delivery) SELECT %s0%lld', 1, 'hard', id "
             "FROM delivery WHERE issue = %lld AND subscription = %lld",
             file ? "x'" : "'\\x", (long long)issue, (long long)issue, (long long)person);
    fixture_sql(fixture, sql);
    snprintf(sql, sizeof sql,
             "INSERT INTO bounce (returned, at, delivery, subscription, kind, reason, status) "
             "SELECT max(r.id), 1, max(d.id), max(d.subscription), 'hard', 'full', '5.2.2' FROM "
             "returned r JOIN delivery d ON d.id = r.delivery WHERE d.issue = %lld",
             (long long)issue);
    fixture_sql(fixture, sql);
    snprintf(sql, sizeof sql,
             "INSERT INTO attempt (delivery, at, state) SELECT id, 1, state FROM delivery WHERE "
             "issue = %lld",
             (long long)issue);
    fixture_sql(fixture, sql);
}

/* The figures are those of before; bounces lose their delivery, and nothing else. */
static void test_what_stays(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf before = {0};
    struct nl_buf after = {0};
    int64_t replies = -1;
    for (int i = 0; i < 8; i++) {
        char address[64];
        snprintf(address, sizeof address, "u%d@d%d.example.org", i, i % 2);
        fixture_subscribe(fixture, address);
    }
    static const char *const states[] = {"sent",   "sent",    "sent",    "bounced",
                                         "failed", "bounced", "skipped", "failed"};
    for (int64_t issue = 1; issue <= 2; issue++) {
        add_issue(fixture, issue, issue == 1 ? "sent" : "sending");
        for (int64_t person = 1; person <= 8; person++)
            add_delivery(fixture, issue, person, states[person - 1]);
        add_traces(fixture, issue, 4);
    }
    fixture_sql(fixture, "UPDATE delivery SET replied_at = 5 WHERE subscription IN (1, 2)");
    figures(fixture, &before);
    assert_string_equal(nl_buf_text(&before), "3221 2011 1210 1210 2011 hard 1 refused 3");
    assert_int_equal(remove_before(fixture, LONG_AGO + 1, false), 8);
    figures(fixture, &after);
    assert_string_equal(nl_buf_text(&after), nl_buf_text(&before));
    assert_ok(nl_statistics_replies(fixture->store, 1, &replies, &err));
    assert_int_equal(replies, 2);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 1"), 0);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 2"), 8);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue IS NULL"), 8);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM attempt"), 8);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM bounce"), 2);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM bounce WHERE delivery IS NULL"), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM returned WHERE delivery IS NULL"),
                     1);
    nl_buf_free(&before);
    nl_buf_free(&after);
}

/* People who left are counted before the deliveries go: one with the issue named, which its event
 * says for ever, and one without. */
static void test_who_left(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t before = -1;
    int64_t after = -1;
    fixture_add_people(fixture, 4);
    add_issue(fixture, 1, "sent");
    add_issue(fixture, 2, "sending");
    for (int64_t person = 1; person <= 4; person++)
        add_delivery(fixture, 1, person, "sent");
    add_delivery(fixture, 2, 4, "queued");
    fixture_sql(fixture, "DELETE FROM event");
    fixture_sql(fixture,
                "INSERT INTO event (at, kind, list, subscriber, issue, detail) VALUES "
                "(600, 'unsubscribed', 1, 1, 1, 'link'), (600, 'unsubscribed', 1, 2, NULL, "
                "'mail'), (600, 'unsubscribed', 1, 3, NULL, 'operator'), (600, 'unsubscribed', 1, "
                "3, 1, 'not reconfirmed'), (600, 'subscribed', 1, 4, 1, NULL), (601, 'subscribed', "
                "1, 4, 1, "
                "NULL), (600, "
                "'unsubscribed', 1, 4, NULL, NULL)");
    assert_ok(nl_statistics_unsubscribed(fixture->store, 1, &before, &err));
    assert_int_equal(before, 3);
    assert_int_equal(remove_before(fixture, LONG_AGO + 1, false), 4);
    assert_ok(nl_statistics_unsubscribed(fixture->store, 1, &after, &err));
    assert_int_equal(after, before);
}

/* More than one step takes; and the last delivery of all, on a file, stays until another follows.
 */
static void test_many(void **state) {
    struct fixture *fixture = *state;
    enum { PEOPLE = 2500 };
    bool file = nl_store_is_file(fixture->path);
    fixture_add_people(fixture, PEOPLE);
    add_issue(fixture, 1, "sent");
    add_issue(fixture, 3, "sending");
    fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                         "updated_at) SELECT 'issue', 3, id, 'sent', 1, 500 FROM subscription "
                         "ORDER BY id");
    fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                         "updated_at) SELECT 'issue', 1, id, 'sent', 1, 500 FROM subscription "
                         "ORDER BY id");
    fixture_sql(fixture, "INSERT INTO attempt (delivery, at, state) SELECT id, 1, 'sent' FROM "
                         "delivery WHERE issue = 1");
    assert_int_equal(remove_before(fixture, LONG_AGO + 1, false), PEOPLE);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 1"),
                     file ? 1 : 0);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 3"), PEOPLE);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM attempt"), file ? 1 : 0);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM setting WHERE value LIKE '% goes on'"),
        file ? 1 : 0);
    add_issue(fixture, 2, "sending");
    add_delivery(fixture, 2, 1, "queued");
    assert_int_equal(remove_before(fixture, LONG_AGO + 1, false), 0);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 1"), 0);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM setting WHERE value LIKE '% ended'"), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT CAST(sum(sent) AS BIGINT) FROM issue_total "
                                          "WHERE issue = 1"),
                     PEOPLE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_which, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_totals_that_differ, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_scores_stay, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_moment, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_stays, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_who_left, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_many, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
