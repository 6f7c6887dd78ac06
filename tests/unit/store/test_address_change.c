/* A new address: who is asked and how often, and what becomes of two people who turn out to be one.
 */
#include "support.h"

#include "newsletter/store/link.h"
#include "newsletter/store/preference.h"
#include "newsletter/store/subscription.h"

#include <stdio.h>
#include <stdlib.h>

enum { DAY = 86400 };

/* Ann (subscriber 1) and Bob (2) on "news"; the list "open" (2). */
static void set_up(struct fixture *fixture) {
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    fixture_sql(fixture, "INSERT INTO list (id, uuid, name, title, list_id, sender, language, "
                         "created_at, private) VALUES (2, 'u2', 'open', 'A', 'o.x', "
                         "'a@b.example', 'en', 1, 0)");
    fixture_sql(fixture, "DELETE FROM delivery");
    fixture_sql(fixture, "DELETE FROM event");
    fixture_sql(fixture, "DELETE FROM unanswered");
}

static int64_t ask(struct fixture *fixture, int64_t subscriber, const char *text) {
    struct nl_error err = {0};
    struct nl_address address = {0};
    int64_t notice = -1;
    assert_ok(nl_address_parse(text, &address, &err));
    assert_ok(nl_address_change_ask(fixture->store, subscriber, &address, &notice, &err));
    nl_address_free(&address);
    return notice;
}

static void open_list(struct fixture *fixture, int subscriber, const char *state) {
    char sql[300];
    snprintf(sql, sizeof sql,
             "INSERT INTO subscription (list, subscriber, state, token, created_at, confirmed_at, "
             "consent_at, consent_source) VALUES (2, %d, '%s', 'o%d', 1, 1, 1, 'form')",
             subscriber, state, subscriber);
    fixture_sql(fixture, sql);
}

static int64_t list_that_asks(struct fixture *fixture, int64_t notice) {
    char sql[200];
    snprintf(sql, sizeof sql,
             "SELECT s.list FROM delivery d JOIN subscription s ON s.id = d.subscription WHERE "
             "d.id = %lld AND d.kind = 'address-change' AND d.state = 'queued'",
             (long long)notice);
    return fixture_sql(fixture, sql);
}

/* The mail comes from an active subscription, the newest of several, of a list without a complaint;
 * that it was asked for is told in any case. */
static void test_which_list_asks(void **state) {
    static const struct {
        const char *first, *second; /* the states on "news" and "open" */
        int64_t list;               /* 0: none */
    } cases[] = {
        {"active", "active", 2},         {"active", "unsubscribed", 1},
        {"unsubscribed", "active", 2},   {"unsubscribed", "unsubscribed", 2},
        {"active", "complained", 1},     {"complained", "active", 2},
        {"complained", "complained", 0}, {"bounced", "pending", 2},
    };
    struct fixture *fixture = *state;
    set_up(fixture);
    open_list(fixture, 1, "active");
    for_each_row (i, cases, cases[i].first) {
        char sql[200];
        snprintf(sql, sizeof sql,
                 "UPDATE subscription SET state = CASE list WHEN 1 THEN '%s' ELSE '%s' END WHERE "
                 "subscriber = 1",
                 cases[i].first, cases[i].second);
        fixture_sql(fixture, sql);
        fixture_sql(fixture, "DELETE FROM delivery");
        fixture_sql(fixture, "DELETE FROM unanswered");
        int64_t notice = ask(fixture, 1, "new@example.org");
        assert_int_equal(notice != 0, cases[i].list != 0);
        if (notice != 0)
            assert_int_equal(list_that_asks(fixture, notice), cases[i].list);
        assert_int_equal(
            fixture_sql(fixture, "SELECT count(*) FROM event WHERE kind = 'address-change-asked'"),
            i + 1);
    }
}

/* A suppressed address is not asked; nor is anybody for the sixth time within a day. */
static void test_how_often(void **state) {
    struct fixture *fixture = *state;
    set_up(fixture);
    fixture_sql(fixture, "INSERT INTO suppression VALUES ('gone@example.org', 'x', 1)");
    assert_int_equal(ask(fixture, 1, "gone@example.org"), 0);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM address_change"), 0);
    for (int i = 0; i < 5; i++) {
        char address[40];
        snprintf(address, sizeof address, "new%d@example.org", i);
        assert_int_not_equal(ask(fixture, 1, address), 0);
    }
    assert_int_equal(ask(fixture, 1, "new6@example.org"), 0);
    assert_int_not_equal(ask(fixture, 2, "bob2@example.org"), 0); /* of somebody else */
    fixture->fake.now += DAY - 1;
    assert_int_equal(ask(fixture, 1, "new6@example.org"), 0);
    fixture->fake.now++;
    assert_int_not_equal(ask(fixture, 1, "new6@example.org"), 0);
    /* Only the last one waits; the other person's wish stays. */
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'queued'"),
                     2);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'skipped'"),
                     5);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM address_change WHERE address = "
                                          "'new6@example.org' AND subscriber = 1"),
                     1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM address_change WHERE address = "
                                          "'bob2@example.org' AND subscriber = 2"),
                     1);
}

/* An address that does not answer gets three mails, by whomever it was named. */
static void test_an_address_that_does_not_answer(void **state) {
    struct fixture *fixture = *state;
    set_up(fixture);
    assert_int_not_equal(ask(fixture, 1, "victim@example.org"), 0);
    assert_int_not_equal(ask(fixture, 2, "victim@example.org"), 0);
    assert_int_not_equal(ask(fixture, 1, "victim@example.org"), 0);
    assert_int_equal(ask(fixture, 2, "victim@example.org"), 0);
    assert_int_not_equal(ask(fixture, 2, "other@example.org"), 0);
}

/* Mails of other kinds, and to others, that wait go out all the same. */
static void test_what_waits_besides(void **state) {
    struct fixture *fixture = *state;
    set_up(fixture);
    ask(fixture, 1, "new@example.org");
    fixture_sql(fixture, "INSERT INTO delivery (id, kind, subscription, state, created_at, "
                         "updated_at) VALUES (901, 'preferences', 1, 'queued', 1, 1), (902, "
                         "'address-change', 1, 'deferred', 1, 1), (903, 'address-change', 1, "
                         "'sent', 1, 1), (904, 'address-change', 2, 'queued', 1, 1)");
    ask(fixture, 1, "newer@example.org");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE id IN (901, 904) "
                                          "AND state = 'queued'"),
                     2);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE id = 903 AND state "
                                          "= 'sent'"),
                     1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE id = 902 AND state "
                                          "= 'skipped'"),
                     1);
}

static struct nl_token new_link(struct fixture *fixture, int64_t subscription,
                                enum nl_purpose purpose) {
    struct nl_error err = {0};
    struct nl_token token;
    assert_ok(nl_link_new(fixture->store, subscription, purpose, fixture->fake.now + 100, 0, &token,
                          &err));
    return token;
}

/* All links that went to the former address end, and nobody else's. */
static void test_the_address_changes(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_token_result result = {0};
    struct nl_link link;
    set_up(fixture);
    ask(fixture, 1, "new@example.org");
    ask(fixture, 2, "bobby@example.org");
    struct nl_token token = new_link(fixture, 1, NL_LINK_ADDRESS);
    struct nl_token page = new_link(fixture, 1, NL_LINK_PREFERENCES);
    struct nl_token other = new_link(fixture, 2, NL_LINK_PREFERENCES);
    assert_fails(nl_address_change(fixture->store, page.text, &result, &err), NL_NOTFOUND, "");
    assert_ok(nl_address_change(fixture->store, token.text, &result, &err));
    assert_int_equal(result.subscriber, 1);
    assert_int_equal(result.list, 1);
    assert_int_equal(fixture_sql(fixture, "SELECT id FROM subscriber WHERE address_key = "
                                          "'new@example.org' AND address = 'new@example.org'"),
                     1);
    assert_int_equal(
        fixture_sql(fixture, "SELECT id FROM subscriber WHERE address_key = 'bob@example.org'"), 2);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM address_change"), 1);
    assert_fails(nl_link_find(fixture->store, page.text, NL_LINK_PREFERENCES, &link, &err), NL_USED,
                 "");
    assert_ok(nl_link_find(fixture->store, other.text, NL_LINK_PREFERENCES, &link, &err));
    assert_fails(nl_address_change(fixture->store, token.text, &result, &err), NL_USED, "");
    assert_int_equal(
        fixture_sql(fixture, "SELECT subscriber FROM event WHERE kind = 'address-changed'"), 1);
}

/* Ann turns out to be Bob: he has what she reads, unless he has complained about it; her own
 * subscriptions end. */
static void test_two_become_one(void **state) {
    static const struct {
        const char *ann, *bob; /* the states on "open"; NULL: none */
        const char *becomes;   /* Bob's; NULL: none */
    } cases[] = {
        {"active", NULL, "active"},
        {"active", "active", "active"},
        {"active", "unsubscribed", "active"},
        {"active", "bounced", "active"},
        {"active", "pending", "active"},
        {"active", "complained", "complained"},
        {"unsubscribed", "unsubscribed", "unsubscribed"},
        {"unsubscribed", "active", "active"},
        {"unsubscribed", NULL, NULL},
        {"pending", NULL, NULL},
        {"pending", "unsubscribed", "unsubscribed"},
        {"bounced", "bounced", "bounced"},
    };
    struct fixture *fixture = *state;
    set_up(fixture);
    for_each_row (i, cases, cases[i].ann) {
        struct nl_error err = {0};
        struct nl_token_result result = {0};
        char sql[300];
        fixture_sql(fixture, "DELETE FROM confirmation");
        fixture_sql(fixture, "DELETE FROM delivery");
        fixture_sql(fixture, "DELETE FROM subscription WHERE list = 2");
        fixture_sql(fixture, "UPDATE subscription SET state = 'active', ended_at = NULL");
        fixture_sql(fixture, "DELETE FROM unanswered");
        open_list(fixture, 1, cases[i].ann);
        if (cases[i].bob != NULL)
            open_list(fixture, 2, cases[i].bob);
        ask(fixture, 1, "bob@example.org");
        struct nl_token token = new_link(fixture, 1, NL_LINK_ADDRESS);
        assert_ok(nl_address_change(fixture->store, token.text, &result, &err));
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM subscription WHERE list = 2 AND subscriber = 2 AND state = "
                 "'%s'",
                 cases[i].becomes != NULL ? cases[i].becomes : "any");
        assert_int_equal(fixture_sql(fixture, sql), cases[i].becomes != NULL);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscription WHERE subscriber "
                                              "= 1 AND state IN ('active', 'pending')"),
                         0);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscription WHERE list = 1 "
                                              "AND subscriber = 2 AND state = 'active'"),
                         1);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber"), 2);
    }
    assert_int_equal(
        fixture_sql(fixture, "SELECT min(subscriber) FROM event WHERE kind = 'address-changed'"),
        2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_which_list_asks),
        TEST(test_how_often),
        TEST(test_an_address_that_does_not_answer),
        TEST(test_what_waits_besides),
        TEST(test_the_address_changes),
        TEST(test_two_become_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
