/* Data subjects: of two people with the same history, one is erased, corrected or exported. */
#include "support.h"

#include "newsletter/base/address.h"
#include "newsletter/store/person.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* Ann (1) and Bob (2), of each of whom everything is known that can be. */
static void set_up(struct fixture *fixture) {
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    fixture_issue(fixture, 1, "sending");
    fixture_sql(fixture, "UPDATE subscriber SET name = 'N' || id, language = 'de', attributes = "
                         "'{\"city\":\"Bonn\"}'");
    fixture_sql(fixture, "UPDATE subscription SET consent_source = 'fair', consent_ip = "
                         "'192.0.2.1'");
    fixture_sql(fixture, "DELETE FROM delivery");
    fixture_sql(fixture, "INSERT INTO delivery (id, kind, issue, subscription, state, created_at, "
                         "updated_at, reply_text) SELECT 70 + id, 'issue', 1, id, 'queued', 1, 1, "
                         "'words' FROM subscription");
    fixture_sql(fixture, "INSERT INTO delivery (id, kind, subscription, state, created_at, "
                         "updated_at, reply_text) SELECT 80 + id, 'welcome', id, 'deferred', 1, 1, "
                         "'words' FROM subscription");
    fixture_sql(fixture, "INSERT INTO delivery (id, kind, subscription, state, created_at, "
                         "updated_at, reply_text) SELECT 90 + id, 'welcome', id, 'sent', 1, 1, "
                         "'words' FROM subscription");
    fixture_sql(fixture, nl_store_is_file(fixture->path)
                             ? "INSERT INTO returned (id, digest, at, kind, message) VALUES (1, "
                               "x'01', 1, 'hard', x'41'), (2, x'02', 1, 'hard', x'41')"
                             : "INSERT INTO returned (id, digest, at, kind, message) VALUES (1, "
                               "'\\x01', 1, 'hard', '\\x41'), (2, '\\x02', 1, 'hard', '\\x41')");
    fixture_sql(fixture, "INSERT INTO bounce (returned, at, delivery, subscription, kind, reason, "
                         "status, diagnostic) SELECT id, 1, 70 + id, id, 'hard', 'r', '5.1.1', "
                         "'words' FROM subscription");
    fixture_sql(fixture, "INSERT INTO address_change VALUES (1, 'a2@example.org', "
                         "'a2@example.org', 1), (2, 'b2@example.org', 'b2@example.org', 1)");
    fixture_sql(fixture, "UPDATE event SET detail = 'words'");
}

/* How many rows tell of a subscriber, each kind of row by itself. */
static const struct {
    const char *name, *sql; /* with the subscriber's number for %d */
} traces[] = {
    {"the person", "SELECT count(*) FROM subscriber WHERE id = %d AND name IS NOT NULL AND "
                   "language IS NOT NULL AND attributes <> '{}' AND address LIKE '%%@%%' AND "
                   "address_key LIKE '%%@%%'"},
    {"the consent", "SELECT count(*) FROM subscription WHERE subscriber = %d AND consent_ip IS NOT "
                    "NULL AND consent_source IS NOT NULL AND state = 'active' AND ended_at IS "
                    "NULL"},
    {"what is queued", "SELECT count(*) FROM delivery WHERE id = 70 + %d AND state = 'queued' AND "
                       "reply_text IS NOT NULL"},
    {"what is deferred", "SELECT count(*) FROM delivery WHERE id = 80 + %d AND state = 'deferred' "
                         "AND reply_text IS NOT NULL"},
    {"what was said",
     "SELECT count(*) FROM delivery WHERE id = 90 + %d AND reply_text IS NOT NULL"},
    {"what came back", "SELECT count(*) FROM returned WHERE id = %d AND message IS NOT NULL"},
    {"why it came back",
     "SELECT count(*) FROM bounce WHERE subscription = %d AND diagnostic IS NOT "
     "NULL"},
    {"the history", "SELECT min(1) FROM event WHERE subscriber = %d AND detail IS NOT NULL"},
    {"links", "SELECT min(1) FROM confirmation WHERE subscription = %d"},
    {"a new address", "SELECT count(*) FROM address_change WHERE subscriber = %d"},
};

static void assert_traces(struct fixture *fixture, int subscriber, bool all) {
    for_each_row (i, traces, traces[i].name) {
        char sql[320];
        snprintf(sql, sizeof sql, traces[i].sql, subscriber);
        assert_int_equal(fixture_sql(fixture, sql) == 1, all);
    }
}

static void test_erasing_one_of_two(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_address address = {0};
    bool erased = false;
    set_up(fixture);
    assert_traces(fixture, 1, true);
    assert_ok(nl_person_erase(fixture->store, 1, &err));
    assert_traces(fixture, 1, false);
    assert_traces(fixture, 2, true);
    /* A message that was sent stays counted, and one that was queued is skipped now. */
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'sent'"), 2);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'skipped' "
                                          "AND id IN (71, 81) AND updated_at = 1000000"),
                     2);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscription WHERE id = 1 AND "
                                          "state = 'unsubscribed' AND ended_at = 1000000"),
                     1);
    assert_ok(nl_address_parse("ann@example.org", &address, &err));
    assert_ok(nl_person_was_erased(fixture->store, &address, &erased, &err));
    assert_true(erased);
    nl_address_free(&address);
    assert_ok(nl_address_parse("bob@example.org", &address, &err));
    assert_ok(nl_person_was_erased(fixture->store, &address, &erased, &err));
    assert_false(erased);
    nl_address_free(&address);
    assert_fails(nl_person_erase(fixture->store, 99, &err), NL_NOTFOUND, "no such subscriber");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'erased'"), 1);
}

/* How somebody has left, and when, stays known. */
static void test_erasing_who_has_left(void **state) {
    static const char *const states[] = {"unsubscribed", "bounced", "complained"};
    struct fixture *fixture = *state;
    for_each_row (i, states, states[i]) {
        struct nl_error err = {0};
        char text[64];
        char sql[160];
        snprintf(text, sizeof text, "user%zu@example.org", i);
        int64_t id = fixture_subscribe(fixture, text);
        snprintf(sql, sizeof sql,
                 "UPDATE subscription SET state = '%s', ended_at = 500 WHERE id = %lld", states[i],
                 (long long)id);
        fixture_sql(fixture, sql);
        snprintf(sql, sizeof sql, "SELECT subscriber FROM subscription WHERE id = %lld",
                 (long long)id);
        assert_ok(nl_person_erase(fixture->store, fixture_sql(fixture, sql), &err));
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM subscription WHERE id = %lld AND state = '%s' AND ended_at "
                 "= 500",
                 (long long)id, states[i]);
        assert_int_equal(fixture_sql(fixture, sql), 1);
    }
}

/* An operator's correction is one person's. */
static void test_correcting(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_person person = {0};
    set_up(fixture);
    assert_ok(nl_person_read(fixture->store, 2, &person, &err));
    assert_string_equal(person.address, "bob@example.org");
    assert_string_equal(person.name, "N2");
    free(person.name);
    person.name = strdup("Bea");
    assert_ok(nl_store_begin_exclusive(fixture->store, &err));
    assert_ok(nl_person_write(fixture->store, &person, &err));
    assert_ok(nl_store_commit(fixture->store, &err));
    nl_person_free(&person);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber WHERE (id = 1 AND name "
                                          "= 'N1') OR (id = 2 AND name = 'Bea')"),
                     2);
    /* The person alone is edited: no list and no issue has to do with it. */
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'edited' AND "
                                          "subscriber = 2 AND list IS NULL AND issue IS NULL AND "
                                          "detail = 'operator'"),
                     1);
    assert_fails(nl_person_read(fixture->store, 99, &person, &err), NL_NOTFOUND, "no such");
    nl_person_free(&person);
}

/* An export tells of one person alone. */
static void test_exporting(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    char *json = NULL;
    set_up(fixture);
    assert_ok(nl_person_export(fixture->store, 1, 0, &json, &err));
    static const char *const words[] = {"ann@example.org", "N1", "Bonn", "fair", "192.0.2.1",
                                        "a2@example.org"};
    static const char *const others[] = {"bob@example.org", "N2", "b2@example.org"};
    for_each_row (i, words, words[i])
        assert_non_null(strstr(json, words[i]));
    for_each_row (i, others, others[i])
        assert_null(strstr(json, others[i]));
    json_t *person = json_loads(json, 0, NULL);
    json_t *consent =
        json_object_get(json_array_get(json_object_get(person, "subscriptions"), 0), "consent");
    assert_int_equal(json_object_size(consent), 4);
    assert_string_equal(json_string_value(json_object_get(consent, "ip")), "192.0.2.1");
    json_decref(person);
    free(json);
}

/* Further rows about both, so that each chapter has one. */
static void add_chapters(struct fixture *fixture) {
    static const char *const rows[] = {
        "DELETE FROM event",
        "INSERT INTO event (at, kind, list, subscriber, detail) SELECT 5, 'x', 1, id, 'D' || id "
        "FROM subscriber ORDER BY id",
        "INSERT INTO attempt (delivery, at, state, server, address, tls, cipher, policy, "
        "reply_code, reply_status, reply_text) SELECT 90 + id, 6, 'sent', 'mx' || id, '192.0.2.9', "
        "'TLSv1.3', 'C', 'DANE', 250, '2.0.0', 'ok' FROM subscriber ORDER BY id",
        "INSERT INTO delivery (id, kind, state, created_at, updated_at, attempts, reply_code, "
        "reply_text) SELECT 95 + id, 'message', 'sent', 7, 8, 1, 250, 'ok' FROM subscriber",
        "INSERT INTO transactional (delivery, list, address, address_key, template, language, "
        "subject, size) SELECT 95 + id, 1, address, address_key, 'receipt', 'en', 'S' || id, 1 "
        "FROM subscriber",
        "INSERT INTO suppression (address_key, reason, since) SELECT address_key, 'R' || id, 9 "
        "FROM subscriber",
        "UPDATE subscription SET consent_at = 1, confirmed_at = 2, consent_version = 'v' || id",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        fixture_sql(fixture, rows[i]);
}

#define AT(second) "\"1970-01-01T00:00:0" #second "Z\""
#define DELIVERY(id, kind, slug, title, state)                                                     \
    "{\"id\":" #id ",\"kind\":\"" kind "\",\"slug\":" slug ",\"number\":null,\"issue\":" title     \
    ",\"state\":\"" state "\",\"attempts\":0,\"created_at\":" AT(1) ",\"updated_at\":" AT(         \
        1) ",\"reply_code\":null,\"reply_status\":null,\"reply\":\"words\"}"
#define PERSON                                                                                     \
    "{\"address\":\"ann@example.org\",\"name\":\"N1\",\"language\":\"de\",\"attributes\":"         \
    "{\"city\":\"Bonn\"},\"created_at\":\"1970-01-12T13:46:40Z\",\"new_address\":"                 \
    "\"a2@example.org\",\"subscriptions\":[{\"list\":\"news\",\"title\":\"news\",\"state\":"       \
    "\"active\",\"consent\":{\"at\":" AT(                                                          \
        1) ",\"source\":\"fair\",\"ip\":\"192.0.2.1\",\"form_version\":\"v1\"},\"confirmed_"       \
           "at\":" AT(2) ",\"ended_at\":null}]"
#define SUPPRESSED ",\"suppressed\":{\"reason\":\"R1\",\"since\":" AT(9) "}"

/* Word for word, each chapter, of one of two. */
static void test_exported_whole(void **state) {
    static const char expected[] =
        PERSON ",\"deliveries\":[" DELIVERY(71, "issue", "\"1\"", "\"T\"", "queued") "," DELIVERY(
            81, "welcome", "null", "null",
            "deferred") "," DELIVERY(91, "welcome", "null", "null",
                                     "sent") "],\"attempts\":[{\"delivery\":91,"
                                             "\"at\":" AT(
                                                 6) ",\"kind\":\"welcome\","
                                                    "\"slug\":null,\"number\":"
                                                    "null,\"issue\":null,"
                                                    "\"state\":\"sent\","
                                                    "\"server\":\"mx1\","
                                                    "\"address\":\"192.0.2."
                                                    "9\",\"tls\":\"TLSv1.3\","
                                                    "\"cipher\":\"C\","
                                                    "\"policy\":\"DANE\","
                                                    "\"reply_code\":250,"
                                                    "\"reply_status\":\"2.0."
                                                    "0\","
                                                    "\"reply\":\"ok\"}],"
                                                    "\"messages\":[{\"list\":"
                                                    "\"news\",\"template\":"
                                                    "\"receipt\",\"subject\":"
                                                    "\"S1\",\"state\":"
                                                    "\"sent\",\"attempts\":1,"
                                                    "\"created_at\":" AT(
                                                        7) ",\"updated_"
                                                           "at\":" AT(
                                                               8) ",\"r"
                                                                  "eply"
                                                                  "_cod"
                                                                  "e\":"
                                                                  "250,"
                                                                  "\"re"
                                                                  "ply"
                                                                  "\":"
                                                                  "\"ok"
                                                                  "\"}]"
                                                                  ",\"r"
                                                                  "etur"
                                                                  "ned_"
                                                                  "mail"
                                                                  "\":["
                                                                  "{\"a"
                                                                  "t\""
                                                                  ":" AT(
                                                                      1) ",\"kind\":\"hard\","
                                                                         "\"reason\":\"r\","
                                                                         "\"status\":\"5.1.1\","
                                                                         "\"diagnostic\":"
                                                                         "\"words\"}],\"history\":["
                                                                         "{\"at\":" AT(
                                                                             5) ",\"what\":\"x\","
                                                                                "\"list\":\"news\","
                                                                                "\"detail\":\"D1\"}"
                                                                                "]" SUPPRESSED "}";
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    char *json = NULL;
    json_t *facts = NULL;
    set_up(fixture);
    add_chapters(fixture);
    assert_ok(nl_person_export(fixture->store, 1, 0, &json, &err));
    assert_string_equal(json, expected);
    free(json);
    assert_fails(nl_person_export(fixture->store, 99, 0, &json, &err), NL_NOTFOUND, "no such");
    /* A page shows a part of it. */
    assert_ok(nl_person_facts(fixture->store, 1, &facts, &err));
    json = json_dumps(facts, JSON_COMPACT);
    assert_string_equal(json, PERSON SUPPRESSED ",\"id\":1}");
    free(json);
    json_decref(facts);
    assert_fails(nl_person_facts(fixture->store, 99, &facts, &err), NL_NOTFOUND, "no such");
    assert_null(facts);
    fixture_sql(fixture, "DELETE FROM suppression WHERE address_key = 'ann@example.org'");
    assert_ok(nl_person_facts(fixture->store, 1, &facts, &err));
    assert_true(json_is_null(json_object_get(facts, "suppressed")));
    json_decref(facts);
}

/* People are found by a part of their name or address: those with a part in the order of their
 * numbers, all in the order of addresses. */
static enum nl_status collect(int64_t subscriber, const char *key, void *ctx,
                              struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, strchr(key, '@') != NULL ? "%.3s " : "%s ", key);
    assert_true(subscriber > 0);
    return NL_OK;
}

static void test_looking_for_people(void **state) {
    static const struct {
        const char *part, *after;
        int64_t limit;
        const char *found;
    } cases[] = {{NULL, NULL, 9, "ann bob "},
                 {NULL, NULL, 1, "ann "},
                 {NULL, "ann@example.org", 9, "bob "},
                 {NULL, "bob@example.org", 9, ""},
                 {"ANN", NULL, 9, "1 "},
                 {"n2", NULL, 9, "2 "},
                 {"example", NULL, 9, "1 2 "},
                 {"example", NULL, 1, "1 "},
                 {"example", "1", 9, "2 "},
                 {"a", NULL, 9, "1 "},
                 {"bo", NULL, 9, "2 "},
                 {"ob", NULL, 9, ""},
                 {" ", NULL, 9, "ann bob "},
                 {"cyd", NULL, 9, ""},
                 {"\xc3\xa9", NULL, 9, ""},
                 {"%", NULL, 9, ""},
                 {"_", NULL, 9, ""}};
    struct fixture *fixture = *state;
    set_up(fixture);
    for_each_row (i, cases, cases[i].part) {
        struct nl_error err = {0};
        struct nl_buf out = {0};
        const struct nl_person_query query = {
            .part = cases[i].part, .after = cases[i].after, .limit = cases[i].limit};
        assert_ok(nl_persons_each(fixture->store, &query, collect, &out, &err));
        assert_string_equal(nl_buf_text(&out), cases[i].found);
        nl_buf_free(&out);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_erasing_one_of_two), TEST(test_erasing_who_has_left),
        TEST(test_correcting),         TEST(test_exporting),
        TEST(test_exported_whole),     TEST(test_looking_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
