/* A canary in the database: how its size is written, who is in the sample, and how it ends. */
#include "support.h"

#include "newsletter/store/canary.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/making.h"

#include <stdio.h>
#include <stdlib.h>

enum { PEOPLE = 2 * NL_PART + 500 };

static void test_sizes(void **state) {
    static const struct {
        const char *text;
        int64_t share, people; /* both 0: refused */
        const char *written;   /* NULL: the same */
    } cases[] = {
        {"1%", 100, 0, NULL},
        {"1 %", 100, 0, "1%"},
        {"0.5%", 50, 0, NULL},
        {"0.25%", 25, 0, NULL},
        {"0.01%", 1, 0, NULL},
        {"12.34%", 1234, 0, NULL},
        {"1.50%", 150, 0, "1.5%"},
        {"1.05%", 105, 0, NULL},
        {"100%", 10000, 0, NULL},
        {"100.01%", 0, 0, NULL},
        {"101%", 0, 0, NULL},
        {"0%", 0, 0, NULL},
        {"0.00%", 0, 0, NULL},
        {"0.001%", 0, 0, NULL},
        {"1.%", 0, 0, NULL},
        {".5%", 0, 0, NULL},
        {"%", 0, 0, NULL},
        {"1%%", 0, 0, NULL},
        {"-1%", 0, 0, NULL},
        {"99999999999%", 0, 0, NULL},
        {"50", 0, 50, NULL},
        {"1", 0, 1, NULL},
        {"0", 0, 0, NULL},
        {"-5", 0, 0, NULL},
        {"1000000000", 0, 1000000000, NULL},
        {"1000000001", 0, 0, NULL},
        {"", 0, 0, NULL},
        {"x", 0, 0, NULL},
        {"5x", 0, 0, NULL},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text) {
        struct nl_canary_plan plan;
        char text[NL_CANARY_TEXT];
        bool good = cases[i].share + cases[i].people > 0;
        assert_int_equal(nl_canary_parse(cases[i].text, &plan), good);
        if (!good)
            continue;
        assert_int_equal(plan.share, cases[i].share);
        assert_int_equal(plan.people, cases[i].people);
        nl_canary_text(&plan, text);
        assert_string_equal(text, cases[i].written != NULL ? cases[i].written : cases[i].text);
    }
}

static int64_t count(struct fixture *fixture, const char *condition) {
    char sql[300];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM delivery WHERE issue = 1 AND %s", condition);
    return fixture_sql(fixture, sql);
}

/* An issue that was scheduled and is made in three parts: its estimate is there from the first one
 * on, and each part gives its share to the sample. */
static void begin_scheduled(struct fixture *fixture, const char *canary, int64_t first) {
    struct nl_error err = {0};
    struct nl_making making = {0};
    int64_t deliveries = 0;
    char sql[200];
    enum nl_part_result result = NL_PART_MADE;
    fixture_add_people(fixture, PEOPLE);
    fixture_issue(fixture, 1, "scheduled");
    snprintf(sql, sizeof sql,
             "INSERT INTO canary (issue, share, people, state, token, newer_than) VALUES (1, %s, "
             "'waiting', 't', 0)",
             canary);
    fixture_sql(fixture, sql);
    assert_ok(nl_issue_start(fixture->store, 1, &deliveries, &err));
    assert_int_equal(deliveries, NL_PART);
    assert_int_equal(count(fixture, "state = 'queued'"), first);
    assert_ok(nl_making_read(fixture->store, 1, &making, &err));
    assert_true(making.unfinished);
    assert_int_equal(making.about, PEOPLE);
    while (result == NL_PART_MADE)
        assert_ok(nl_making_next(fixture->store, 1, &result, &err));
    assert_int_equal(count(fixture, "TRUE"), PEOPLE);
}

static void test_a_number_of_people(void **state) {
    struct fixture *fixture = *state;
    begin_scheduled(fixture, "0, 50", (50 * NL_PART + PEOPLE - 1) / PEOPLE);
    assert_int_equal(count(fixture, "state = 'queued'"), 50);
    assert_int_equal(count(fixture, "state = 'deferred' AND next_attempt_at IS NULL"), PEOPLE - 50);
}

static void test_a_share(void **state) {
    struct fixture *fixture = *state;
    begin_scheduled(fixture, "100, 0", NL_PART / 100);
    assert_int_equal(count(fixture, "state = 'queued'"), (PEOPLE + 99) / 100);
}

/* Issue 1 to ten people, of whom two are the sample; issue 2 is another one with a canary. */
static void ten_people(struct fixture *fixture) {
    fixture_issue(fixture, 1, "sending");
    fixture_issue(fixture, 2, "sending");
    for (int i = 0; i < 10; i++) {
        char text[200];
        snprintf(text, sizeof text, "user%d@example.org", i);
        int64_t id = fixture_subscribe(fixture, text);
        snprintf(text, sizeof text,
                 "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) "
                 "SELECT 'issue', id, %lld, '%s', 1, 1 FROM issue",
                 (long long)id, i < 2 ? "queued" : "deferred");
        fixture_sql(fixture, text);
    }
    fixture_sql(fixture, "INSERT INTO canary (issue, share, people, state, token, newer_than) "
                         "SELECT id, 0, 2, 'waiting', 't', 0 FROM issue");
}

static void test_the_sample_is_counted(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_canary_sample sample;
    static const char *const states[] = {"queued", "leased",  "sent",   "bounced",
                                         "failed", "unknown", "skipped"};
    ten_people(fixture);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        char sql[160];
        snprintf(sql, sizeof sql,
                 "UPDATE delivery SET state = '%s' WHERE issue = 1 AND subscription = %zu",
                 states[i], i + 1);
        fixture_sql(fixture, sql);
    }
    fixture_sql(fixture, "UPDATE delivery SET next_attempt_at = 5 WHERE issue = 1 AND subscription "
                         "= 8"); /* tried, and tried again later */
    assert_ok(nl_canary_count(fixture->store, 1, &sample, &err));
    assert_int_equal(sample.people, 8);
    assert_int_equal(sample.unmade, 0);
    assert_int_equal(sample.untried, 2);
    assert_int_equal(sample.sent, 1);
    assert_int_equal(sample.deferred, 1);
    assert_int_equal(sample.refused, 2);
    assert_int_equal(sample.unknown, 1);
    assert_int_equal(sample.skipped, 1);
    fixture_sql(fixture, "UPDATE canary SET newer_than = (SELECT max(id) FROM delivery WHERE issue "
                         "= 1 AND subscription = 3) WHERE issue = 1"); /* of the rest */
    assert_ok(nl_canary_count(fixture->store, 1, &sample, &err));
    assert_int_equal(sample.people, 5);
    assert_int_equal(sample.sent, 0);
}

/* It ends once, while its issue is being sent: the others are queued, or the issue is paused. */
static void test_the_end(void **state) {
    static const struct {
        const char *issue, *canary;
        const char *pause;
        bool done;
        const char *issue_after, *canary_after;
    } cases[] = {
        {"sending", "waiting", NULL, true, "sending", "passed"},
        {"sending", "waiting", "junk", true, "paused", "paused"},
        {"paused", "waiting", NULL, false, "paused", "waiting"},
        {"cancelled", "waiting", "junk", false, "cancelled", "waiting"},
        {"sending", "passed", "junk", false, "sending", "passed"},
        {"sending", "overruled", NULL, false, "sending", "overruled"},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    ten_people(fixture);
    for_each_row (i, cases, cases[i].canary_after) {
        char sql[200];
        bool done = !cases[i].done;
        fixture_sql(fixture, "UPDATE delivery SET state = 'deferred' WHERE issue > 0 AND "
                             "subscription > 2");
        snprintf(sql, sizeof sql, "UPDATE issue SET state = '%s' WHERE id = 1", cases[i].issue);
        fixture_sql(fixture, sql);
        snprintf(sql, sizeof sql, "UPDATE canary SET state = '%s' WHERE issue = 1",
                 cases[i].canary);
        fixture_sql(fixture, sql);
        assert_ok(nl_canary_settle(fixture->store, 1, "{}", cases[i].pause, &done, &err));
        assert_int_equal(done, cases[i].done);
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM issue i JOIN canary c ON c.issue = i.id WHERE i.id = 1 AND "
                 "i.state = '%s' AND c.state = '%s'",
                 cases[i].issue_after, cases[i].canary_after);
        assert_int_equal(fixture_sql(fixture, sql), 1);
        assert_int_equal(count(fixture, "state = 'queued'"),
                         done && cases[i].pause == NULL ? 10 : 2);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue = 2 AND "
                                              "state = 'deferred'"),
                         8);
    }
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'canary-passed'"), 1);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'canary-paused'"), 1);
}

/* Notes count while it waits; afterwards it stays as it ended. */
static void test_notes(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_canary canary;
    bool found = false;
    ten_people(fixture);
    const struct nl_canary noted = {.until = 70, .look_at = 60, .facts = (char *)"{\"a\":1}"};
    assert_ok(nl_canary_note(fixture->store, 1, &noted, &err));
    assert_ok(nl_canary_read(fixture->store, 1, &found, &canary, &err));
    assert_true(found);
    assert_int_equal(canary.until, 70);
    assert_int_equal(canary.look_at, 60);
    assert_int_equal(canary.plan.people, 2);
    assert_int_equal(canary.state, NL_CANARY_WAITING);
    assert_string_equal(canary.facts, "{\"a\":1}");
    nl_canary_free(&canary);
    assert_ok(nl_canary_read(fixture->store, 2, &found, &canary, &err));
    assert_null(canary.facts);
    assert_int_equal(canary.until + canary.look_at, 0);
    nl_canary_free(&canary);
    fixture_sql(fixture, "UPDATE canary SET state = 'overruled' WHERE issue = 1");
    assert_ok(nl_canary_note(fixture->store, 1, &(const struct nl_canary){0}, &err));
    assert_ok(nl_canary_read(fixture->store, 1, &found, &canary, &err));
    assert_int_equal(canary.state, NL_CANARY_OVERRULED);
    assert_string_equal(canary.facts, "{\"a\":1}");
    nl_canary_free(&canary);
    assert_ok(nl_canary_read(fixture->store, 3, &found, &canary, &err));
    assert_false(found);
}

static void test_whether_any_waits(void **state) {
    static const struct {
        const char *issue, *canary;
        bool any;
    } cases[] = {
        {"scheduled", "waiting", true}, {"sending", "waiting", true},
        {"paused", "waiting", true},    {"cancelled", "waiting", false},
        {"sent", "waiting", false},     {"sending", "passed", false},
        {"paused", "paused", false},    {"sending", "overruled", false},
    };
    struct fixture *fixture = *state;
    ten_people(fixture);
    fixture_sql(fixture, "UPDATE canary SET state = 'passed' WHERE issue = 2");
    for_each_row (i, cases, cases[i].canary) {
        struct nl_error err = {0};
        char sql[200];
        bool any = !cases[i].any;
        bool waits = false;
        snprintf(sql, sizeof sql, "UPDATE issue SET state = '%s' WHERE id = 1", cases[i].issue);
        fixture_sql(fixture, sql);
        snprintf(sql, sizeof sql, "UPDATE canary SET state = '%s' WHERE issue = 1",
                 cases[i].canary);
        fixture_sql(fixture, sql);
        assert_ok(nl_canary_any(fixture->store, &any, &err));
        assert_int_equal(any, cases[i].any);
        assert_ok(nl_canary_waits(fixture->store, 1, &waits, &err));
        assert_int_equal(waits, strcmp(cases[i].canary, "waiting") == 0);
        assert_ok(nl_canary_waits(fixture->store, 2, &waits, &err));
        assert_false(waits);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes), TEST(test_a_number_of_people),
        TEST(test_a_share),           TEST(test_the_sample_is_counted),
        TEST(test_the_end),           TEST(test_notes),
        TEST(test_whether_any_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
