/* Two subscribers at once, orders and limits, and time that passes. */
#include "support.h"

#include "newsletter/base/address.h"
#include "newsletter/store/preference.h"
#include "newsletter/store/prune.h"
#include "newsletter/store/reconfirmation.h"
#include "newsletter/store/statistics.h"
#include "newsletter/store/throttle.h"

#include <stdio.h>

enum { DAY = 86400 };

static void want_address(struct fixture *fixture, int64_t subscriber, const char *text) {
    struct nl_error err = {0};
    struct nl_address address = {0};
    int64_t notice = 0;
    assert_ok(nl_address_parse(text, &address, &err));
    assert_ok(nl_address_change_ask(fixture->store, subscriber, &address, &notice, &err));
    assert_true(notice > 0);
    nl_address_free(&address);
}

static int64_t waiting(struct fixture *fixture, int64_t subscription) {
    char sql[160];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM delivery WHERE kind = 'address-change' AND state = 'queued' AND "
             "subscription = %lld",
             (long long)subscription);
    return fixture_sql(fixture, sql);
}

/* A second wish replaces the first one of the same person, and nobody else's. */
static void test_two_people_want_new_addresses(void **state) {
    struct fixture *fixture = *state;
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    want_address(fixture, 1, "ann@new.example");
    want_address(fixture, 2, "bob@new.example");
    want_address(fixture, 1, "ann@newer.example");
    assert_int_equal(waiting(fixture, 1), 1);
    assert_int_equal(waiting(fixture, 2), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM delivery WHERE state = 'skipped'"),
                     1);
}

/* Under a limit the longest subscribed are asked, whatever the order of their ids. */
static void test_the_longest_subscribed_are_asked_first(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t count = 0;
    char sql[96];
    for (int i = 1; i <= 5; i++) {
        snprintf(sql, sizeof sql, "p%d@example.org", i);
        fixture_subscribe(fixture, sql);
        snprintf(sql, sizeof sql, "UPDATE subscription SET confirmed_at = %d WHERE id = %d",
                 (7 * i) % 5 + 1, i);
        fixture_sql(fixture, sql);
    }
    const struct nl_reconfirmation two = {.limit = 2, .by = 5000000};
    assert_ok(nl_reconfirmation_ask(fixture->store, &two, false, &count, &err));
    assert_int_equal(count, 2);
    assert_int_equal(fixture_sql(fixture, "SELECT max(confirmed_at) FROM subscription WHERE "
                                          "reconfirm_by IS NOT NULL"),
                     2);
    assert_ok(nl_reconfirmation_ask(fixture->store, &two, false, &count, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT max(confirmed_at) FROM subscription WHERE "
                                          "reconfirm_by IS NOT NULL"),
                     4);
}

static int64_t prune_ended(struct fixture *fixture, int64_t days) {
    struct nl_error err = {0};
    struct nl_pruned pruned = {0};
    const struct nl_retention retention = {.ended = days * DAY};
    assert_ok(nl_store_prune(fixture->store, &retention, false, &pruned, &err));
    return pruned.people;
}

/* Somebody who left long ago and has signed up again is not erased before they could confirm. */
static void test_coming_back_stops_erasure(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_address address = {0};
    int64_t notice = 0;
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    fixture_sql(fixture, "UPDATE subscription SET state = 'unsubscribed', ended_at = 1000000");
    fixture->fake.now += 400 * DAY;
    assert_ok(nl_address_parse("ann@example.org", &address, &err));
    const struct nl_signup signup = {.list = fixture->list.id, .address = &address};
    assert_ok(nl_subscribe(fixture->store, &signup, &notice, &err));
    nl_address_free(&address);
    assert_int_equal(prune_ended(fixture, 365), 1);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM subscriber WHERE address_key LIKE 'ann@%'"), 1);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM subscriber WHERE address_key LIKE 'bob@%'"), 0);
    fixture->fake.now += 366 * DAY; /* never confirmed */
    assert_int_equal(prune_ended(fixture, 365), 1);
}

static void test_old_rates_are_forgotten(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_pruned pruned = {0};
    const struct nl_retention forever = {0};
    assert_ok(nl_throttle_spend(fixture->store, "domain example.org", 5, 1, &err));
    fixture->fake.now += DAY / 2;
    assert_ok(nl_throttle_spend(fixture->store, "domain example.net", 5, 1, &err));
    fixture->fake.now += DAY / 2 + 10;
    assert_ok(nl_store_prune(fixture->store, &forever, true, &pruned, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM throttle"), 2);
    assert_ok(nl_store_prune(fixture->store, &forever, false, &pruned, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM throttle"), 1);
}

static void sent(struct fixture *fixture, int issue, int subscription, const char *state, int at) {
    char sql[256];
    snprintf(sql, sizeof sql,
             "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) "
             "VALUES ('issue', %d, %d, '%s', 1, %d)",
             issue, subscription, state, at);
    fixture_sql(fixture, sql);
}

static void left(struct fixture *fixture, int subscriber, const char *issue, const char *detail,
                 int at) {
    char sql[256];
    snprintf(sql, sizeof sql,
             "INSERT INTO event (at, kind, list, subscriber, issue, detail) VALUES (%d, "
             "'unsubscribed', 1, %d, %s, '%s')",
             at, subscriber, issue, detail);
    fixture_sql(fixture, sql);
}

/* Issues 1 and 2 go out at 100 and 200; five people leave. */
static void test_unsubscriptions_belong_to_one_issue(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t first = 0;
    int64_t second = 0;
    char address[32];
    for (int i = 1; i <= 6; i++) {
        snprintf(address, sizeof address, "p%d@example.org", i);
        fixture_subscribe(fixture, address);
    }
    fixture_sql(fixture, "DELETE FROM event");
    fixture_issue(fixture, 1, "sent");
    fixture_issue(fixture, 2, "sent");
    fixture_sql(fixture, "UPDATE issue SET created_at = 100 * id");
    sent(fixture, 1, 1, "sent", 101);
    sent(fixture, 1, 2, "sent", 101);
    sent(fixture, 1, 3, "sent", 101);
    sent(fixture, 2, 1, "sent", 201);
    sent(fixture, 2, 2, "sent", 201);
    sent(fixture, 2, 3, "failed", 201);
    sent(fixture, 2, 5, "sent", 201);
    sent(fixture, 2, 6, "sent", 201);
    sent(fixture, 1, 6, "sent", 301);
    left(fixture, 6, "NULL", "token", 400);         /* the first came last: it was scheduled */
    left(fixture, 1, "NULL", "token", 150);         /* after the first, before the second */
    left(fixture, 2, "1", "token", 250);            /* by a link in the first, after the second */
    left(fixture, 3, "NULL", "token", 250);         /* has not got the second */
    left(fixture, 4, "NULL", "token", 250);         /* has got none */
    left(fixture, 5, "NULL", "token", 9000000);     /* long after, but it was the last one */
    left(fixture, 5, "NULL", "not reconfirmed", 5); /* nothing to do with an issue */
    left(fixture, 1, "NULL", "operator", 260);
    assert_ok(nl_statistics_unsubscribed(fixture->store, 1, &first, &err));
    assert_ok(nl_statistics_unsubscribed(fixture->store, 2, &second, &err));
    assert_int_equal(first, 4);
    assert_int_equal(second, 1);
}

static enum nl_status add_period(int64_t from, const char *word, int64_t count, void *ctx,
                                 struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%lld %s %lld;", (long long)from, word, (long long)count);
    return NL_OK;
}

static void test_the_timeline_is_in_order(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf all = {0};
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    fixture_subscribe(fixture, "cat@example.org");
    fixture_issue(fixture, 1, "sent");
    sent(fixture, 1, 1, "sent", 130);
    sent(fixture, 1, 2, "bounced", 125);
    sent(fixture, 1, 3, "sent", 60);
    assert_ok(nl_statistics_timeline(fixture->store, 1, 60, add_period, &all, &err));
    assert_string_equal(nl_buf_text(&all), "60 sent 1;120 bounced 1;120 sent 1;");
    nl_buf_free(&all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_two_people_want_new_addresses, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_longest_subscribed_are_asked_first, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_coming_back_stops_erasure, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_old_rates_are_forgotten, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_unsubscriptions_belong_to_one_issue, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_timeline_is_in_order, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
