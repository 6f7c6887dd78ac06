/* Whom an issue would reach and leave out, by language and zone; which issues are due, and when
 * each is planned. */
#include "support.h"

#include "newsletter/store/audit.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/issue_calendar.h"
#include "newsletter/store/link.h"
#include "store/fan_out.h"
#include "store/unconfirmed.h"

#include <stdio.h>

/* Six people: 1 to 3 active, of whom 3 is suppressed; 4 and 5 pending; 6 has left. */
static void add_six(struct fixture *fixture) {
    fixture_add_people(fixture, 6);
    fixture_sql(fixture, "UPDATE subscription SET state = 'pending', confirmed_at = NULL WHERE id "
                         "IN (4, 5)");
    fixture_sql(fixture, "UPDATE subscription SET state = 'unsubscribed' WHERE id = 6");
    fixture_sql(fixture, "INSERT INTO suppression (address_key, reason, since) SELECT address_key, "
                         "'x', 1 FROM subscriber WHERE id IN (3, 5, 6)");
}

static void test_who_is_left_out(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t suppressed = -1, unconfirmed = -1, people = -1;
    add_six(fixture);
    assert_ok(nl_audience_count(fixture->store, 1, NULL, &people, &err));
    assert_int_equal(people, 2);
    assert_ok(nl_audience_left_out(fixture->store, 1, NULL, &suppressed, &unconfirmed, &err));
    assert_int_equal(suppressed, 1);
    assert_int_equal(unconfirmed, 2);
    assert_ok(nl_audience_count(fixture->store, 2, NULL, &people, &err));
    assert_int_equal(people, 0);
    assert_ok(nl_audience_left_out(fixture->store, 2, NULL, &suppressed, &unconfirmed, &err));
    assert_int_equal(suppressed, 0);
    assert_int_equal(unconfirmed, 0);
}

/* People to whom more of an issue may go: nobody who has it, everybody who was skipped. */
static void test_further_people(void **state) {
    static const struct {
        const char *state;
        int64_t further;
    } rows[] = {{"queued", 1},  {"leased", 1}, {"sent", 1},    {"deferred", 1},
                {"bounced", 1}, {"failed", 1}, {"unknown", 1}, {"skipped", 2}};
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t people = -1;
    add_six(fixture);
    fixture_issue(fixture, 1, "sent");
    fixture_issue(fixture, 2, "sent");
    assert_ok(nl_further_count(fixture->store, 1, 1, NULL, &people, &err));
    assert_int_equal(people, 2);
    fixture_sql(fixture,
                "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) "
                "VALUES ('issue', 1, 1, 'queued', 1, 1)");
    for_each_row (i, rows, rows[i].state) {
        char sql[128];
        snprintf(sql, sizeof sql, "UPDATE delivery SET state = '%s'", rows[i].state);
        fixture_sql(fixture, sql);
        assert_ok(nl_further_count(fixture->store, 1, 1, NULL, &people, &err));
        assert_int_equal(people, rows[i].further);
        assert_ok(nl_further_count(fixture->store, 1, 2, NULL, &people, &err));
        assert_int_equal(people, 2);
    }
}

static enum nl_status add_group(const char *name, int64_t people, void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s=%lld ", name, (long long)people);
    return NL_OK;
}

/* The most frequent first, those that are as frequent by their names. */
static void test_languages_and_zones(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf text = {0};
    fixture_add_people(fixture, 9);
    fixture_sql(fixture, "UPDATE subscriber SET language = CASE WHEN id <= 2 THEN 'fr' WHEN id <= "
                         "4 THEN 'de' WHEN id <= 7 THEN 'en' END");
    fixture_sql(fixture, "UPDATE subscriber SET attributes = CASE WHEN id <= 1 THEN '{\"timezone\":"
                         " \"Asia/Tokyo\"}' WHEN id <= 4 THEN '{\"timezone\": \"Europe/Oslo\"}' "
                         "WHEN id <= 5 THEN '{\"timezone\": 5}' WHEN id <= 6 THEN '{\"timezone\": "
                         "\"America/Lima\"}' ELSE '{}' END");
    fixture_sql(fixture, "UPDATE subscription SET state = 'pending' WHERE id = 9");
    assert_ok(nl_issue_audience_languages(fixture->store, 1, NULL, add_group, &text, &err));
    assert_string_equal(nl_buf_text(&text), "en=3 de=2 fr=2 =1 ");
    nl_buf_clear(&text);
    assert_ok(nl_issue_audience_zones(fixture->store, 1, NULL, add_group, &text, &err));
    assert_string_equal(nl_buf_text(&text), "=3 Europe/Oslo=3 America/Lima=1 Asia/Tokyo=1 ");
    nl_buf_free(&text);
}

static enum nl_status add_due(int64_t issue, void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%lld ", (long long)issue);
    return NL_OK;
}

static void test_which_are_due(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf text = {0};
    static const char *const states[] = {"scheduled", "scheduled", "scheduled", "sending",
                                         "paused",    "sent",      "cancelled", "draft"};
    for (int i = 0; i < 8; i++)
        fixture_issue(fixture, i + 1, states[i]);
    fixture_sql(fixture, "UPDATE issue SET scheduled_at = CASE id WHEN 1 THEN 1000000 WHEN 2 THEN "
                         "999999 WHEN 3 THEN 1000001 ELSE 5 END");
    assert_ok(nl_issue_due(fixture->store, add_due, &text, &err));
    assert_string_equal(nl_buf_text(&text), "2 1 ");
    nl_buf_free(&text);
}

/* An issue that is not due, or no longer scheduled, is not begun; one that is, once. */
static void test_beginning(void **state) {
    static const struct {
        const char *sql;
        int64_t deliveries;
    } rows[] = {
        {"UPDATE issue SET state = 'scheduled', scheduled_at = 1000001", 0},
        {"UPDATE issue SET state = 'draft', scheduled_at = 1000000", 0},
        {"UPDATE issue SET state = 'cancelled'", 0},
        {"UPDATE issue SET state = 'scheduled'", 3},
        {"UPDATE issue SET title = 'begun'", 0},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    fixture_add_people(fixture, 3);
    fixture_issue(fixture, 1, "scheduled");
    fixture_issue(fixture, 2, "draft");
    for_each_row (i, rows, rows[i].sql) {
        int64_t deliveries = -1;
        char sql[128];
        snprintf(sql, sizeof sql, "%s WHERE id = 1", rows[i].sql);
        fixture_sql(fixture, sql);
        assert_ok(nl_issue_start(fixture->store, 1, &deliveries, &err));
        assert_int_equal(deliveries, rows[i].deliveries);
    }
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM issue WHERE id = 1 AND state = "
                                          "'sending' AND created_at = 1000000"),
                     1);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM issue WHERE id = 2 AND state = 'draft'"), 1);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'issue-started'"), 1);
}

static enum nl_status add_planned(const struct nl_planned_issue *issue, void *ctx,
                                  struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%lld@%lld ", (long long)issue->id, (long long)issue->at);
    return NL_OK;
}

static void assert_planned(struct fixture *fixture, int64_t from, int64_t to, const char *text) {
    struct nl_error err = {0};
    struct nl_buf found = {0};
    assert_ok(nl_issue_planned(fixture->store, from, to, add_planned, &found, &err));
    assert_string_equal(nl_buf_text(&found), text);
    nl_buf_free(&found);
}

/* Only a scheduled one counts by its plan; others by when they began. */
static void test_a_calendar(void **state) {
    struct fixture *fixture = *state;
    fixture_issue(fixture, 1, "sent");
    fixture_issue(fixture, 2, "scheduled");
    fixture_issue(fixture, 3, "scheduled");
    fixture_issue(fixture, 4, "scheduled");
    fixture_sql(fixture, "UPDATE issue SET created_at = 50, scheduled_at = 150 - 10 * id");
    assert_planned(fixture, 0, 1000, "1@50 4@110 3@120 2@130 ");
    assert_planned(fixture, 110, 130, "4@110 3@120 ");
    assert_planned(fixture, 111, 131, "3@120 2@130 ");
    fixture_sql(fixture, "UPDATE issue SET scheduled_at = 200");
    assert_planned(fixture, 100, 300, "2@200 3@200 4@200 ");
}

static enum nl_status move(struct fixture *fixture, int64_t issue, int64_t from, int64_t at) {
    struct nl_error err = {0};
    const struct nl_actor by = {.name = "olga", .door = "command"};
    const struct nl_issue_move move = {.issue = issue, .from = from, .at = at, .by = &by};
    enum nl_status status = nl_issue_reschedule(fixture->store, &move, &err);
    nl_error_free(&err);
    return status;
}

static void test_moving(void **state) {
    struct fixture *fixture = *state;
    fixture_issue(fixture, 1, "scheduled");
    fixture_issue(fixture, 2, "scheduled");
    fixture_issue(fixture, 3, "paused");
    fixture_sql(fixture, "UPDATE issue SET scheduled_at = 2000000");
    assert_int_equal(move(fixture, 1, 2000001, 3000000), NL_EXISTS); /* somebody else was quicker */
    assert_int_equal(move(fixture, 3, 2000000, 3000000), NL_EXISTS);
    assert_int_equal(move(fixture, 9, 2000000, 3000000), NL_EXISTS);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM audit"), 0);
    assert_int_equal(move(fixture, 1, 2000000, 3000000), NL_OK);
    assert_int_equal(move(fixture, 1, 2000000, 4000000), NL_EXISTS);
    assert_int_equal(fixture_sql(fixture, "SELECT scheduled_at FROM issue WHERE id = 1"), 3000000);
    assert_int_equal(fixture_sql(fixture, "SELECT scheduled_at FROM issue WHERE id = 2"), 2000000);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM audit"), 1);
}

/* Each row spares one of two sign-ups from deletion, or does not; the third person is active. */
static void test_signups_that_nobody_confirmed(void **state) {
#define MAIL(state)                                                                                \
    "INSERT INTO delivery (kind, subscription, state, created_at, updated_at) SELECT "             \
    "'confirmation', id, '" state "', 1, 1 FROM subscription WHERE consent_source = 'first'"
    static const struct {
        const char *sql;
        enum nl_purpose purpose;
        int64_t link_until; /* 0: no link */
        int64_t deleted;
    } rows[] = {
        {"SELECT 1", 0, 0, 2},
        {"UPDATE subscription SET consent_at = 500000 WHERE consent_source = 'first'", 0, 0, 1},
        {"UPDATE subscription SET consent_at = 499999 WHERE consent_source = 'first'", 0, 0, 2},
        {"UPDATE subscription SET state = 'active' WHERE consent_source = 'first'", 0, 0, 1},
        {"UPDATE subscription SET state = 'bounced' WHERE consent_source = 'first'", 0, 0, 1},
        {"SELECT 2", NL_LINK_SUBSCRIBE, 500000, 1},
        {"SELECT 3", NL_LINK_SUBSCRIBE, 499999, 2},
        {"SELECT 4", NL_LINK_RECEIPT, 500000, 2},
        {MAIL("queued"), 0, 0, 1},
        {MAIL("leased"), 0, 0, 1},
        {MAIL("deferred"), 0, 0, 1},
        {MAIL("sent"), 0, 0, 2},
        /* Somebody who was confirmed once has left, and is not forgotten. */
        {"UPDATE subscription SET confirmed_at = 5 WHERE consent_source = 'first'", 0, 0, 1},
    };
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].sql) {
        struct nl_error err = {0};
        struct nl_token token;
        int64_t count = -1;
        fixture_sql(fixture, "DELETE FROM confirmation");
        fixture_sql(fixture, "DELETE FROM delivery");
        fixture_sql(fixture, "DELETE FROM subscription");
        fixture_sql(fixture, "DELETE FROM subscriber");
        fixture_add_people(fixture, 3);
        fixture_sql(fixture,
                    "UPDATE subscription SET state = 'pending', confirmed_at = NULL WHERE id "
                    "< (SELECT max(id) FROM subscription)");
        fixture_sql(fixture, "UPDATE subscription SET consent_source = 'first' WHERE id = (SELECT "
                             "min(id) FROM subscription)");
        fixture_sql(fixture, rows[i].sql);
        if (rows[i].link_until != 0)
            assert_ok(nl_link_new(fixture->store,
                                  fixture_sql(fixture, "SELECT min(id) FROM subscription"),
                                  rows[i].purpose, rows[i].link_until, 0, &token, &err));
        assert_ok(nl_unconfirmed_delete(fixture->store, 500000, true, &count, &err));
        assert_int_equal(count, rows[i].deleted);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscription"), 3);
        assert_ok(nl_unconfirmed_delete(fixture->store, 500000, false, &count, &err));
        assert_int_equal(count, rows[i].deleted);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscription"),
                         3 - rows[i].deleted);
    }
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM subscription WHERE state = 'unsubscribed' AND "
                             "consent_source = 'first' AND ended_at = 1000000"),
        1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_is_left_out, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_further_people, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_languages_and_zones, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_which_are_due, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_beginning, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_calendar, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_moving, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_signups_that_nobody_confirmed, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
