/* Mail that comes back late: for subscriptions that have ended, for deliveries in any state, and
 * for one of two subscribers. */
#include "support.h"

#include "newsletter/store/bounce_record.h"
#include "newsletter/store/state.h"

#include <stdio.h>

static const struct nl_bounce_policy policy = {
    .hard = 1, .soft = 1, .limit = 1, .half_life = 1000, .interval = 10};

static void set_up(struct fixture *fixture) {
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    fixture_issue(fixture, 1, "sent");
    fixture_sql(fixture, "INSERT INTO delivery (id, kind, issue, subscription, state, created_at, "
                         "updated_at) SELECT 70 + id, 'issue', 1, id, 'sent', 1, 1 FROM "
                         "subscription");
}

/* A message about Ann's delivery, proved by its token. */
static int64_t come_back(struct fixture *fixture, enum nl_effect effect) {
    static unsigned char number = 0;
    struct nl_error err = {0};
    struct nl_bounce_record_outcome outcome = {0};
    const struct nl_bounce_verdict verdict = {
        .effect = effect, .kind = "dsn", .reason = "no-user", .status = "5.1.1"};
    const struct nl_bounce_record record = {
        .kind = "dsn", .delivery = 71, .verdicts = &verdict, .count = 1, .digest = {++number}};
    assert_ok(nl_bounce_record_add(fixture->store, &record, &policy, &outcome, &err));
    return outcome.ended;
}

static bool is_in(struct fixture *fixture, const char *table, int64_t id, const char *state) {
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE id = %lld AND state = '%s'", table,
             (long long)id, state);
    return fixture_sql(fixture, sql) == 1;
}

static void set_state(struct fixture *fixture, const char *table, int64_t id, const char *state) {
    char sql[128];
    snprintf(sql, sizeof sql, "UPDATE %s SET state = '%s' WHERE id = %lld", table, state,
             (long long)id);
    fixture_sql(fixture, sql);
}

static void test_a_bounce_ends_open_subscriptions_alone(void **state) {
    static const enum nl_effect effects[] = {NL_EFFECT_SOFT, NL_EFFECT_HARD};
    struct fixture *fixture = *state;
    set_up(fixture);
    for_each_row (i, effects, NULL) {
        for (int now = NL_SUBSCRIPTION_PENDING; now < NL_SUBSCRIPTION_STATES; now++) {
            const char *word = nl_subscription_state_text((enum nl_subscription_state)now);
            bool open = now == NL_SUBSCRIPTION_PENDING || now == NL_SUBSCRIPTION_ACTIVE;
            fixture_sql(fixture, "UPDATE subscription SET bounce_score = 0, bounce_at = NULL, "
                                 "ended_at = 5");
            set_state(fixture, "subscription", 1, word);
            assert_int_equal(come_back(fixture, effects[i]), open);
            if (!is_in(fixture, "subscription", 1, open ? "bounced" : word))
                fail_msg("effect %d on a subscription that was %s", (int)effects[i], word);
            assert_int_equal(fixture_sql(fixture, "SELECT ended_at FROM subscription WHERE id = 1"),
                             open ? fixture->fake.now : 5);
            assert_true(is_in(fixture, "subscription", 2, "active"));
        }
    }
}

/* Only a delivery that counted as sent, or of which nothing was known, came back: one that is
 * queued again, for instance, is still to be sent. */
static void test_a_hard_bounce_on_a_delivery_in_each_state(void **state) {
    struct fixture *fixture = *state;
    set_up(fixture);
    for (int now = NL_DELIVERY_QUEUED; now < NL_DELIVERY_STATES; now++) {
        const char *word = nl_delivery_state_text((enum nl_delivery_state)now);
        bool counts = now == NL_DELIVERY_SENT || now == NL_DELIVERY_UNKNOWN;
        set_state(fixture, "delivery", 71, word);
        come_back(fixture, NL_EFFECT_HARD);
        if (!is_in(fixture, "delivery", 71, counts ? "bounced" : word))
            fail_msg("a hard bounce on a delivery that was %s", word);
        assert_true(is_in(fixture, "delivery", 72, "sent"));
        set_state(fixture, "delivery", 71, "sent");
        come_back(fixture, NL_EFFECT_SOFT);
        assert_true(is_in(fixture, "delivery", 71, "sent"));
    }
}

static void test_the_same_message_counts_once(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_bounce_record_outcome outcome = {0};
    const struct nl_bounce_policy twice = {
        .hard = 1, .soft = 1, .limit = 2, .half_life = 100000, .interval = 10};
    const struct nl_bounce_verdict verdict = {
        .effect = NL_EFFECT_HARD, .kind = "dsn", .reason = "no-user", .status = "5.1.1"};
    struct nl_bounce_record record = {
        .kind = "dsn", .delivery = 71, .verdicts = &verdict, .count = 1, .digest = {200}};
    set_up(fixture);
    assert_ok(nl_bounce_record_add(fixture->store, &record, &twice, &outcome, &err));
    assert_false(outcome.seen);
    assert_ok(nl_bounce_record_add(fixture->store, &record, &twice, &outcome, &err));
    assert_true(outcome.seen);
    assert_true(is_in(fixture, "subscription", 1, "active"));
    record.digest[0] = 201;
    assert_ok(nl_bounce_record_add(fixture->store, &record, &twice, &outcome, &err));
    assert_int_equal(outcome.ended, 1);
    assert_true(is_in(fixture, "subscription", 1, "bounced"));
}

/* A message that was kept, by its number, and when it came. */
static void keep(struct fixture *fixture, unsigned char number, const char *kind, int64_t at) {
    struct nl_error err = {0};
    struct nl_bounce_record_outcome outcome = {0};
    const struct nl_bounce_record record = {
        .kind = kind, .message = "0123456789", .len = 10, .digest = {number, 1}};
    fixture->fake.now = at;
    assert_ok(nl_bounce_record_add(fixture->store, &record, &policy, &outcome, &err));
}

static void test_texts_are_kept_within_limits(void **state) {
    static const struct {
        const char *name;
        struct nl_bounce_record_limits limits;
        int64_t kept; /* a bit for each message */
    } rows[] = {
        {"all", {.understood = 0, .unknown = 0, .bytes = 40}, 15},
        {"to the byte", {.understood = 0, .unknown = 0, .bytes = 39}, 14},
        {"two of them", {.understood = 0, .unknown = 0, .bytes = 20}, 12},
        {"not half of one", {.understood = 0, .unknown = 0, .bytes = 9}, 0},
        {"understood ones by age", {.understood = 102, .unknown = 0, .bytes = 40}, 14},
        {"unknown ones by age", {.understood = 0, .unknown = 103, .bytes = 40}, 13},
        {"the bytes of those that are left", {.understood = 104, .unknown = 0, .bytes = 20}, 10},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    for_each_row (i, rows, rows[i].name) {
        fixture_sql(fixture, "DELETE FROM returned");
        for (unsigned char n = 0; n < 4; n++)
            keep(fixture, n, n % 2 == 0 ? "dsn" : "unknown", 101 + n);
        assert_ok(nl_bounce_record_forget(fixture->store, &rows[i].limits, &err));
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM returned"), 4);
        assert_int_equal(
            fixture_sql(fixture,
                        "SELECT coalesce(sum(CASE at WHEN 101 THEN 1 WHEN 102 THEN 2 WHEN 103 THEN "
                        "4 ELSE 8 END), 0) FROM returned WHERE message IS NOT NULL"),
            rows[i].kept);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_bounce_ends_open_subscriptions_alone, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_hard_bounce_on_a_delivery_in_each_state,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_same_message_counts_once, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_texts_are_kept_within_limits, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
