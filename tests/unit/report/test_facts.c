/* Facts as the API and the dashboard tell them, for two lists and two issues at once. */
#include "support.h"

#include "newsletter/report/facts.h"

#include <stdio.h>
#include <stdlib.h>

static void assert_json(const json_t *found, const char *expected) {
    struct json_error_t problem;
    json_t *wanted = json_loads(expected, JSON_DECODE_ANY, &problem);
    char *text = json_dumps(found, JSON_SORT_KEYS | JSON_ENCODE_ANY);
    if (wanted == NULL)
        fail_msg("%s: %s", problem.text, expected);
    if (!json_equal(found, wanted))
        fail_msg("%s\nis not\n%s", text, expected);
    free(text);
    json_decref(wanted);
}

/* Checks what a function has appended to an array, and empties that. */
#define assert_facts(call, expected)                                                               \
    do {                                                                                           \
        json_t *out = json_array();                                                                \
        assert_ok(call);                                                                           \
        assert_json(out, expected);                                                                \
        json_decref(out);                                                                          \
    } while (0)

/* An issue 1 to six people, and an issue 2 whose numbers must not be mixed with it. */
static void make_issues(struct fixture *fixture) {
    assert_int_equal(fixture_send(fixture, 6, 2, "\n"), 1);
    fixture_issue(fixture, 2, "paused");
    fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                         "updated_at) SELECT 'issue', 2, id, 'sent', 1, 7 FROM subscription");
    fixture_sql(fixture, "UPDATE issue SET ended_at = 1000200, pause_note = 'a note' WHERE id = 2");
    fixture_sql(fixture, "UPDATE delivery SET state = CASE subscription WHEN 1 THEN 'sent' WHEN 2 "
                         "THEN 'sent' WHEN 3 THEN 'deferred' WHEN 4 THEN 'bounced' WHEN 5 THEN "
                         "'failed' ELSE 'queued' END, updated_at = 1000000 + subscription * 100 "
                         "WHERE issue = 1");
}

static void test_lists(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    static const char *const ends[] = {"pending", "unsubscribed", "bounced", "complained"};
    char sql[128];
    fixture_send(fixture, 6, 6, "\n");
    for_each_row (i, ends, ends[i]) {
        snprintf(sql, sizeof sql, "UPDATE subscription SET state = '%s' WHERE id = %zu", ends[i],
                 i + 1);
        fixture_sql(fixture, sql);
    }
    fixture_sql(fixture, "UPDATE subscription SET state = 'bounced' WHERE id = 1");
    fixture_sql(
        fixture,
        "INSERT INTO list (id, uuid, name, title, list_id, sender, "
        "language, created_at, private) VALUES (2, 'u', 'other', 'Ü', 'other.x', 'a@b.example', "
        "'ru', 1, 1)");
    assert_facts(nl_facts_lists(fixture->store, "news", out, &err),
                 "[{\"name\": \"news\", \"title\": \"news\", \"list_id\": \"news.example.org\", "
                 "\"sender\": \"Press <press@example.org>\", \"language\": \"en\", "
                 "\"private\": false, \"subscriptions\": {\"pending\": 0, \"active\": 2, "
                 "\"unsubscribed\": 1, \"bounced\": 2, \"complained\": 1}}]");
    assert_facts(nl_facts_lists(fixture->store, "other", out, &err),
                 "[{\"name\": \"other\", \"title\": \"Ü\", \"list_id\": \"other.x\", "
                 "\"sender\": \"a@b.example\", \"language\": \"ru\", "
                 "\"private\": true, \"subscriptions\": {\"pending\": 0, \"active\": 0, "
                 "\"unsubscribed\": 0, \"bounced\": 0, \"complained\": 0}}]");
    assert_facts(nl_facts_lists(fixture->store, "nothing", out, &err), "[]");
    json_t *both = json_array();
    assert_ok(nl_facts_lists(fixture->store, NULL, both, &err));
    assert_int_equal(json_array_size(both), 2);
    json_decref(both);
}

/* A day begins at midnight UTC; who left is no longer active at the end of that day. */
static void test_growth(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    fixture_send(fixture, 5, 1, "\n");
    fixture_sql(fixture, "UPDATE subscription SET confirmed_at = CASE id WHEN 1 THEN 172799 WHEN 2 "
                         "THEN 172800 ELSE 259199 END");
    fixture_sql(fixture, "UPDATE subscription SET state = 'unsubscribed', ended_at = 345600 WHERE "
                         "id = 1");
    fixture_sql(fixture, "UPDATE subscription SET state = 'bounced', ended_at = 259199 WHERE "
                         "id = 3");
    fixture_sql(fixture, "UPDATE subscription SET state = 'pending' WHERE id = 5");
    assert_facts(nl_facts_growth(fixture->store, fixture->list.id, out, &err),
                 "[{\"day\": \"1970-01-02T00:00:00Z\", \"joined\": 1, \"left\": 0, \"active\": 1}, "
                 "{\"day\": \"1970-01-03T00:00:00Z\", \"joined\": 3, \"left\": 1, \"active\": 3}, "
                 "{\"day\": \"1970-01-05T00:00:00Z\", \"joined\": 0, \"left\": 1, \"active\": 2}]");
    assert_facts(nl_facts_growth(fixture->store, fixture->list.id + 1, out, &err), "[]");
}

static void test_counts(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    json_t *counts = NULL;
    make_issues(fixture);
    assert_ok(nl_facts_counts(fixture->store, 1, &counts, &err));
    assert_json(counts, "{\"queued\": 1, \"leased\": 0, \"sent\": 2, \"deferred\": 1, "
                        "\"bounced\": 1, \"failed\": 1, \"unknown\": 0, \"skipped\": 0}");
    json_decref(counts);
    fixture_sql(fixture, "UPDATE delivery SET state = CASE subscription WHEN 1 THEN 'leased' WHEN "
                         "2 THEN 'unknown' ELSE 'skipped' END WHERE issue = 1");
    assert_ok(nl_facts_counts(fixture->store, 1, &counts, &err));
    assert_json(counts, "{\"queued\": 0, \"leased\": 1, \"sent\": 0, \"deferred\": 0, "
                        "\"bounced\": 0, \"failed\": 0, \"unknown\": 1, \"skipped\": 4}");
    json_decref(counts);
    assert_ok(nl_facts_counts(fixture->store, 0, &counts, &err)); /* the notices */
    assert_int_equal(nl_facts_number(counts, "sent"), 0);
    assert_int_equal(nl_facts_number(counts, "queued") + nl_facts_number(counts, "skipped"),
                     fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE issue IS NULL"));
    json_decref(counts);
}

static void test_issues(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    json_t *out = json_array();
    make_issues(fixture);
    fixture_sql(fixture, "UPDATE issue SET scheduled_at = 2000000, series = 'S', number = '7', "
                         "category = 'C', posted_by = 'Ann', language = 'de' WHERE id = 2");
    struct nl_issue_filter filter = {0};
    assert_ok(nl_facts_issues(fixture->store, &filter, out, &err));
    assert_int_equal(json_array_size(out), 2);
    json_t *newest = json_array_get(out, 0);
    json_object_del(newest, "deliveries");
    assert_json(
        newest,
        "{\"id\": 2, \"list\": \"news\", \"slug\": \"2\", \"series\": \"S\", \"number\": "
        "\"7\", \"title\": \"T\", \"subject\": \"S\", \"category\": \"C\", \"posted_by\": "
        "\"Ann\", \"date\": \"2026-08-25\", \"language\": \"de\", \"state\": \"paused\", "
        "\"pause_note\": \"a note\", \"created_at\": \"1970-01-01T00:00:01Z\", "
        "\"ended_at\": \"1970-01-12T13:50:00Z\", "
        "\"scheduled_at\": \"1970-01-24T03:33:20Z\", \"canary\":null,\"being_made\": null}");
    json_t *first = json_array_get(out, 1);
    assert_string_equal(nl_facts_word(first, "slug"), "one");
    assert_string_equal(nl_facts_word(first, "series"), "");
    assert_true(json_is_null(json_object_get(first, "ended_at")));
    assert_int_equal(nl_facts_number(json_object_get(first, "deliveries"), "sent"), 2);
    json_decref(out);
    filter.state = NL_ISSUE_PAUSED;
    out = json_array();
    assert_ok(nl_facts_issues(fixture->store, &filter, out, &err));
    assert_int_equal(json_array_size(out), 1);
    json_decref(out);
}

/* The largest domains first; the states of one domain in one object. */
static void test_domains(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    make_issues(fixture); /* d0: 1 sent, 3 deferred, 5 failed; d1: 2 sent, 4 bounced, 6 queued */
    fixture_sql(fixture, "UPDATE subscriber SET address_key = '\"a@b\"@d1.example.org' WHERE id = "
                         "1");
    assert_facts(nl_facts_domains(fixture->store, 1, 10, out, &err),
                 "[{\"domain\": \"d1.example.org\", \"deliveries\": {\"bounced\": 1, \"queued\": "
                 "1, \"sent\": 2}}, {\"domain\": \"d0.example.org\", \"deliveries\": "
                 "{\"deferred\": 1, \"failed\": 1}}]");
    assert_facts(nl_facts_domains(fixture->store, 1, 1, out, &err),
                 "[{\"domain\": \"d1.example.org\", \"deliveries\": {\"bounced\": 1, \"queued\": "
                 "1, \"sent\": 2}}]");
}

/* Bounces, and refusals that made none; the most frequent first. */
static void test_reasons(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    make_issues(fixture);
    fixture_sql(fixture,
                "INSERT INTO returned (id, digest, at, kind) VALUES (1, x'00', 1, 'hard')");
    fixture_sql(fixture, "INSERT INTO bounce (returned, at, delivery, kind, reason, status) SELECT "
                         "1, 1, id, 'hard', 'no such user', '5.1.1' FROM delivery WHERE issue = 1 "
                         "AND subscription = 4");
    fixture_sql(fixture, "INSERT INTO bounce (returned, at, delivery, kind, reason, status) SELECT "
                         "1, 1, id, 'soft', 'full', '4.2.2' FROM delivery WHERE issue = 2");
    fixture_sql(fixture, "UPDATE delivery SET state = 'failed', reply_code = 554, reply_status = "
                         "CASE subscription WHEN 5 THEN '5.7.1' END WHERE issue = 1 AND "
                         "subscription IN (2, 3, 5)");
    assert_facts(nl_facts_reasons(fixture->store, 1, out, &err),
                 "[{\"kind\": \"refused\", \"reason\": \"554\", \"count\": 2}, "
                 "{\"kind\": \"hard\", \"reason\": \"no such user\", \"count\": 1}, "
                 "{\"kind\": \"refused\", \"reason\": \"5.7.1\", \"count\": 1}]");
    assert_facts(nl_facts_reasons(fixture->store, 2, out, &err),
                 "[{\"kind\": \"soft\", \"reason\": \"full\", \"count\": 6}]");
}

/* In the order of time; what waits has not reached a state yet. */
static void test_timeline(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    make_issues(fixture);
    fixture_sql(fixture, "UPDATE delivery SET updated_at = CASE subscription WHEN 1 THEN 1000799 "
                         "WHEN 2 THEN 1000800 WHEN 3 THEN 1000200 ELSE 1000801 END WHERE issue = "
                         "1");
    assert_facts(nl_facts_timeline(fixture->store, 1, 300, out, &err),
                 "[{\"from\": \"1970-01-12T13:50:00Z\", \"state\": \"deferred\", \"count\": 1}, "
                 "{\"from\": \"1970-01-12T13:55:00Z\", \"state\": \"sent\", \"count\": 1}, "
                 "{\"from\": \"1970-01-12T14:00:00Z\", \"state\": \"bounced\", \"count\": 1}, "
                 "{\"from\": \"1970-01-12T14:00:00Z\", \"state\": \"failed\", \"count\": 1}, "
                 "{\"from\": \"1970-01-12T14:00:00Z\", \"state\": \"sent\", \"count\": 1}]");
}

static void test_deliveries(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    make_issues(fixture);
    fixture_sql(fixture, "UPDATE delivery SET reply_code = 450, reply_status = '4.2.0', reply_text "
                         "= 'later', attempts = 2, next_attempt_at = 1000900 WHERE issue = 1 AND "
                         "state = 'deferred'");
    assert_facts(
        nl_facts_deliveries(fixture->store, 1, NL_DELIVERY_DEFERRED, 0, 10, out, &err),
        "[{\"subscription\": 3, \"address\": \"user2@d0.example.org\", \"state\": \"deferred\", "
        "\"attempts\": 2, \"updated_at\": \"1970-01-12T13:51:40Z\", \"next_attempt_at\": "
        "\"1970-01-12T14:01:40Z\", \"reply_code\": 450, \"reply_status\": \"4.2.0\", "
        "\"reply_text\": \"later\"}]");
    /* Nothing is told of a reply where there was none. */
    assert_facts(
        nl_facts_deliveries(fixture->store, 1, NL_DELIVERY_QUEUED, 0, 10, out, &err),
        "[{\"subscription\": 6, \"address\": \"user5@d1.example.org\", \"state\": \"queued\", "
        "\"attempts\": 0, \"updated_at\": \"1970-01-12T13:56:40Z\", \"next_attempt_at\": null, "
        "\"reply_code\": null, \"reply_status\": null, \"reply_text\": null}]");
    json_t *page = json_array();
    assert_ok(nl_facts_deliveries(fixture->store, 2, NL_DELIVERY_SENT, 2, 3, page, &err));
    assert_int_equal(json_array_size(page), 3);
    assert_int_equal(nl_facts_number(json_array_get(page, 0), "subscription"), 3);
    json_decref(page);
    assert_facts(nl_facts_deliveries(fixture->store, 2, NL_DELIVERY_SENT, 6, 3, out, &err), "[]");
}

/* Two subjects: who left counts for the subject that they had got, from when it went out. */
static void test_subjects(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    json_t *object = json_object();
    make_issues(fixture);
    assert_ok(nl_facts_subjects(fixture->store, 1, object, &err));
    assert_json(object, "{\"subjects\": []}");
    fixture_sql(fixture, "UPDATE issue SET alternative_subject = 'Two' WHERE id = 1");
    fixture_sql(fixture, "INSERT INTO subject_test (issue, share, wait, rule, winner) VALUES (1, "
                         "50, 60, 'replies', 2)");
    fixture_sql(fixture, "UPDATE delivery SET state = 'sent', variant = 1 + subscription % 2, "
                         "replied_at = CASE subscription WHEN 2 THEN 5 END WHERE issue = 1 AND "
                         "subscription <> 6");
    fixture_sql(fixture, "UPDATE subscription SET state = 'unsubscribed', ended_at = CASE id WHEN "
                         "3 THEN 1000300 ELSE 1000499 END WHERE id IN (3, 5)");
    assert_ok(nl_facts_subjects(fixture->store, 1, object, &err));
    assert_json(object,
                "{\"subjects\": [{\"subject\": \"One\", \"people\": 2, \"sent\": 2, \"left\": 0, "
                "\"replied\": 1, \"chosen\": false}, {\"subject\": \"Two\", \"people\": 3, "
                "\"sent\": 3, \"left\": 1, \"replied\": 0, \"chosen\": true}]}");
    json_decref(object);
}

static void test_words(void **state) {
    (void)state;
    json_t *object = json_pack("{s:s, s:I, s:n}", "a", "b", "n", (json_int_t)7, "none");
    assert_string_equal(nl_facts_word(object, "a"), "b");
    assert_string_equal(nl_facts_word(object, "none"), "");
    assert_string_equal(nl_facts_word(object, "missing"), "");
    assert_int_equal(nl_facts_number(object, "n"), 7);
    assert_int_equal(nl_facts_number(object, "missing"), 0);
    json_decref(object);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_lists),    TEST(test_growth),
        TEST(test_counts),   TEST(test_issues),
        TEST(test_domains),  TEST(test_reasons),
        TEST(test_timeline), TEST(test_deliveries),
        TEST(test_subjects), cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
