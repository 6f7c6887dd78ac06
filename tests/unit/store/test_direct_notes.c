/* Notes of direct delivery: the processes that deliver, sessions with TLS, how much a relay
 * takes, counts of providers and attempts; and deliveries and events as they are listed. */
#include "support.h"

#include "newsletter/store/delivery.h"
#include "newsletter/store/direct_sender.h"
#include "newsletter/store/event_feed.h"
#include "newsletter/store/provider_day.h"
#include "newsletter/store/relay_note.h"
#include "newsletter/store/tls_session.h"
#include "store/attempt.h"

#include <stdio.h>
#include <stdlib.h>

static int64_t note_sender(struct fixture *fixture, const char *owner) {
    struct nl_error err = {0};
    int64_t count = -1;
    assert_ok(nl_direct_sender_note(fixture->store, owner, 10, &count, &err));
    return count;
}

static void test_senders(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    fixture_sql(fixture, "INSERT INTO setting (key, value) VALUES ('direct sende', '1'), ('direct "
                         "sender!', '1'), ('direct', '1')");
    assert_int_equal(note_sender(fixture, "a"), 1);
    assert_int_equal(note_sender(fixture, "a"), 1);
    assert_int_equal(note_sender(fixture, "b"), 2);
    assert_int_equal(note_sender(fixture, "c"), 3);
    assert_ok(nl_direct_sender_drop(fixture->store, "c", &err));
    fixture->fake.now += 9;
    assert_int_equal(note_sender(fixture, "b"), 2); /* for ten more seconds */
    fixture->fake.now += 1;
    assert_int_equal(note_sender(fixture, "d"), 2); /* `a` has said nothing for ten seconds */
    fixture->fake.now += 9;
    assert_int_equal(note_sender(fixture, "d"), 1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM setting WHERE key IN ('direct "
                                          "sende', 'direct sender!', 'direct')"),
                     3);
}

static enum nl_status add_due(const char *day, const char *domain, void *ctx,
                              struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s %s. ", day, domain);
    return NL_OK;
}

static enum nl_status add_session(const struct nl_tls_session *one, void *ctx,
                                  struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s/%s/%s/%s/%s/%s/%s/%s=%lld ", one->domain, one->kind, one->policy,
                one->result, one->server, one->address, one->source, one->detail,
                (long long)one->count);
    return NL_OK;
}

static void assert_due(struct fixture *fixture, size_t most, const char *expected) {
    struct nl_error err = {0};
    struct nl_buf text = {0};
    assert_ok(nl_tls_sessions_due(fixture->store, most, add_due, &text, &err));
    assert_string_equal(nl_buf_text(&text), expected);
    nl_buf_free(&text);
}

static void assert_sessions(struct fixture *fixture, const char *day, const char *domain,
                            const char *expected) {
    struct nl_error err = {0};
    struct nl_buf text = {0};
    assert_ok(nl_tls_sessions_each(fixture->store, day, domain, add_session, &text, &err));
    assert_string_equal(nl_buf_text(&text), expected);
    nl_buf_free(&text);
}

static void test_tls_sessions(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    const struct nl_tls_session good = {"b.org", "sts", "p", "", "", "", "", "", 3};
    const struct nl_tls_session bad = {"b.org", "sts", "p", "expired", "mx", "1", "2", "x", 1};
    const struct nl_tls_session dane = {"b.org", "dane", "q", "", "", "", "", "", 2};
    const struct nl_tls_session other = {"a.org", "sts", "p", "", "", "", "", "", 1};
    const struct nl_tls_session all[] = {bad, good, dane, other, good};
    assert_ok(nl_tls_sessions_add(fixture->store, all, 0, &err));
    assert_ok(nl_tls_sessions_add(fixture->store, all, 5, &err)); /* 1970-01-12 */
    assert_due(fixture, 9, "");                                   /* the day is not over */
    fixture->fake.now = 1036799;
    assert_due(fixture, 9, "");
    fixture->fake.now = 1036800;
    assert_due(fixture, 9, "1970-01-12 a.org. 1970-01-12 b.org. ");
    assert_due(fixture, 1, "1970-01-12 a.org. ");
    /* One that waits is in nobody's way, and knows who has it. */
    assert_ok(nl_tls_report_wait(fixture->store, "1970-01-12", "a.org", 60, "https://x\n", &err));
    assert_due(fixture, 1, "1970-01-12 b.org. ");
    fixture->fake.now += 60;
    assert_due(fixture, 9, "1970-01-12 a.org. 1970-01-12 b.org. ");
    struct nl_buf reached = {0};
    assert_ok(nl_tls_report_reached(fixture->store, "1970-01-12", "a.org", &reached, &err));
    assert_ok(nl_tls_report_reached(fixture->store, "1970-01-12", "b.org", &reached, &err));
    assert_string_equal(nl_buf_text(&reached), "https://x\n");
    nl_buf_free(&reached);
    assert_ok(nl_tls_report_wait(fixture->store, "1970-01-12", "b.org", 60, "", &err));
    assert_ok(nl_tls_sessions_add(fixture->store, &good, 1, &err));
    assert_sessions(fixture, "1970-01-12", "b.org",
                    "b.org/dane/q/////=2 b.org/sts/p/////=6 b.org/sts/p/expired/mx/1/2/x=1 ");
    assert_sessions(fixture, "1970-01-13", "b.org", "b.org/sts/p/////=3 ");
    assert_ok(nl_tls_sessions_drop(fixture->store, "1970-01-12", "b.org", &err));
    assert_sessions(fixture, "1970-01-12", "b.org", "");
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM setting WHERE key LIKE 'tls report %'"), 2);
    assert_sessions(fixture, "1970-01-12", "a.org", "a.org/sts/p/////=1 ");
    assert_sessions(fixture, "1970-01-13", "b.org", "b.org/sts/p/////=3 ");
}

static bool is_broken(struct fixture *fixture, const char *relay, enum nl_relay_fault fault) {
    struct nl_error err = {0};
    bool broken = false;
    assert_ok(nl_relay_note_read(fixture->store, relay, fault, &broken, &err));
    return broken;
}

/* For a week, each relay and each fault by itself. */
static void test_faults_of_relays(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    assert_ok(nl_relay_note_broken(fixture->store, "a:25", NL_RELAY_NO_CHUNKING, &err));
    assert_true(is_broken(fixture, "a:25", NL_RELAY_NO_CHUNKING));
    assert_false(is_broken(fixture, "a:25", NL_RELAY_NO_PIPELINING));
    assert_false(is_broken(fixture, "b:25", NL_RELAY_NO_CHUNKING));
    assert_ok(nl_relay_note_broken(fixture->store, "a:25", NL_RELAY_NO_PIPELINING, &err));
    fixture->fake.now += 7 * 86400 - 1;
    assert_true(is_broken(fixture, "a:25", NL_RELAY_NO_CHUNKING));
    assert_true(is_broken(fixture, "a:25", NL_RELAY_NO_PIPELINING));
    fixture->fake.now += 1;
    assert_false(is_broken(fixture, "a:25", NL_RELAY_NO_CHUNKING));
    assert_false(is_broken(fixture, "a:25", NL_RELAY_NO_PIPELINING));
}

static void test_the_pace_of_a_relay(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    const struct nl_relay_pace pace = {4, 7, 33, NL_HELD_BACK_MACHINE, 0};
    struct nl_relay_pace read;
    assert_ok(nl_relay_pace_write(fixture->store, "a:25", &pace, &err));
    assert_ok(nl_relay_pace_read(fixture->store, "b:25", &read, &err));
    assert_int_equal(read.connections, 0);
    fixture->fake.now += 7 * 86400 - 1;
    assert_ok(nl_relay_pace_read(fixture->store, "a:25", &read, &err));
    assert_int_equal(read.connections, 4);
    assert_int_equal(read.window, 7);
    assert_int_equal(read.per_second, 33);
    assert_int_equal(read.held_back, NL_HELD_BACK_MACHINE);
    assert_int_equal(read.at, 1000000);
    fixture->fake.now += 1;
    assert_ok(nl_relay_pace_read(fixture->store, "a:25", &read, &err));
    assert_int_equal(read.connections, 0);
}

/* A week later nobody reads them, and they are removed. */
static void test_old_notes_of_relays(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    const struct nl_relay_pace pace = {.connections = 3, .window = 1};
    assert_ok(nl_relay_pace_write(fixture->store, "direct mx.a.example 192.0.2.1", &pace, &err));
    assert_ok(nl_relay_note_broken(fixture->store, "a:25", NL_RELAY_NO_CHUNKING, &err));
    fixture->fake.now++;
    assert_ok(nl_relay_pace_write(fixture->store, "direct mx.b.example 192.0.2.1", &pace, &err));
    assert_ok(nl_relay_note_broken(fixture->store, "a:25", NL_RELAY_NO_PIPELINING, &err));
    fixture->fake.now += 7 * 86400 - 2;
    assert_ok(nl_relay_notes_forget(fixture->store, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM setting WHERE key LIKE 'relay %'"),
                     4);
    fixture->fake.now++;
    assert_ok(nl_relay_notes_forget(fixture->store, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM setting WHERE key IN ('relay pace "
                                          "direct mx.b.example 192.0.2.1', 'relay without "
                                          "pipelining a:25')"),
                     2);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM setting WHERE key LIKE 'relay %'"),
                     2);
}

static void test_damaged_paces(void **state) {
    static const struct {
        const char *value;
        bool good;
    } rows[] = {{"1 1 0 0 1000000", true},
                {"1000000 1000000 0 5 1000000", true},
                {"0 1 0 0 1000000", false},
                {"1 0 0 0 1000000", false},
                {"1000001 1 0 0 1", false},
                {"1 1000001 0 0 1000000", false},
                {"1 1 0 6 1000000", false},
                {"1 1 0 -1 1000000", false},
                {"1 1 -1 0 1000000", false},
                {"1 1 0 0", false},
                {"1 1 0 0 1000000 1", false},
                {"1 1 0 0 1000000x", false},
                {"", false},
                {"x 1 0 0 1000000", false}};
    struct fixture *fixture = *state;
    for_each_row (i, rows, rows[i].value) {
        struct nl_error err = {0};
        struct nl_relay_pace read;
        char sql[160];
        fixture_sql(fixture, "DELETE FROM setting WHERE key = 'relay pace a:25'");
        snprintf(sql, sizeof sql,
                 "INSERT INTO setting (key, value) VALUES ('relay pace a:25', '%s')",
                 rows[i].value);
        fixture_sql(fixture, sql);
        assert_ok(nl_relay_pace_read(fixture->store, "a:25", &read, &err));
        assert_int_equal(read.connections > 0, rows[i].good);
    }
    assert_string_equal(nl_held_back_word(NL_HELD_BACK_RATE), "rate");
    assert_string_equal(nl_held_back_text(NL_HELD_BACK_RELAY), "the relay");
}

/* An issue 1 with deliveries of six people, leased to "me". */
static void lease_six(struct fixture *fixture) {
    fixture_add_people(fixture, 6);
    fixture_issue(fixture, 1, "sending");
    fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, lease_owner, "
                         "created_at, updated_at) SELECT 'issue', 1, id, 'leased', 'me', 1, 1 FROM "
                         "subscription ORDER BY id");
}

static int64_t first_delivery(struct fixture *fixture) {
    return fixture_sql(fixture, "SELECT min(id) FROM delivery");
}

static enum nl_status add_counts(const char *provider, const struct nl_provider_counts *counts,
                                 void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s %lld %lld %lld %lld %lld. ", provider, (long long)counts->attempts,
                (long long)counts->sent, (long long)counts->deferred, (long long)counts->bounced,
                (long long)counts->throttled);
    return NL_OK;
}

static void assert_counts(struct fixture *fixture, const char *since, const char *expected) {
    struct nl_error err = {0};
    struct nl_buf text = {0};
    assert_ok(nl_providers_each(fixture->store, since, add_counts, &text, &err));
    assert_string_equal(nl_buf_text(&text), expected);
    nl_buf_free(&text);
}

static void test_counts_of_providers(void **state) {
    static const struct nl_hop google = {.provider = "google", .source = "1"};
    static const struct nl_hop twice = {.provider = "google", .source = "2", .throttled = true};
    static const struct nl_hop gmx = {.provider = "gmx", .source = "1"};
    static const struct nl_hop nowhere = {.source = "1"};
    const struct nl_result *const results[] = {
        &(const struct nl_result){.outcome = NL_SENT, .hop = &google},
        &(const struct nl_result){.outcome = NL_DEFERRED, .hop = &google},
        &(const struct nl_result){.outcome = NL_BOUNCED, .hop = &twice},
        &(const struct nl_result){.outcome = NL_FAILED, .hop = &twice},
        &(const struct nl_result){.outcome = NL_REQUEUED, .hop = &twice},
        &(const struct nl_result){.outcome = NL_SENT, .hop = &gmx},
        &(const struct nl_result){.outcome = NL_UNKNOWN, .hop = &gmx},
        &(const struct nl_result){.outcome = NL_SENT, .hop = &nowhere},
        &(const struct nl_result){.outcome = NL_SENT, .hop = NULL},
    };
    enum { COUNT = sizeof results / sizeof results[0] };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_record records[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        records[i] = (struct nl_record){(int64_t)i + 1, results[i]};
    assert_counts(fixture, "", "");
    assert_ok(nl_provider_count(fixture->store, records, COUNT, &err));
    assert_counts(fixture, "", "google 4 1 1 2 3. gmx 2 1 0 0 0. ");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM provider_day"), 3);
    fixture->fake.now += 86400; /* 1970-01-13 */
    assert_ok(nl_provider_count(fixture->store, &records[5], 1, &err));
    assert_ok(nl_provider_count(fixture->store, &records[5], 1, &err));
    assert_counts(fixture, "1970-01-12", "gmx 4 3 0 0 0. google 4 1 1 2 3. ");
    assert_counts(fixture, "1970-01-13", "gmx 2 2 0 0 0. ");
    assert_ok(nl_provider_days_forget(fixture->store, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM provider_day"), 4);
}

/* More kinds than are counted at a time, and more days than are kept. */
static void test_many_kinds_and_days(void **state) {
    enum { KINDS = 130, DAYS = 400 };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    static struct nl_hop hops[KINDS];
    struct nl_result *results = calloc(KINDS, sizeof *results);
    struct nl_record records[KINDS];
    assert_non_null(results);
    for (int i = 0; i < KINDS; i++) {
        hops[i] = (struct nl_hop){.provider = "p"};
        snprintf(hops[i].source, sizeof hops[i].source, "%d", i);
        results[i] = (struct nl_result){.outcome = NL_SENT, .hop = &hops[i]};
        records[i] = (struct nl_record){i + 1, &results[i]};
    }
    assert_ok(nl_provider_count(fixture->store, records, KINDS, &err));
    free(results);
    assert_counts(fixture, "", "p 130 130 0 0 0. ");
    fixture_sql(fixture, "DELETE FROM provider_day WHERE source <> '1'");
    for (int day = 1; day <= DAYS; day++) {
        char sql[160];
        snprintf(sql, sizeof sql,
                 "INSERT INTO provider_day (day, provider, source, attempts, sent, deferred, "
                 "bounced, throttled) VALUES ('%d', 'p', '', 1, 1, 0, 0, 0)",
                 2000 + day);
        fixture_sql(fixture, sql);
    }
    assert_ok(nl_provider_days_forget(fixture->store, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM provider_day"), DAYS);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM provider_day WHERE day LIKE '1970%'"), 0);
}

/* Attempts that are recorded: each with a server, of our own deliveries; a requeued one only where
 * an address of ours was refused. */
static void test_attempts(void **state) {
    static const struct nl_hop hop = {
        .server = "mx", .address = "192.0.2.1", .tls = "TLSv1.3", .cipher = "C", .policy = "DANE"};
    static const struct nl_hop none = {0};
    static const struct nl_hop on = {.server = "mx", .goes_on = true};
    const struct nl_result *const results[] = {
        &(const struct nl_result){
            .outcome = NL_SENT, .code = 250, .status = "2.0.0", .text = "ok", .hop = &hop},
        &(const struct nl_result){.outcome = NL_DEFERRED, .text = "nobody answers", .hop = &none},
        &(const struct nl_result){.outcome = NL_REQUEUED, .text = "", .hop = &hop},
        &(const struct nl_result){
            .outcome = NL_REQUEUED, .code = 550, .text = "blocked", .hop = &on},
        &(const struct nl_result){.outcome = NL_SENT, .text = "", .hop = NULL},
        &(const struct nl_result){.outcome = NL_SENT, .text = "", .hop = &hop},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_record records[6];
    lease_six(fixture);
    int64_t first = first_delivery(fixture);
    char sql[128];
    snprintf(sql, sizeof sql, "UPDATE delivery SET lease_owner = 'other' WHERE id = %lld",
             (long long)first + 5);
    fixture_sql(fixture, sql);
    for (size_t i = 0; i < 6; i++)
        records[i] = (struct nl_record){first + (int64_t)i, results[i]};
    assert_ok(nl_attempt_record(fixture->store, 1, records, 6, "me", &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM attempt"), 3);
    assert_int_equal(fixture_sql(fixture,
                                 "SELECT count(*) FROM attempt WHERE state = 'sent' AND server = "
                                 "'mx' AND address = '192.0.2.1' AND tls = 'TLSv1.3' AND cipher = "
                                 "'C' AND policy = 'DANE' AND reply_code = 250 AND reply_status = "
                                 "'2.0.0' AND reply_text = 'ok' AND at = 1000000"),
                     1);
    assert_int_equal(fixture_sql(fixture,
                                 "SELECT count(*) FROM attempt WHERE state = 'deferred' AND server "
                                 "IS NULL AND address IS NULL AND tls IS NULL AND cipher IS NULL "
                                 "AND policy IS NULL AND reply_code IS NULL AND reply_status IS "
                                 "NULL AND reply_text = 'nobody answers'"),
                     1);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM attempt WHERE reply_text = 'blocked'"), 1);
}

static enum nl_status add_delivery(const struct nl_delivery_row *row, void *ctx,
                                   struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s ", row->address);
    return NL_OK;
}

/* By state, after a subscription, in order, so many. */
static void test_lists_of_deliveries(void **state) {
    static const enum nl_delivery_state states[] = {
        NL_DELIVERY_QUEUED, NL_DELIVERY_LEASED,  NL_DELIVERY_SENT,    NL_DELIVERY_DEFERRED,
        NL_DELIVERY_FAILED, NL_DELIVERY_BOUNCED, NL_DELIVERY_UNKNOWN, NL_DELIVERY_SKIPPED};
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf text = {0};
    lease_six(fixture);
    fixture_issue(fixture, 2, "sending");
    for_each_row (i, states, nl_delivery_state_text(states[i])) {
        char sql[160];
        int64_t second = fixture_sql(fixture, "SELECT min(id) + 1 FROM subscription");
        snprintf(sql, sizeof sql,
                 "UPDATE delivery SET state = CASE WHEN subscription - %lld IN (0, 2, 3) THEN '%s' "
                 "ELSE '%s' END",
                 (long long)second, nl_delivery_state_text(states[i]),
                 i == 0 ? "sent" : nl_delivery_state_text(states[i - 1]));
        fixture_sql(fixture, sql);
        assert_ok(nl_delivery_each(fixture->store, 1, states[i], 0, 0, add_delivery, &text, &err));
        assert_string_equal(nl_buf_text(&text), "p2@example.org p4@example.org p5@example.org ");
        nl_buf_clear(&text);
        assert_ok(
            nl_delivery_each(fixture->store, 1, states[i], second, 1, add_delivery, &text, &err));
        assert_string_equal(nl_buf_text(&text), "p4@example.org ");
        nl_buf_clear(&text);
        assert_ok(nl_delivery_each(fixture->store, 2, states[i], 0, 0, add_delivery, &text, &err));
        assert_string_equal(nl_buf_text(&text), "");
    }
    assert_ok(
        nl_delivery_each(fixture->store, 1, NL_DELIVERY_ANY, 0, 0, add_delivery, &text, &err));
    assert_string_equal(nl_buf_text(&text),
                        "p1@example.org p2@example.org p3@example.org p4@example.org "
                        "p5@example.org p6@example.org ");
    nl_buf_free(&text);
}

static enum nl_status add_event(const struct nl_event_row *row, void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s/%s/%s ", row->kind, row->list != NULL ? row->list : "",
                row->address != NULL ? row->address : "");
    return NL_OK;
}

static void test_the_feed(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t last = -1;
    static const struct {
        const char *kind, *list;
        int64_t after, limit; /* `after` since the first */
        const char *found;
    } rows[] = {
        {NULL, NULL, -1, 9, "a/news/p1@example.org b/news/ a// "},
        {NULL, NULL, 0, 9, "b/news/ a// "},
        {NULL, NULL, -1, 2, "a/news/p1@example.org b/news/ "},
        {"a", NULL, -1, 9, "a/news/p1@example.org a// "},
        {"c", NULL, -1, 9, ""},
        {NULL, "news", -1, 9, "a/news/p1@example.org b/news/ "},
        {"b", "news", -1, 9, "b/news/ "},
        {NULL, "other", -1, 9, ""},
    };
    fixture_add_people(fixture, 2);
    fixture_sql(fixture, "UPDATE subscriber SET address_key = 'erased' WHERE address = "
                         "'p2@example.org'");
    fixture_sql(fixture, "DELETE FROM event");
    assert_ok(nl_events_last(fixture->store, &last, &err));
    assert_int_equal(last, 0);
    fixture_sql(fixture, "INSERT INTO event (at, kind, list, subscriber) SELECT 1, 'a', 1, id FROM "
                         "subscriber WHERE address = 'p1@example.org'");
    fixture_sql(fixture, "INSERT INTO event (at, kind, list, subscriber) SELECT 1, 'b', 1, id FROM "
                         "subscriber WHERE address = 'p2@example.org'");
    fixture_sql(fixture, "INSERT INTO event (at, kind) VALUES (1, 'a')");
    int64_t first = fixture_sql(fixture, "SELECT min(id) FROM event");
    for_each_row (i, rows, rows[i].found) {
        struct nl_buf text = {0};
        const struct nl_event_query query = {.after = first + rows[i].after,
                                             .kind = rows[i].kind,
                                             .list = rows[i].list,
                                             .limit = rows[i].limit};
        assert_ok(nl_events_each(fixture->store, &query, add_event, &text, &err));
        assert_string_equal(nl_buf_text(&text), rows[i].found);
        nl_buf_free(&text);
    }
    assert_ok(nl_events_last(fixture->store, &last, &err));
    assert_int_equal(last, first + 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_senders, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_tls_sessions, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_faults_of_relays, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_pace_of_a_relay, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_old_notes_of_relays, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_damaged_paces, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_counts_of_providers, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_many_kinds_and_days, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_attempts, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_lists_of_deliveries, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_feed, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
