/* Putting deliveries back: which ones, whom they never reach, and what the issue does. */
#include "support.h"

#include "newsletter/base/cbor.h"
#include "newsletter/store/ledger.h"
#include "newsletter/store/resend.h"

#include <stdio.h>

enum { PEOPLE = 6 };

/* Issue 1 to six people, all bounced; issue 2 to the same, untouched by what happens to the first.
 */
static void set_up(struct fixture *fixture) {
    char sql[512];
    for (int i = 0; i < PEOPLE; i++) {
        snprintf(sql, sizeof sql, "p%d@example.org", i + 1);
        fixture_subscribe(fixture, sql);
    }
    for (int issue = 1; issue <= 2; issue++) {
        fixture_issue(fixture, issue, "sent");
        snprintf(sql, sizeof sql,
                 "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at, "
                 "attempts, first_attempt_at, dot_at, reply_code, reply_status, reply_text) "
                 "SELECT 'issue', %d, id, 'bounced', 1, 100 * id, 3, 1, 5, 550, '5.7.1', 'Blocked "
                 "A-Z by 100%%_list' FROM subscription",
                 issue);
        fixture_sql(fixture, sql);
    }
}

static struct nl_resend_counts resend(struct fixture *fixture, struct nl_resend wanted) {
    struct nl_error err = {0};
    struct nl_resend_counts counts = {0};
    struct nl_resend_counts before = {0};
    wanted.issue = 1;
    if (wanted.state == NL_DELIVERY_ANY)
        wanted.state = NL_DELIVERY_BOUNCED;
    assert_ok(nl_resend_count(fixture->store, &wanted, &before, &err));
    assert_ok(nl_resend(fixture->store, &wanted, &counts, &err));
    assert_int_equal(before.people, counts.people);
    assert_int_equal(before.ended, counts.ended);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 1 AND "
                                          "state = 'queued'"),
                     counts.people);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 2 AND "
                                          "state = 'bounced'"),
                     PEOPLE);
    return counts;
}

static void test_people_who_left_are_left_out(void **state) {
    struct fixture *fixture = *state;
    set_up(fixture);
    fixture_sql(fixture, "UPDATE subscription SET state = 'unsubscribed' WHERE id = 1");
    fixture_sql(fixture, "UPDATE subscription SET state = 'bounced' WHERE id = 2");
    fixture_sql(fixture, "UPDATE subscription SET state = 'complained' WHERE id = 3");
    fixture_sql(fixture, "UPDATE subscription SET state = 'pending' WHERE id = 4");
    fixture_sql(fixture, "INSERT INTO suppression VALUES ('p5@example.org', 'x', 1)");
    struct nl_resend_counts counts = resend(fixture, (struct nl_resend){0});
    assert_int_equal(counts.people, 1);
    assert_int_equal(counts.ended, 5);
    assert_int_equal(fixture_sql(fixture,
                                 "SELECT count(*) FROM delivery WHERE issue = 1 AND state "
                                 "= 'queued' AND attempts = 0 AND first_attempt_at IS NULL AND "
                                 "dot_at IS NULL AND subscription = 6"),
                     1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM issue WHERE id = 1 AND state = "
                                          "'sending' AND ended_at IS NULL"),
                     1);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM issue WHERE id = 2 AND state = 'sent'"), 1);
}

static void test_which_ones(void **state) {
    static const struct {
        struct nl_resend wanted;
        int64_t people;
    } cases[] = {
        {{.since = 300}, 4},
        {{.since = 601}, 0},
        {{.reply = "blocked"}, PEOPLE},
        {{.reply = "BLOCKED A-Z BY"}, PEOPLE},
        {{.reply = "blocked a-z"}, PEOPLE},
        {{.reply = "[-Z"}, 0},
        {{.reply = "550 5.7.1 Blocked"}, PEOPLE},
        {{.reply = "550*list"}, PEOPLE},
        {{.reply = "100%_list"}, PEOPLE},
        {{.reply = "1%t"}, 0},
        {{.reply = "100__list"}, 0},
        {{.reply = "list*550"}, 0},
        {{.reply = "blocked", .since = 600}, 1},
        {{.state = NL_DELIVERY_FAILED}, 0},
        {{.state = NL_DELIVERY_UNKNOWN}, 0},
    };
    struct fixture *fixture = *state;
    set_up(fixture);
    for_each_row (i, cases, NULL) {
        struct nl_resend_counts counts = resend(fixture, cases[i].wanted);
        if (counts.people != cases[i].people)
            fail_msg("row %zu: %lld people", i, (long long)counts.people);
        fixture_sql(fixture, "UPDATE delivery SET state = 'bounced', updated_at = 100 * "
                             "subscription WHERE issue = 1");
    }
}

static void test_states_of_the_issue(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_resend_counts counts = {0};
    const struct nl_resend all = {.issue = 1, .state = NL_DELIVERY_BOUNCED};
    set_up(fixture);
    fixture_sql(fixture, "UPDATE issue SET state = 'cancelled' WHERE id = 1");
    assert_fails(nl_resend(fixture->store, &all, &counts, &err), NL_EXISTS, "cancelled");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 1 AND "
                                          "state = 'queued'"),
                     0);
    fixture_sql(fixture, "UPDATE issue SET state = 'paused' WHERE id = 1");
    assert_ok(nl_resend(fixture->store, &all, &counts, &err));
    assert_int_equal(counts.people, PEOPLE);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM issue WHERE id = 1 AND state = 'paused'"), 1);
}

static int64_t rows_of(struct fixture *fixture, const char *what) {
    char sql[512];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", what);
    return fixture_sql(fixture, sql);
}

/* How often the ledger says that a delivery of a person was queued again. */
static int64_t queued_in_ledger(struct fixture *fixture, int person) {
    struct nl_buf entry = {0};
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT id FROM delivery WHERE issue = 1 AND subscription = %d",
             person);
    nl_cbor_add_array(&entry, 4);
    nl_cbor_add_number(&entry, NL_LEDGER_SET);
    nl_cbor_add_number(&entry, fixture->fake.now);
    nl_cbor_add_number(&entry, fixture_sql(fixture, sql));
    nl_cbor_add_text(&entry, "queued");
    return fixture_ledger_count(fixture, &entry);
}

/* For nobody, nothing is noted; for one or more, that it was done, by whom and to whom. */
static void test_notes(void **state) {
    static const struct nl_actor actor = {.name = "eve", .door = "command"};
    static const struct {
        const char *name;
        int64_t since, people;
        const char *event;
        const struct nl_actor *by;
    } rows[] = {
        {"nobody", 601, 0, "0 bounced", &actor},
        {"one", 600, 1, "1 bounced", &actor},
        {"all", 0, PEOPLE, "6 bounced", &actor},
        {"by nobody who is known", 500, 2, "2 bounced", NULL},
    };
    struct fixture *fixture = *state;
    set_up(fixture);
    for_each_row (i, rows, rows[i].name) {
        char sql[256];
        fixture->fake.now++;
        fixture_sql(fixture, "DELETE FROM event");
        int64_t before = rows_of(fixture, "audit");
        resend(fixture, (struct nl_resend){.since = rows[i].since, .by = rows[i].by});
        snprintf(sql, sizeof sql,
                 "event WHERE kind = 'resent' AND issue = 1 AND list IS NULL AND subscriber IS "
                 "NULL AND detail = '%s'",
                 rows[i].event);
        assert_int_equal(rows_of(fixture, sql), rows[i].people > 0);
        assert_int_equal(rows_of(fixture, "event"), rows[i].people > 0);
        assert_int_equal(rows_of(fixture, "audit") - before,
                         rows[i].by != NULL && rows[i].people > 0);
        snprintf(sql, sizeof sql,
                 "audit WHERE at = %lld AND actor = 'eve' AND action = 'issue resend' AND object = "
                 "'issue 1'",
                 (long long)fixture->fake.now);
        assert_int_equal(rows_of(fixture, sql), rows_of(fixture, "audit") - before);
        for (int person = 1; person <= PEOPLE; person++)
            assert_int_equal(queued_in_ledger(fixture, person), 100 * person >= rows[i].since);
        fixture_sql(fixture, "UPDATE delivery SET state = 'bounced', updated_at = 100 * "
                             "subscription WHERE issue = 1");
    }
}

/* Changes after the choice and before the queueing count, too. */
static void test_changes_after_the_choice(void **state) {
    static const struct {
        const char *change;
        enum nl_status status;
        int64_t people;
    } rows[] = {
        {"UPDATE subscription SET state = 'unsubscribed' WHERE id = 1", NL_OK, 5},
        {"INSERT INTO suppression VALUES ('p6@example.org', 'x', 1)", NL_OK, 5},
        {"UPDATE delivery SET state = 'failed' WHERE issue = 1 AND subscription < 3", NL_OK, 4},
        {"UPDATE issue SET state = 'cancelled' WHERE id = 1", NL_EXISTS, 0},
        {"INSERT INTO setting VALUES ('deliveries removed 1', '5 ')", NL_EXISTS, 0},
    };
    struct fixture *fixture = *state;
    if (!nl_store_is_file(fixture->path))
        return; /* the triggers are written for SQLite */
    set_up(fixture);
    for_each_row (i, rows, rows[i].change) {
        struct nl_error err = {0};
        struct nl_resend_counts counts = {0};
        const struct nl_resend all = {.issue = 1, .state = NL_DELIVERY_BOUNCED};
        char sql[256];
        fixture->fake.now++;
        fixture_sql(fixture, "DELETE FROM suppression");
        fixture_sql(fixture, "UPDATE subscription SET state = 'active'");
        fixture_sql(fixture, "UPDATE delivery SET state = 'bounced'");
        snprintf(sql, sizeof sql,
                 "CREATE TRIGGER meanwhile AFTER INSERT ON event WHEN NEW.kind = 'resent' BEGIN "
                 "%s; END",
                 rows[i].change);
        fixture_sql(fixture, sql);
        assert_int_equal(nl_resend(fixture->store, &all, &counts, &err), rows[i].status);
        nl_error_free(&err);
        fixture_sql(fixture, "DROP TRIGGER meanwhile");
        assert_int_equal(counts.people, rows[i].people);
        assert_int_equal(rows_of(fixture, "delivery WHERE state = 'queued'"), rows[i].people);
        for (int person = 1; person <= PEOPLE; person++) {
            snprintf(sql, sizeof sql,
                     "delivery WHERE issue = 1 AND state = 'queued' AND subscription = %d", person);
            assert_int_equal(queued_in_ledger(fixture, person), rows_of(fixture, sql));
        }
        fixture_sql(fixture, "UPDATE issue SET state = 'sent' WHERE id = 1");
    }
}

/* An issue whose deliveries are removed, or that is cancelled: nothing is noted, either. */
static void test_issues_that_cannot_go_out(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_resend_counts counts = {0};
    const struct nl_resend all = {.issue = 1, .state = NL_DELIVERY_BOUNCED};
    set_up(fixture);
    fixture_sql(fixture, "DELETE FROM event");
    fixture_sql(fixture, "UPDATE issue SET state = 'cancelled' WHERE id = 1");
    assert_fails(nl_resend(fixture->store, &all, &counts, &err), NL_EXISTS, "cancelled");
    fixture_sql(fixture, "UPDATE issue SET state = 'sent' WHERE id = 1");
    fixture_sql(fixture, "INSERT INTO setting VALUES ('deliveries removed 1', '5 ')");
    assert_fails(nl_resend_count(fixture->store, &all, &counts, &err), NL_EXISTS, "removed");
    assert_fails(nl_resend(fixture->store, &all, &counts, &err), NL_EXISTS, "removed");
    assert_int_equal(rows_of(fixture, "event"), 0);
    assert_int_equal(rows_of(fixture, "delivery WHERE issue = 1 AND state <> 'bounced'"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_people_who_left_are_left_out, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_which_ones, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_states_of_the_issue, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_notes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_changes_after_the_choice, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_issues_that_cannot_go_out, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
