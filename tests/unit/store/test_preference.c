/* The page of one's own: who gets the mail with its link, what is read, and what is written, with
 * two people and two lists. */
#include "support.h"

#include "newsletter/store/preference.h"
#include "newsletter/store/subscription.h"

#include <stdio.h>
#include <stdlib.h>

/* Ann (subscriber 1) and Bob (2) on "news"; the lists "open" (2) and "hidden" (3). */
static void set_up(struct fixture *fixture) {
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    fixture_sql(fixture, "INSERT INTO list (id, uuid, name, title, list_id, sender, language, "
                         "created_at, private) VALUES (2, 'u2', 'open', 'A', 'o.x', "
                         "'a@b.example', 'en', 1, 0), (3, 'u3', 'hidden', 'z', 'h.x', "
                         "'a@b.example', 'en', 1, 1)");
    fixture_sql(fixture, "DELETE FROM delivery");
    fixture_sql(fixture, "DELETE FROM event");
    fixture_sql(fixture, "DELETE FROM unanswered");
}

static int64_t ask(struct fixture *fixture, const char *token, const char *text) {
    struct nl_error err = {0};
    struct nl_address address = {0};
    int64_t notice = -1;
    if (text != NULL)
        assert_ok(nl_address_parse(text, &address, &err));
    assert_ok(nl_preference_ask(fixture->store, token, text != NULL ? &address : NULL, 3600,
                                &notice, &err));
    nl_address_free(&address);
    return notice;
}

static int64_t notices_to(struct fixture *fixture, int subscriber) {
    char sql[200];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM delivery d JOIN subscription s ON s.id = d.subscription WHERE "
             "d.kind = 'preferences' AND s.subscriber = %d",
             subscriber);
    return fixture_sql(fixture, sql);
}

/* In each state of a subscription; and that everybody who asks leaves the same trace. */
static void test_who_gets_the_mail(void **state) {
    static const struct {
        const char *name, *before, *address;
        bool gets;
    } cases[] = {
        {"active", "UPDATE subscription SET state = 'active'", "ann@example.org", true},
        {"left", "UPDATE subscription SET state = 'unsubscribed'", "ann@example.org", true},
        {"bounced", "UPDATE subscription SET state = 'bounced'", "ann@example.org", true},
        {"complained", "UPDATE subscription SET state = 'complained'", "ann@example.org", false},
        {"suppressed", "INSERT INTO suppression VALUES ('ann@example.org', 'x', 1)",
         "ann@example.org", false},
        {"another one suppressed", "INSERT INTO suppression VALUES ('bob@example.org', 'x', 1)",
         "ann@example.org", true},
        {"unknown", "DELETE FROM suppression", "cyd@example.org", false},
    };
    struct fixture *fixture = *state;
    set_up(fixture);
    for_each_row (i, cases, cases[i].name) {
        fixture_sql(fixture, "DELETE FROM delivery");
        fixture_sql(fixture, "DELETE FROM event");
        fixture_sql(fixture, "DELETE FROM unanswered");
        fixture_sql(fixture, "DELETE FROM suppression");
        fixture_sql(fixture, "UPDATE subscription SET state = 'active'");
        fixture_sql(fixture, cases[i].before);
        assert_int_equal(ask(fixture, NULL, cases[i].address) != 0, cases[i].gets);
        assert_int_equal(notices_to(fixture, 1), cases[i].gets);
        assert_int_equal(notices_to(fixture, 2), 0);
        assert_int_equal(
            fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'preferences-asked'"), 1);
    }
}

/* One mail in an interval and for each person, and none while another one is on its way. */
static void test_once_in_an_interval(void **state) {
    struct fixture *fixture = *state;
    set_up(fixture);
    assert_true(ask(fixture, NULL, "ann@example.org") != 0);
    assert_true(ask(fixture, NULL, "ann@example.org") == 0);
    assert_true(ask(fixture, NULL, "bob@example.org") != 0);
    fixture_sql(fixture, "UPDATE delivery SET state = 'sent'");
    fixture->fake.now += 3599;
    assert_true(ask(fixture, NULL, "ann@example.org") == 0);
    fixture->fake.now++;
    assert_true(ask(fixture, NULL, "ann@example.org") != 0);
    fixture->fake.now += 100000; /* the last one still waits to go out */
    assert_true(ask(fixture, NULL, "ann@example.org") == 0);
}

static void test_by_token(void **state) {
    struct fixture *fixture = *state;
    struct nl_token token = {0};
    struct nl_buf link = {0};
    set_up(fixture);
    nl_token_new(&fixture->env, &token);
    char sql[128];
    snprintf(sql, sizeof sql, "UPDATE subscription SET token = '%s' WHERE id = 2", token.text);
    fixture_sql(fixture, sql);
    nl_buf_addf(&link, "https://x.example/u?token=%s", token.text);
    assert_true(ask(fixture, nl_buf_text(&link), NULL) != 0);
    assert_int_equal(notices_to(fixture, 2), 1);
    assert_int_equal(notices_to(fixture, 1), 0);
    assert_true(ask(fixture, "nonsense", NULL) == 0);
    nl_buf_free(&link);
}

/* Public lists, and those that somebody is on; each by its own membership. */
static void test_reads(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_preferences read = {0};
    set_up(fixture);
    fixture_sql(fixture, "UPDATE subscriber SET name = 'Ann', language = 'de' WHERE id = 1");
    fixture_sql(fixture, "INSERT INTO subscription (list, subscriber, state, token, consent_at, "
                         "created_at) VALUES (3, 2, 'active', 't3', 1, 1)");
    assert_ok(nl_preferences_read(fixture->store, 1, &read, &err));
    assert_string_equal(read.address, "ann@example.org");
    assert_string_equal(read.name, "Ann");
    assert_string_equal(read.language, "de");
    assert_null(read.new_address);
    assert_int_equal(read.list_count, 2);
    assert_string_equal(read.lists[0].name, "open"); /* by title */
    assert_false(read.lists[0].active);
    assert_true(read.lists[1].active);
    nl_preferences_free(&read);
    assert_ok(nl_preferences_read(fixture->store, 2, &read, &err));
    assert_int_equal(read.list_count, 3);
    assert_string_equal(read.lists[2].name, "hidden");
    assert_true(read.lists[2].active);
    assert_null(read.name);
    nl_preferences_free(&read);
    assert_fails(nl_preferences_read(fixture->store, 99, &read, &err), NL_NOTFOUND,
                 "no such subscriber");
    nl_preferences_free(&read);
}

/* A change is one person's; private lists cannot be joined, nor any by who has complained.
 */
static void test_writes(void **state) {
    static const struct {
        const char *name, *before; /* the state of Ann's subscription to `list`; NULL: none */
        int list;
        bool wanted;
        const char *after;
        const char *event; /* NULL: none */
    } cases[] = {
        {"leaves", "active", 1, false, "unsubscribed", "unsubscribed"},
        {"stays", "active", 1, true, "active", NULL},
        {"comes back", "unsubscribed", 1, true, "active", "confirmed"},
        {"comes back after bounces", "bounced", 1, true, "active", "confirmed"},
        {"confirms by it", "pending", 1, true, "active", "confirmed"},
        {"has complained", "complained", 1, true, "complained", NULL},
        {"does not join what is left", "unsubscribed", 1, false, "unsubscribed", NULL},
        {"joins an open list", NULL, 2, true, "active", "confirmed"},
        {"does not join a private list", NULL, 3, true, NULL, NULL},
        {"does not leave what was not joined", NULL, 2, false, NULL, NULL},
    };
    struct fixture *fixture = *state;
    const struct nl_signup consent = {.source = "page", .ip = "192.0.2.1", .text_version = "v1"};
    set_up(fixture);
    for_each_row (i, cases, cases[i].name) {
        struct nl_error err = {0};
        char sql[256];
        struct nl_membership list = {.list = cases[i].list, .active = cases[i].wanted};
        const struct nl_preferences wanted = {
            .subscriber = 1, .attributes = (char *)"{}", .lists = &list, .list_count = 1};
        fixture_sql(fixture, "DELETE FROM event");
        fixture_sql(fixture, "DELETE FROM subscription WHERE list <> 1");
        snprintf(sql, sizeof sql,
                 "UPDATE subscription SET state = '%s', bounce_score = 3, ended_at = 5 WHERE "
                 "subscriber = 1 AND list = 1",
                 cases[i].list == 1 ? cases[i].before : "active");
        fixture_sql(fixture, sql);
        assert_ok(nl_preferences_write(fixture->store, &wanted, &consent, &err));
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM subscription WHERE subscriber = 1 AND list = %d AND state = "
                 "'%s'",
                 cases[i].list, cases[i].after != NULL ? cases[i].after : "");
        assert_int_equal(fixture_sql(fixture, sql), cases[i].after != NULL);
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM subscription WHERE list = %d AND "
                 "subscriber = 1",
                 cases[i].list);
        assert_int_equal(fixture_sql(fixture, sql), cases[i].after != NULL);
        snprintf(
            sql, sizeof sql,
            "SELECT count(*) FROM event WHERE kind = '%s' AND list = %d AND subscriber = 1 AND "
            "detail = 'page'",
            cases[i].event != NULL ? cases[i].event : "", cases[i].list);
        assert_int_equal(fixture_sql(fixture, sql), cases[i].event != NULL);
        assert_int_equal(
            fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'preferences'"),
            cases[i].event != NULL); /* where nothing has changed, nothing is recorded */
        if (cases[i].event != NULL && cases[i].wanted) {
            snprintf(
                sql, sizeof sql,
                "SELECT count(*) FROM subscription WHERE list = %d AND subscriber = 1 AND "
                "consent_source = 'page' AND consent_ip = '192.0.2.1' AND consent_version = "
                "'v1' AND consent_at = 1000000 AND confirmed_at = 1000000 AND bounce_score = 0 "
                "AND ended_at IS NULL",
                cases[i].list);
            assert_int_equal(fixture_sql(fixture, sql), 1);
        }
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscription WHERE subscriber "
                                              "= 2 AND state = 'active'"),
                         1);
    }
}

/* Name, language and attributes are each a change. */
static void test_writes_the_person(void **state) {
    static const struct {
        const char *name, *language, *attributes;
        bool changes;
    } cases[] = {{"Ann", "de", "{}", true},
                 {"Ann", "de", "{}", false},
                 {"Bea", "de", "{}", true},
                 {"Bea", "fr", "{}", true},
                 {"Bea", "fr", "{\"a\":\"1\"}", true},
                 {NULL, "fr", "{\"a\":\"1\"}", true},
                 {NULL, NULL, "{\"a\":\"1\"}", true},
                 {NULL, NULL, "{\"a\":\"1\"}", false}};
    struct fixture *fixture = *state;
    const struct nl_signup consent = {.source = "page"};
    set_up(fixture);
    for_each_row (i, cases, cases[i].name) {
        struct nl_error err = {0};
        struct nl_preferences read = {0};
        const struct nl_preferences wanted = {.subscriber = 1,
                                              .name = (char *)cases[i].name,
                                              .language = (char *)cases[i].language,
                                              .attributes = (char *)cases[i].attributes};
        fixture_sql(fixture, "DELETE FROM event");
        assert_ok(nl_preferences_write(fixture->store, &wanted, &consent, &err));
        assert_int_equal(fixture_sql(fixture,
                                     "SELECT count(*) FROM event WHERE kind = 'preferences' AND "
                                     "subscriber = 1"),
                         cases[i].changes);
        assert_ok(nl_preferences_read(fixture->store, 1, &read, &err));
        assert_int_equal(read.name == NULL, cases[i].name == NULL);
        assert_true(read.name == NULL || strcmp(read.name, cases[i].name) == 0);
        assert_int_equal(read.language == NULL, cases[i].language == NULL);
        assert_string_equal(read.attributes, cases[i].attributes);
        nl_preferences_free(&read);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber WHERE id = 2 AND "
                                              "name IS NULL"),
                         1);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_who_gets_the_mail),
        TEST(test_once_in_an_interval),
        TEST(test_by_token),
        TEST(test_reads),
        TEST(test_writes),
        TEST(test_writes_the_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
