/* A list is removed: all that is its own goes, and nothing of another list or of people who are on
 * one. */
#include "support.h"

#include <stdio.h>

/* People: 1 is on the first list alone, 2 on both, 3 on the second alone; 4 has left the first and
 * was on no other; 5 has left the first and is on the second. Whatever has the number of a list
 * belongs to it. */
static void fill(struct fixture *fixture) {
    static const char *const steps[] = {
        "INSERT INTO subscription (list, subscriber, state, token, consent_at, created_at) VALUES "
        "(2, 2, 'active', 'u2', 1, 1), (2, 3, 'active', 'u3', 1, 1), (2, 5, 'active', 'u5', 1, 1)",
        "DELETE FROM subscription WHERE subscriber = 3 AND list = 1",
        "UPDATE subscription SET state = 'unsubscribed' WHERE list = 1 AND subscriber IN (4, 5)",
        "UPDATE issue SET list = 2 WHERE id = 2",
        "INSERT INTO delivery (id, kind, issue, subscription, state, created_at, updated_at) "
        "SELECT 10 + id, 'issue', list, id, 'sent', 1, 1 FROM subscription",
        "INSERT INTO delivery (id, kind, subscription, state, created_at, updated_at) "
        "SELECT 30 + id, 'welcome', id, 'sent', 1, 1 FROM subscription",
        "INSERT INTO edition (issue, language, title, subject, source, message) SELECT id, 'de', "
        "'t', 's', 'x', message FROM issue",
        "INSERT INTO subject_test (issue, share, wait, rule) VALUES (1, 1, 1, 'replies'), (2, 1, "
        "1, 'replies')",
        "INSERT INTO event (at, kind, list, subscriber, issue) VALUES (1, 'x', 1, 2, NULL), (1, "
        "'x', 2, 2, NULL), (1, 'x', NULL, 2, 1), (1, 'x', NULL, 2, 2), (1, 'x', NULL, 1, NULL), "
        "(1, 'x', NULL, 2, NULL), (1, 'x', NULL, 3, NULL)",
        "INSERT INTO address_change (subscriber, address, address_key, requested_at) VALUES (1, "
        "'a', 'a', 1), (2, 'b', 'b', 1), (3, 'c', 'c', 1)",
        "INSERT INTO draft (list, title, issue, created_at, created_by, updated_at, updated_by) "
        "VALUES (1, 'd', NULL, 1, 'ann', 1, 'ann'), (1, 'e', 1, 1, 'ann', 1, 'ann'), (2, 'f', "
        "NULL, 1, 'ann', 1, 'ann')",
        "INSERT INTO suppression (address_key, reason, since) VALUES ('p1@example.org', 'manual', "
        "1)",
        "DELETE FROM event WHERE kind <> 'x'",
    };
    struct nl_error err = {0};
    struct nl_list list = {.name = strdup("other"), .sender = strdup("Press <press@example.org>")};
    assert_ok(nl_list_check(&list, &err));
    assert_ok(nl_list_add(fixture->store, &list, &err));
    nl_list_free(&list);
    fixture_add_people(fixture, 5);
    fixture_issue(fixture, 1, "sent");
    fixture_issue(fixture, 2, "sent");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        fixture_sql(fixture, steps[i]);
    for (int i = 1; i <= 2; i++) { /* a bounce of each list, of a delivery and of a notice */
        char sql[320];
        bool file = nl_store_is_file(fixture->path);
        snprintf(sql, sizeof sql,
                 "INSERT INTO returned (id, digest, at, kind, delivery, message) SELECT %d, "
                 "%s0%d', 1, 'hard', min(id), %s0a' FROM delivery WHERE issue = %d",
                 i, file ? "x'" : "'\\x", i, file ? "x'" : "'\\x", i);
        fixture_sql(fixture, sql);
        snprintf(sql, sizeof sql,
                 "INSERT INTO bounce (returned, at, delivery, subscription, kind, reason, status) "
                 "SELECT %d, 1, 30 + min(id), min(id), 'hard', 'x', '' FROM subscription WHERE "
                 "list = %d",
                 i, i);
        fixture_sql(fixture, sql);
    }
}

static void test_remains(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_list_remains remains = {0};
    fill(fixture);
    assert_ok(nl_list_remains(fixture->store, 1, &remains, &err));
    assert_int_equal(remains.issues, 1);
    assert_int_equal(remains.drafts, 1); /* the one that was not sent */
    assert_int_equal(remains.people, 2);
    assert_ok(nl_list_remains(fixture->store, 2, &remains, &err));
    assert_int_equal(remains.people, 1);
}

static void test_removed(void **state) {
    static const struct {
        const char *rows;
        int64_t before, after;
    } counts[] = {
        {"list", 2, 1},
        {"issue WHERE list = 1", 1, 0},
        {"issue WHERE list = 2", 1, 1},
        {"subscription WHERE list = 1", 4, 0},
        {"subscription WHERE list = 2", 3, 3},
        {"subscriber", 5, 3},
        {"subscriber WHERE id IN (2, 3, 5)", 3, 3},
        {"delivery WHERE issue = 1", 4, 0},
        {"delivery WHERE issue = 2", 3, 3},
        {"delivery WHERE issue IS NULL", 7, 3},
        {"edition", 2, 1},
        {"edition WHERE issue = 2", 1, 1},
        {"subject_test WHERE issue = 2", 1, 1},
        {"subject_test", 2, 1},
        {"event WHERE kind = 'x' AND list = 1", 1, 0},
        {"event WHERE kind = 'x' AND list = 2", 1, 1},
        {"event WHERE kind = 'x' AND issue = 1", 1, 0},
        {"event WHERE kind = 'x' AND issue = 2", 1, 1},
        {"event WHERE kind = 'x' AND subscriber = 1", 1, 0},
        {"event WHERE kind = 'x' AND subscriber = 2", 5, 3},
        {"event WHERE kind = 'x' AND subscriber = 3", 1, 1},
        {"event WHERE kind = 'list-removed'", 0, 1},
        {"address_change", 3, 2},
        {"address_change WHERE subscriber = 1", 1, 0},
        {"bounce", 2, 1},
        {"returned", 2, 2},
        {"returned WHERE message IS NULL", 0, 1},
        {"returned WHERE id = 2 AND delivery IS NOT NULL AND message IS NOT NULL", 1, 1},
        {"draft WHERE list = 1", 2, 0},
        {"draft WHERE list = 2", 1, 1},
        {"erased", 0, 1}, /* of the one who has left */
        {"suppression", 1, 1},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    fill(fixture);
    for (int after = 0; after < 2; after++) {
        if (after)
            assert_ok(nl_list_remove(fixture->store, 1, &err));
        for_each_row (i, counts, counts[i].rows) {
            char sql[128];
            snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", counts[i].rows);
            int64_t found = fixture_sql(fixture, sql);
            int64_t expected = after ? counts[i].after : counts[i].before;
            if (found != expected)
                fail_msg("%s: %lld in place of %lld", after ? "after" : "before", (long long)found,
                         (long long)expected);
        }
    }
}

/* An issue that goes on, or is about to, keeps its list. */
static void test_busy(void **state) {
    static const struct {
        const char *state;
        bool busy;
    } rows[] = {{"scheduled", true}, {"sending", true}, {"paused", true}, {"cancelled", false}};
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    fill(fixture);
    for_each_row (i, rows, rows[i].state) {
        char sql[96];
        snprintf(sql, sizeof sql, "UPDATE issue SET state = '%s' WHERE id = 2", rows[i].state);
        fixture_sql(fixture, sql);
        if (rows[i].busy)
            assert_fails(nl_list_remove(fixture->store, 2, &err), NL_BUSY,
                         "is scheduled, being sent or paused");
        else
            assert_ok(nl_list_remove(fixture->store, 2, &err));
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM list WHERE id = 2"),
                         rows[i].busy);
    }
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM list"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_remains, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_removed, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_busy, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
