/* Data past its retention period: what goes, what stays, at the boundary of each period. */
#include "support.h"

#include "newsletter/store/prune.h"

#include <stdio.h>

static struct nl_pruned prune(struct fixture *fixture, struct nl_retention retention,
                              bool dry_run) {
    struct nl_error err = {0};
    struct nl_pruned out = {0};
    assert_ok(nl_store_prune(fixture->store, &retention, dry_run, &out, &err));
    return out;
}

/* A row that is exactly as old as the period stays; a period of 0 keeps all; a dry run only counts.
 */
static void test_periods(void **state) {
    struct fixture *fixture = *state;
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    fixture_subscribe(fixture, "cyd@example.org");
    fixture_sql(fixture, "DELETE FROM event");
    fixture_sql(fixture, "INSERT INTO event (at, kind) VALUES (999899, 'a'), (999900, 'b')");
    fixture_sql(fixture, "UPDATE confirmation SET used_at = CASE subscription WHEN 1 THEN 999799 "
                         "WHEN 2 THEN 999800 END, expires_at = CASE subscription WHEN 3 THEN "
                         "999799 ELSE 1 END");
    fixture_sql(fixture, "UPDATE subscription SET consent_ip = '192.0.2.1', state = CASE id WHEN 3 "
                         "THEN 'active' ELSE 'unsubscribed' END, ended_at = CASE id WHEN 1 THEN "
                         "999699 WHEN 2 THEN 999700 ELSE 1 END");
    const struct nl_retention retention = {.events = 100, .links = 200, .ips = 300};
    struct nl_pruned none = prune(fixture, (struct nl_retention){0}, false);
    assert_int_equal(none.events + none.links + none.ips + none.people + none.unconfirmed, 0);
    for (int dry_run = 1; dry_run >= 0; dry_run--) {
        struct nl_pruned out = prune(fixture, retention, dry_run == 1);
        assert_int_equal(out.events, 1);
        assert_int_equal(out.links, 2);
        assert_int_equal(out.ips, 1);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind IN ('a', "
                                              "'b')"),
                         dry_run == 1 ? 2 : 1);
    }
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'b'"), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT subscription FROM confirmation"), 2);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM subscription WHERE consent_ip IS NOT NULL AND "
                             "id IN (2, 3)"),
        2);
}

/* More than one transaction takes. */
static void test_many(void **state) {
    struct fixture *fixture = *state;
    fixture_sql(fixture, "DELETE FROM event");
    fixture_sql(fixture, "INSERT INTO event (at, kind) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL "
                         "SELECT i + 1 FROM n WHERE i < 3500) SELECT CASE WHEN i <= 3000 THEN 1 "
                         "ELSE 999999 END, 'a' FROM n");
    fixture_sql(fixture,
                "INSERT INTO import (begun_at, accepted_at, done_at, confirm, renew, tally) "
                "VALUES (1, 1, 1, 0, 0, ''), (1, 1, 999999, 0, 0, ''), "
                "(1, NULL, NULL, 0, 0, '')");
    fixture_sql(fixture, nl_store_is_file(fixture->path)
                             ? "INSERT INTO import_part (import, content) SELECT max(id), x'00' "
                               "FROM import"
                             : "INSERT INTO import_part (import, content) SELECT max(id), "
                               "'\\x00' FROM import");
    const struct nl_retention retention = {.events = 100};
    assert_int_equal(prune(fixture, retention, true).events, 3000);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM import"), 3);
    assert_int_equal(prune(fixture, retention, false).events, 3000);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'a'"), 500);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM import"), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM import_part"), 0);
}

/* People are erased once all their subscriptions have ended long enough ago; nobody who has
 * complained, is active, or has lately signed up again. */
static void test_people(void **state) {
    static const struct {
        const char *name, *first, *second; /* states; second: of a subscription to another list */
        int ended, other_ended;
        bool goes;
    } cases[] = {
        {"left long ago", "unsubscribed", NULL, 999899, 0, true},
        {"left at the boundary", "unsubscribed", NULL, 999900, 0, false},
        {"bounced long ago", "bounced", NULL, 999899, 0, true},
        {"complained", "complained", NULL, 5, 0, false},
        {"active", "active", NULL, 5, 0, false},
        {"active elsewhere", "unsubscribed", "active", 5, 5, false},
        {"left elsewhere lately", "unsubscribed", "bounced", 5, 999950, false},
        {"left both", "unsubscribed", "bounced", 5, 6, true},
        {"signed up long ago", "pending", NULL, 999899, 0, true},
        {"signed up lately", "pending", NULL, 999900, 0, false},
    };
    struct fixture *fixture = *state;
    fixture_sql(fixture, "INSERT INTO list (id, uuid, name, title, list_id, sender, language, "
                         "created_at, private) VALUES (2, 'u', 'other', 'O', 'o.x', 'a@b.example', "
                         "'en', 1, 0)");
    for_each_row (i, cases, cases[i].name) {
        char sql[320];
        fixture_sql(fixture, "DELETE FROM delivery");
        fixture_sql(fixture, "DELETE FROM confirmation");
        fixture_sql(fixture, "DELETE FROM subscription");
        fixture_sql(fixture, "DELETE FROM subscriber");
        fixture_subscribe(fixture, "ann@example.org");
        fixture_subscribe(fixture, "stays@example.org");
        if (cases[i].second != NULL) {
            snprintf(sql, sizeof sql,
                     "INSERT INTO subscription (list, subscriber, state, token, consent_at, "
                     "created_at, ended_at) SELECT 2, id, '%s', 't', 1, 1, %d FROM subscriber "
                     "WHERE address LIKE 'ann%%'",
                     cases[i].second, cases[i].other_ended);
            fixture_sql(fixture, sql);
        }
        snprintf(sql, sizeof sql,
                 "UPDATE subscription SET state = '%s', ended_at = %d, consent_at = %d WHERE list "
                 "= 1 AND subscriber IN (SELECT id FROM subscriber WHERE address LIKE 'ann%%')",
                 cases[i].first, cases[i].ended, cases[i].ended);
        fixture_sql(fixture, sql);
        struct nl_pruned out = prune(fixture, (struct nl_retention){.ended = 100}, true);
        assert_int_equal(out.people, cases[i].goes);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber"), 2);
        out = prune(fixture, (struct nl_retention){.ended = 100}, false);
        assert_int_equal(out.people, cases[i].goes);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber WHERE address LIKE "
                                              "'ann%'"),
                         !cases[i].goes);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber WHERE address LIKE "
                                              "'stays%'"),
                         1);
    }
}

/* A sign-up that nobody confirmed goes after its last link has expired; a confirmed one never. */
static void test_unconfirmed(void **state) {
    struct fixture *fixture = *state;
    static const char *const names[] = {"a@example.org", "b@example.org", "c@example.org"};
    for_each_row (i, names, names[i])
        fixture_subscribe(fixture, names[i]);
    fixture_sql(fixture, "UPDATE confirmation SET used_at = NULL, expires_at = CASE subscription "
                         "WHEN 1 THEN 999899 WHEN 2 THEN 999900 ELSE 1 END");
    fixture_sql(fixture, "UPDATE subscription SET consent_at = 1, created_at = 1, confirmed_at = "
                         "CASE id WHEN 3 THEN 5 END, state = CASE id WHEN 3 THEN 'active' ELSE "
                         "'pending' END");
    fixture_sql(fixture, "UPDATE delivery SET created_at = 1, updated_at = 1, state = 'sent'");
    const struct nl_retention retention = {.unconfirmed = 100};
    assert_int_equal(prune(fixture, retention, true).unconfirmed, 1);
    assert_int_equal(prune(fixture, retention, false).unconfirmed, 1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscription WHERE id IN (2, 3)"),
                     2);
    assert_int_equal(prune(fixture, retention, false).unconfirmed, 0);
}

/* Once within a day, for each thing by itself. */
static void test_daily(void **state) {
    static const struct {
        int64_t at;
        const char *what;
        bool due;
    } cases[] = {{1000000, "one", true},         {1000000, "one", false},
                 {1000000, "two", true},         {1000000 + 86399, "one", false},
                 {1000000 + 86400, "one", true}, {1000000 + 86401, "one", false},
                 {1000000 + 86401, "two", true}};
    struct fixture *fixture = *state;
    for_each_row (i, cases, cases[i].what) {
        struct nl_error err = {0};
        bool due = !cases[i].due;
        fixture->fake.now = cases[i].at;
        assert_ok(nl_store_daily(fixture->store, cases[i].what, &due, &err));
        assert_int_equal(due, cases[i].due);
    }
}

static void test_prunes_once_a_day(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    const struct nl_retention retention = {.events = 100};
    fixture_sql(fixture, "INSERT INTO event (at, kind) VALUES (5, 'a')");
    assert_ok(nl_store_prune_daily(fixture->store, &retention, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'a'"), 0);
    fixture_sql(fixture, "INSERT INTO event (at, kind) VALUES (5, 'a')");
    assert_ok(nl_store_prune_daily(fixture->store, &retention, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'a'"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_periods),     TEST(test_many),  TEST(test_people),
        TEST(test_unconfirmed), TEST(test_daily), TEST(test_prunes_once_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
