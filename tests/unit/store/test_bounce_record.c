/* Mail that comes back late: for subscriptions that have ended, for deliveries in any state, and
 * for one of two subscribers. */
#include "support.h"

#include "newsletter/store/bounce_record.h"
#include "newsletter/store/link.h"
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

static int64_t rows_of(struct fixture *fixture, const char *what) {
    char sql[512];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", what);
    return fixture_sql(fixture, sql);
}

/* A provider's own link ends an open subscription, for the issue whose message held it. */
static void test_the_link_of_a_provider(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_token token;
    set_up(fixture);
    fixture_issue(fixture, 2, "sent");
    fixture_sql(fixture, "INSERT INTO delivery (id, kind, issue, subscription, state, created_at, "
                         "updated_at) SELECT 80 + id, 'issue', 2, id, 'sent', 1, 1 FROM "
                         "subscription");
    for (int64_t subscription = 1; subscription <= 2; subscription++)
        assert_ok(nl_link_new(fixture->store, subscription, NL_LINK_SUBSCRIBE,
                              fixture->fake.now + 100, 0, &token, &err));
    for (int now = NL_SUBSCRIPTION_PENDING; now < NL_SUBSCRIPTION_STATES; now++) {
        const char *word = nl_subscription_state_text((enum nl_subscription_state)now);
        bool open = now == NL_SUBSCRIPTION_PENDING || now == NL_SUBSCRIPTION_ACTIVE;
        fixture_sql(fixture, "DELETE FROM event");
        fixture_sql(fixture, "UPDATE confirmation SET used_at = NULL");
        set_state(fixture, "subscription", 1, word);
        assert_int_equal(come_back(fixture, NL_EFFECT_UNSUBSCRIBE), open);
        assert_true(is_in(fixture, "subscription", 1, open ? "unsubscribed" : word));
        assert_true(is_in(fixture, "subscription", 2, "active"));
        assert_int_equal(rows_of(fixture, "event WHERE kind = 'unsubscribed' AND list = 1 AND "
                                          "subscriber = 1 AND issue = 1 AND detail = 'provider'"),
                         open);
        assert_int_equal(rows_of(fixture, "event"), open);
        assert_int_equal(rows_of(fixture, "confirmation WHERE subscription = 1 AND used_at IS "
                                          "NULL") == 0,
                         open);
        assert_int_not_equal(rows_of(fixture, "confirmation WHERE subscription = 2 AND used_at IS "
                                              "NULL"),
                             0);
    }
    assert_int_equal(rows_of(fixture, "suppression"), 0);
}

/* A complaint ends it whatever its state, and no mail goes to the address any more. */
static void test_a_complaint(void **state) {
    struct fixture *fixture = *state;
    set_up(fixture);
    fixture_sql(fixture, "DELETE FROM event");
    assert_int_equal(come_back(fixture, NL_EFFECT_COMPLAINT), 1);
    assert_true(is_in(fixture, "subscription", 1, "complained"));
    assert_true(is_in(fixture, "subscription", 2, "active"));
    assert_int_equal(rows_of(fixture, "event WHERE kind = 'complained' AND list = 1 AND subscriber "
                                      "= 1 AND issue IS NULL AND detail = 'no-user'"),
                     1);
    assert_int_equal(rows_of(fixture, "suppression WHERE address_key = 'ann@example.org' AND "
                                      "reason = 'complaint'"),
                     1);
    assert_int_equal(rows_of(fixture, "suppression"), 1);
}

struct telling {
    struct nl_buf text;
    int64_t first; /* the id of the first message */
};

static enum nl_status tell(int64_t id, int64_t at, size_t len, void *ctx, struct nl_error *err) {
    struct telling *telling = ctx;
    (void)err;
    nl_buf_addf(&telling->text, "+%lld %lld %zu; ", (long long)(id - telling->first), (long long)at,
                len);
    return NL_OK;
}

static void assert_told(struct fixture *fixture, const char *expected) {
    struct nl_error err = {0};
    struct telling telling = {.first = fixture_sql(fixture, "SELECT min(id) FROM returned")};
    assert_ok(nl_bounce_record_each_kept(fixture->store, tell, &telling, &err));
    assert_string_equal(nl_buf_text(&telling.text), expected);
    nl_buf_free(&telling.text);
}

/* Messages that were not understood are told; one that somebody has looked at is not, any more. */
static void test_kept_messages(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf text = {0};
    for (unsigned char n = 0; n < 4; n++)
        keep(fixture, n, n % 2 == 0 ? "dsn" : "unknown", 101 + n);
    int64_t second = fixture_sql(fixture, "SELECT id FROM returned WHERE at = 102");
    int64_t third = fixture_sql(fixture, "SELECT id FROM returned WHERE at = 103");
    assert_told(fixture, "+1 102 10; +3 104 10; ");
    assert_ok(nl_bounce_record_message(fixture->store, second, &text, &err));
    assert_string_equal(nl_buf_text(&text), "0123456789");
    assert_ok(nl_bounce_record_dismiss(fixture->store, second, &err));
    assert_told(fixture, "+3 104 10; ");
    assert_fails(nl_bounce_record_dismiss(fixture->store, second, &err), NL_NOTFOUND, "is kept");
    assert_fails(nl_bounce_record_message(fixture->store, second, &text, &err), NL_NOTFOUND,
                 "is kept");
    assert_fails(nl_bounce_record_message(fixture->store, 999, &text, &err), NL_NOTFOUND,
                 "no message 999 is kept");
    assert_ok(nl_bounce_record_message(fixture->store, third, &text, &err));
    assert_string_equal(nl_buf_text(&text), "01234567890123456789");
    nl_buf_free(&text);
}

/* The words of servers go with the texts, where they are about nobody who is known. */
static void test_words_of_servers(void **state) {
    static const struct nl_bounce_record_limits limits = {
        .understood = 102, .unknown = 105, .bytes = 1000};
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    set_up(fixture);
    keep(fixture, 1, "dsn", 100);
    fixture_sql(fixture, "INSERT INTO bounce (returned, at, subscription, kind, reason, status, "
                         "diagnostic) SELECT r.id, 100 + n, CASE WHEN n > 4 THEN 1 END, 'dsn', "
                         "'x', '', 'words' FROM returned r, (SELECT 1 AS n UNION SELECT 2 UNION "
                         "SELECT 5) AS numbers");
    fixture_sql(fixture, "INSERT INTO bounce (returned, at, subscription, kind, reason, status, "
                         "diagnostic) SELECT id, 101, 1, 'dsn', 'y', '', 'words' FROM returned");
    assert_ok(nl_bounce_record_forget(fixture->store, &limits, &err));
    assert_int_equal(rows_of(fixture, "bounce WHERE diagnostic IS NULL AND at = 101 AND "
                                      "subscription IS NULL"),
                     1);
    assert_int_equal(rows_of(fixture, "bounce WHERE diagnostic = 'words'"), 3);
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
        cmocka_unit_test_setup_teardown(test_the_link_of_a_provider, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_complaint, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_kept_messages, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_words_of_servers, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
