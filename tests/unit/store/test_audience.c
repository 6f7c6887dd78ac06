/* The people who are mailed an issue: at once, at a time, by the hours of time zones, and further
 * people later.
 */
#include "support.h"

#include "newsletter/base/segment.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/making.h"

#include <stdio.h>
#include <stdlib.h>

/* Six people on "news": 1 active, 2 active, 3 active and suppressed, 4 pending, 5 unsubscribed,
 * 6 active. Another list has 1 and 5 as active. */
static void set_up(struct fixture *fixture) {
    for (int i = 1; i <= 6; i++) {
        char address[64];
        snprintf(address, sizeof address, "user%d@example.org", i);
        fixture_subscribe(fixture, address);
    }
    fixture_sql(fixture, "UPDATE subscription SET state = CASE id WHEN 4 THEN 'pending' WHEN 5 "
                         "THEN 'unsubscribed' ELSE 'active' END");
    fixture_sql(fixture, "INSERT INTO suppression VALUES ('user3@example.org', 'x', 1)");
    fixture_sql(fixture, "INSERT INTO list (id, uuid, name, title, list_id, sender, language, "
                         "created_at, private) VALUES (2, 'u', 'other', 'O', 'o.x', 'a@b.example', "
                         "'en', 1, 0)");
    fixture_sql(fixture, "INSERT INTO subscription (list, subscriber, state, token, consent_at, "
                         "created_at) VALUES (2, 1, 'active', 't1', 1, 1), (2, 5, 'active', 't5', "
                         "1, 1)");
    fixture_sql(fixture, "UPDATE subscriber SET language = CASE WHEN id IN (1, 6) THEN 'de' ELSE "
                         "'en' END, attributes = CASE id WHEN 1 THEN "
                         "'{\"timezone\":\"Asia/Almaty\"}' WHEN 2 THEN "
                         "'{\"timezone\":\"Europe/Berlin\"}' WHEN 4 THEN "
                         "'{\"timezone\":\"Asia/Tokyo\"}' WHEN 6 THEN '{\"timezone\":7}' ELSE '{}' "
                         "END");
    fixture_sql(fixture, "DELETE FROM delivery");
    fixture_sql(fixture, "DELETE FROM event");
}

static struct nl_segment *segment(const char *text) {
    struct nl_error err = {0};
    struct nl_segment *out = NULL;
    if (text != NULL)
        assert_ok(nl_segment_parse(text, 1000000, &out, &err));
    return out;
}

/* The subscriptions with such a delivery of issue 1, as a number of digits. */
static int64_t people(struct fixture *fixture, const char *condition) {
    int64_t digits = 0;
    for (int id = 1; id <= 8; id++) {
        char sql[300];
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM delivery WHERE issue = 1 AND subscription = %d AND %s", id,
                 condition);
        digits = fixture_sql(fixture, sql) == 1 ? digits * 10 + id : digits;
    }
    return digits;
}

static void set_segment(struct fixture *fixture, const char *text) {
    char sql[200];
    snprintf(sql, sizeof sql, "UPDATE issue SET segment = nullif('%s', '')",
             text != NULL ? text : "");
    fixture_sql(fixture, sql);
}

/* A scheduled issue becomes one that is sent, once. */
static void test_starting(void **state) {
    static const struct {
        const char *segment, *state;
        int64_t people;
        int deliveries;
    } cases[] = {{NULL, "scheduled", 126, 3},
                 {"language = \"de\"", "scheduled", 16, 2},
                 {"language = \"de\" or language = \"en\"", "scheduled", 126, 3},
                 {"not language = \"de\"", "scheduled", 2, 1},
                 {"language = \"fr\"", "scheduled", 0, 0},
                 {NULL, "cancelled", 0, 0},
                 {NULL, "sending", 0, 0},
                 {NULL, "draft", 0, 0}};
    struct fixture *fixture = *state;
    set_up(fixture);
    for_each_row (i, cases, cases[i].segment) {
        struct nl_error err = {0};
        int64_t deliveries = -1;
        bool starts = strcmp(cases[i].state, "scheduled") == 0;
        fixture_sql(fixture, "DELETE FROM delivery");
        fixture_sql(fixture, "DELETE FROM event");
        fixture_sql(fixture, "DELETE FROM issue");
        fixture_issue(fixture, 1, cases[i].state);
        set_segment(fixture, cases[i].segment);
        fixture_issue(fixture, 2, "scheduled");
        assert_ok(nl_issue_start(fixture->store, 1, &deliveries, &err));
        assert_int_equal(deliveries, cases[i].deliveries);
        assert_int_equal(people(fixture, "state = 'queued'"), cases[i].people);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery"),
                         cases[i].deliveries);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM issue WHERE id = 1 AND state = "
                                              "'sending' AND created_at = 1000000"),
                         starts);
        assert_int_equal(
            fixture_sql(fixture, "SELECT count(*) FROM issue WHERE id = 2 AND state = 'scheduled'"),
            1);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = "
                                              "'issue-started' AND issue = 1 AND list = 1 AND "
                                              "subscriber IS NULL"),
                         starts);
        assert_ok(nl_issue_start(fixture->store, 1, &deliveries, &err));
        assert_int_equal(deliveries, 0);
    }
}

/* Each waits for the hour of their zone; people without one have UTC. */
static void test_hours(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t deliveries = 0;
    set_up(fixture);
    fixture_issue(fixture, 1, "scheduled");
    fixture_sql(fixture, "UPDATE issue SET local_time = '1970-01-13 12:00'");
    fixture_issue(fixture, 2, "sending");
    fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                         "updated_at) VALUES ('issue', 2, 1, 'queued', 1, 1)");
    assert_ok(nl_issue_start(fixture->store, 1, &deliveries, &err));
    assert_int_equal(deliveries, 3);
    assert_int_equal(people(fixture, "state = 'deferred' AND next_attempt_at = 1080000 - 21600"),
                     1);
    assert_int_equal(people(fixture, "state = 'deferred' AND next_attempt_at = 1080000 - 3600"), 2);
    assert_int_equal(people(fixture, "state = 'deferred' AND next_attempt_at = 1080000"), 6);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 2 AND state = 'queued'"),
        1);
}

static enum nl_status collect_issue(int64_t issue, void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%lld;", (long long)issue);
    return NL_OK;
}

/* Issues are due at their time, in order. */
static void test_times(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    set_up(fixture);
    for (int id = 1; id <= 4; id++)
        fixture_issue(fixture, id, id == 4 ? "sending" : "scheduled");
    fixture_sql(fixture, "UPDATE issue SET scheduled_at = CASE id WHEN 1 THEN 1000000 WHEN 2 THEN "
                         "999999 WHEN 3 THEN 1000001 ELSE 5 END");
    assert_ok(nl_issue_due(fixture->store, collect_issue, &out, &err));
    assert_string_equal(nl_buf_text(&out), "2;1;");
    nl_buf_free(&out);
}

/* Further people: those who have none of its deliveries yet, or one that was skipped. */
static void test_further_people(void **state) {
    static const struct {
        const char *name, *states[3]; /* of the deliveries of 1, 2 and 6; NULL: none */
        const char *segment;
        int64_t queued; /* afterwards */
        int further;
    } cases[] = {
        {"nobody had it", {NULL, NULL, NULL}, NULL, 126, 3},
        {"everybody had it", {"sent", "sent", "sent"}, NULL, 0, 0},
        {"one is new", {"sent", "sent", NULL}, NULL, 6, 1},
        {"one was skipped", {"sent", "skipped", "sent"}, NULL, 2, 1},
        {"refused, failed or in doubt is not new", {"bounced", "failed", "unknown"}, NULL, 0, 0},
        {"what waits is not doubled", {"deferred", "leased", NULL}, NULL, 6, 1},
        {"of a segment", {NULL, NULL, NULL}, "language = \"de\"", 16, 2},
        {"skipped, but not of the segment", {NULL, "skipped", NULL}, "language = \"de\"", 16, 2},
    };
    struct fixture *fixture = *state;
    static const int ids[] = {1, 2, 6};
    set_up(fixture);
    fixture_issue(fixture, 1, "sent");
    fixture_issue(fixture, 2, "sent");
    for_each_row (i, cases, cases[i].name) {
        struct nl_error err = {0};
        struct nl_segment *which = segment(cases[i].segment);
        int64_t count = -1;
        fixture_sql(fixture, "DELETE FROM delivery");
        for (size_t j = 0; j < 3; j++) {
            char sql[256];
            snprintf(sql, sizeof sql,
                     "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                     "updated_at) VALUES ('issue', %d, %d, '%s', 1, 1)",
                     cases[i].states[j] != NULL ? 1 : 2, ids[j],
                     cases[i].states[j] != NULL ? cases[i].states[j] : "sent");
            fixture_sql(fixture, sql);
        }
        fixture_sql(fixture, "UPDATE issue SET state = 'sent', ended_at = 5, segment = NULL");
        assert_ok(nl_issue_further(fixture->store, 1, which, &count, &err));
        assert_int_equal(count, cases[i].further);
        assert_ok(nl_issue_extend(fixture->store, 1, cases[i].segment, NULL, &count, &err));
        assert_int_equal(count, cases[i].further);
        assert_int_equal(people(fixture, "state = 'queued'"), cases[i].queued);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM issue WHERE id = 1 AND state = "
                                              "'sending' AND ended_at IS NULL"),
                         1);
        assert_int_equal(
            fixture_sql(fixture, "SELECT count(*) FROM issue WHERE id = 2 AND state = 'sent'"), 1);
        nl_segment_free(which);
    }
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = "
                                          "'issue-extended' AND issue = 1 AND list = 1"),
                     sizeof cases / sizeof cases[0]);
}

#define DELIVERY(state)                                                                            \
    "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) VALUES "      \
    "('issue', 1, 6, '" state "', 1, 1)"

/* Active people are 1, 2 and 6; 2 came too late for the making of issue 1. */
static void test_people_who_are_yet_to_be_reached(void **state) {
    static const struct {
        const char *name, *sql;
        int64_t left;    /* who get a delivery of the making */
        int64_t further; /* who have none, and get none without being asked for */
        bool again;      /* the making is one for further people itself */
    } rows[] = {
        {"nobody has one", "UPDATE making SET seen = 0", 2, 1, false},
        {"one has one",
         "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) VALUES "
         "(\'issue\', 1, 6, \'sent\', 1, 1)",
         1, 1, false},
        {"one was skipped",
         "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) VALUES "
         "(\'issue\', 1, 6, \'skipped\', 1, 1)",
         1, 1, false},
        {"one was skipped, and gets it now", DELIVERY("skipped"), 2, 1, true},
        {"one has one, and gets no other", DELIVERY("sent"), 1, 1, true},
        {"one is behind it", "UPDATE making SET reached = 1", 1, 2, false},
        {"one is beyond it", "UPDATE making SET newest = 5", 1, 2, false},
        {"nobody is late", "DELETE FROM making_late", 3, 0, false},
        {"of a segment", "UPDATE making SET segment = 'language = \"de\"'", 2, 3, false},
        {"of another issue", "UPDATE making SET issue = 2", 0, 3, false},
    };
    struct fixture *fixture = *state;
    set_up(fixture);
    fixture_issue(fixture, 1, "sent");
    fixture_issue(fixture, 2, "sent");
    for_each_row (i, rows, rows[i].name) {
        struct nl_error err = {0};
        int64_t left = -1;
        int64_t further = -1;
        fixture_sql(fixture, "DELETE FROM delivery");
        fixture_sql(fixture, "DELETE FROM making");
        fixture_sql(fixture, "DELETE FROM making_late");
        fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                             "updated_at) VALUES ('issue', 2, 6, 'sent', 1, 1)");
        fixture_sql(fixture, "INSERT INTO making (id, issue, further, began_at, newest, reached, "
                             "people, seen, made, sampled) VALUES (1, 1, 0, 1, 6, 0, 3, 0, 0, 0)");
        fixture_sql(fixture, "INSERT INTO making_late (making, subscription) VALUES (1, 2), (9, "
                             "1), (9, 6)");
        fixture_sql(fixture, rows[i].sql);
        if (rows[i].again)
            fixture_sql(fixture, "UPDATE making SET further = 1");
        assert_ok(nl_making_left(fixture->store, 1, &left, &err));
        assert_int_equal(left, rows[i].left);
        assert_ok(nl_issue_further(fixture->store, 1, NULL, &further, &err));
        assert_int_equal(further, rows[i].further);
    }
}

#define A "name is known"
#define B "email is known"

/* An issue can be extended while it is sent and afterwards, and its audience grows by it. */
static void test_extending_in_each_state(void **state) {
    static const struct {
        const char *state, *before, *expression, *after; /* segments; NULL: everybody */
        bool extends;
    } cases[] = {
        {"sent", A, B, "(" A ") or (" B ")", true},
        {"sending", A, A, A, true},
        {"paused", NULL, B, NULL, true},
        {"sent", A, NULL, NULL, true},
        {"scheduled", A, B, A, false},
        {"draft", A, B, A, false},
        {"cancelled", A, B, A, false},
    };
    struct fixture *fixture = *state;
    set_up(fixture);
    fixture_issue(fixture, 1, "sent");
    for_each_row (i, cases, cases[i].state) {
        struct nl_error err = {0};
        char sql[200];
        int64_t count = 0;
        snprintf(sql, sizeof sql, "UPDATE issue SET state = '%s', segment = %s%s%s", cases[i].state,
                 cases[i].before != NULL ? "'" : "",
                 cases[i].before != NULL ? cases[i].before : "NULL",
                 cases[i].before != NULL ? "'" : "");
        fixture_sql(fixture, sql);
        enum nl_status status =
            nl_issue_extend(fixture->store, 1, cases[i].expression, NULL, &count, &err);
        assert_int_equal(status, cases[i].extends ? NL_OK : NL_EXISTS);
        nl_error_free(&err);
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM issue WHERE coalesce(segment, '-') = '%s' AND state = '%s'",
                 cases[i].after != NULL ? cases[i].after : "-",
                 cases[i].extends ? "sending" : cases[i].state);
        assert_int_equal(fixture_sql(fixture, sql), 1);
    }
}

/* While two subjects are tried, further people wait for the decision; after it they get the better
 * one. */
static void test_further_people_and_two_subjects(void **state) {
    static const struct {
        const char *winner;
        const char *condition;
    } cases[] = {{"NULL", "state = 'deferred' AND variant IS NULL AND next_attempt_at IS NULL"},
                 {"2", "state = 'queued' AND variant = 2"}};
    struct fixture *fixture = *state;
    set_up(fixture);
    fixture_issue(fixture, 1, "sending");
    for_each_row (i, cases, cases[i].condition) {
        struct nl_error err = {0};
        char sql[200];
        int64_t count = 0;
        fixture_sql(fixture, "DELETE FROM delivery");
        fixture_sql(fixture, "DELETE FROM subject_test");
        snprintf(sql, sizeof sql,
                 "INSERT INTO subject_test (issue, share, wait, rule, decide_at, winner) VALUES "
                 "(1, 50, 60, 'replies', 5, %s)",
                 cases[i].winner);
        fixture_sql(fixture, sql);
        fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                             "updated_at) VALUES ('issue', 1, 2, 'skipped', 1, 1)");
        assert_ok(nl_issue_extend(fixture->store, 1, NULL, NULL, &count, &err));
        assert_int_equal(count, 3);
        assert_int_equal(people(fixture, cases[i].condition), 126);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_starting),
        TEST(test_hours),
        TEST(test_times),
        TEST(test_further_people),
        TEST(test_people_who_are_yet_to_be_reached),
        TEST(test_extending_in_each_state),
        TEST(test_further_people_and_two_subjects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
