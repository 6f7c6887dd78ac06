/* The rows that outcomes leave: of the delivery, of each attempt, the event, and the day's figures
 * of each provider. All outcomes are recorded together, so each is one of many. */
#include "support.h"

#include "newsletter/store/delivery.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/provider_day.h"

#include <stdio.h>
#include <stdlib.h>

static const struct nl_hop direct = {.server = "mx.example",
                                     .address = "192.0.2.7",
                                     .tls = "TLSv1.3",
                                     .cipher = "AES",
                                     .policy = "DANE",
                                     .provider = "gmail",
                                     .source = "192.0.2.1"};
static const struct nl_hop unreached = {.provider = "other"};
static const struct nl_hop throttled = {.provider = "gmail", .throttled = true};
static const struct nl_hop refused = {.server = "mx.example", .goes_on = true, .throttled = true};

static const struct {
    const char *name;
    const struct nl_result *result;
    const char *state;
    bool counts, event, attempt;
} outcomes[] = {
    {"sent by a relay", &(const struct nl_result){.outcome = NL_SENT, .code = 250, .text = "r0"},
     "sent", true, false, false},
    {"sent",
     &(const struct nl_result){
         .outcome = NL_SENT, .code = 251, .status = "2.1.5", .text = "r1", .hop = &direct},
     "sent", true, false, true},
    {"deferred",
     &(const struct nl_result){.outcome = NL_DEFERRED,
                               .next_attempt_at = 1000100,
                               .code = 451,
                               .status = "4.7.1",
                               .text = "r2",
                               .hop = &throttled},
     "deferred", true, true, true},
    {"no server",
     &(const struct nl_result){
         .outcome = NL_DEFERRED, .next_attempt_at = 1000200, .hop = &unreached},
     "deferred", true, true, true},
    {"bounced",
     &(const struct nl_result){
         .outcome = NL_BOUNCED, .code = 550, .status = "5.1.1", .text = "r4", .hop = &direct},
     "bounced", true, true, true},
    {"failed", &(const struct nl_result){.outcome = NL_FAILED, .text = "r5"}, "failed", true, true,
     false},
    {"unknown", &(const struct nl_result){.outcome = NL_UNKNOWN, .text = "r6", .hop = &direct},
     "unknown", true, true, true},
    {"requeued", &(const struct nl_result){.outcome = NL_REQUEUED, .hop = &direct}, "queued", false,
     false, false},
    {"another way",
     &(const struct nl_result){.outcome = NL_REQUEUED, .code = 554, .text = "r8", .hop = &refused},
     "queued", false, false, true},
};

enum { ROWS = sizeof outcomes / sizeof outcomes[0], AT = 1000050 };

static size_t lease(struct fixture *fixture, const char *owner, size_t max, struct nl_job *jobs) {
    struct nl_error err = {0};
    struct nl_scope scope = {.issue = 1};
    size_t count = 0;
    assert_ok(nl_store_begin_exclusive(fixture->store, &err));
    assert_ok(nl_delivery_lease(fixture->store, &scope, owner, AT + 60, max, jobs, &count, &err));
    assert_ok(nl_store_commit(fixture->store, &err));
    return count;
}

static void assert_rows(struct fixture *fixture, int64_t expected, const char *sql) {
    if (fixture_sql(fixture, sql) != expected)
        fail_msg("not %lld: %s", (long long)expected, sql);
}

static void assert_delivery(struct fixture *fixture, int64_t id, size_t i) {
    const struct nl_result *result = outcomes[i].result;
    struct nl_buf sql = {0};
    nl_buf_addf(
        &sql,
        "SELECT count(*) FROM delivery WHERE id = %lld AND state = '%s' AND attempts = %d "
        "AND updated_at = %d AND coalesce(next_attempt_at, 0) = %lld AND "
        "coalesce(reply_code, 0) = %d AND coalesce(reply_status, '-') = '%s' AND "
        "coalesce(reply_text, '-') = '%s' AND lease_owner IS NULL AND coalesce(lease_until, 0) = 0 "
        "AND (dot_at IS NULL) = %s AND (first_attempt_at IS NULL) = %s AND "
        "(paced_at IS NULL) = %s",
        (long long)id, outcomes[i].state, outcomes[i].counts, AT,
        (long long)result->next_attempt_at, result->code,
        result->status[0] != '\0' ? result->status : "-", result->text != NULL ? result->text : "-",
        result->outcome == NL_UNKNOWN ? "false" : "true", outcomes[i].counts ? "false" : "true",
        outcomes[i].counts ? "true" : "false");
    assert_rows(fixture, 1, nl_buf_text(&sql));
    nl_buf_free(&sql);
}

static const char *or_dash(const char *text) {
    return text[0] != '\0' ? text : "-";
}

static void assert_attempt(struct fixture *fixture, int64_t id, size_t i) {
    const struct nl_result *result = outcomes[i].result;
    const struct nl_hop *hop = result->hop;
    struct nl_buf sql = {0};
    nl_buf_addf(&sql, "SELECT count(*) FROM attempt WHERE delivery = %lld", (long long)id);
    assert_rows(fixture, outcomes[i].attempt, nl_buf_text(&sql));
    if (outcomes[i].attempt) {
        nl_buf_addf(&sql,
                    " AND at = %d AND state = '%s' AND coalesce(server, '-') = '%s' AND "
                    "coalesce(address, '-') = '%s' AND coalesce(tls, '-') = '%s' AND "
                    "coalesce(cipher, '-') = '%s' AND coalesce(policy, '-') = '%s' AND "
                    "coalesce(reply_code, 0) = %d AND coalesce(reply_status, '-') = '%s' AND "
                    "coalesce(reply_text, '-') = '%s'",
                    AT, outcomes[i].state, or_dash(hop->server), or_dash(hop->address),
                    or_dash(hop->tls), or_dash(hop->cipher), or_dash(hop->policy), result->code,
                    or_dash(result->status), result->text != NULL ? result->text : "-");
        assert_rows(fixture, 1, nl_buf_text(&sql));
    }
    nl_buf_free(&sql);
}

static void assert_event(struct fixture *fixture, int64_t id, size_t i) {
    const char *text = outcomes[i].result->text;
    struct nl_buf sql = {0};
    nl_buf_addf(
        &sql,
        "SELECT count(*) FROM event e JOIN delivery d ON d.id = %lld JOIN subscription s ON "
        "s.id = d.subscription WHERE e.subscriber = s.subscriber AND e.issue = 1 AND "
        "e.list = s.list AND e.at = %d AND e.kind = '%s' AND coalesce(e.detail, '-') = '%s'",
        (long long)id, AT, outcomes[i].state, text != NULL ? text : "-");
    assert_rows(fixture, outcomes[i].event, nl_buf_text(&sql));
    nl_buf_free(&sql);
}

static void test_rows_of_each_outcome(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_job jobs[ROWS];
    struct nl_record records[ROWS];
    fixture_send(fixture, ROWS, 1, "\n");
    assert_int_equal(lease(fixture, "me", ROWS, jobs), ROWS);
    fixture_sql(fixture, "UPDATE delivery SET dot_at = 7, paced_at = 8");
    fixture->fake.now = AT;
    for (size_t i = 0; i < ROWS; i++)
        records[i] = (struct nl_record){jobs[i].delivery, outcomes[i].result};
    assert_ok(nl_delivery_record(fixture->store, 1, records, ROWS, "me", &err));
    for_each_row (i, outcomes, outcomes[i].name) {
        assert_delivery(fixture, jobs[i].delivery, i);
        assert_attempt(fixture, jobs[i].delivery, i);
        assert_event(fixture, jobs[i].delivery, i);
    }
    for (size_t i = 0; i < ROWS; i++)
        nl_job_free(&jobs[i]);
}

/* The figures agree with the deliveries, whatever second each of them was written in, and though
 * one lease had been ended by hand. */
static void test_figures_of_a_turn_in_which_seconds_pass(void **state) {
    enum { PEOPLE = 5 };
    static const struct nl_result sent = {.outcome = NL_SENT, .code = 250, .text = "ok"};
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_job jobs[PEOPLE];
    struct nl_record records[PEOPLE];
    int64_t wrong = -1;
    fixture_send(fixture, PEOPLE, 1, "\n");
    assert_int_equal(lease(fixture, "me", PEOPLE, jobs), PEOPLE);
    fixture_sql(fixture, "UPDATE delivery SET lease_until = 0 WHERE id = (SELECT max(id) FROM "
                         "delivery)");
    for (size_t i = 0; i < PEOPLE; i++) {
        records[i] = (struct nl_record){jobs[i].delivery, &sent};
        nl_job_free(&jobs[i]);
    }
    fixture->fake.step = 1;
    assert_ok(nl_store_begin_exclusive(fixture->store, &err));
    assert_ok(nl_delivery_record(fixture->store, 1, records, PEOPLE, "me", &err));
    assert_ok(nl_store_commit(fixture->store, &err));
    fixture->fake.step = 0;
    assert_rows(fixture, PEOPLE, "SELECT count(*) FROM delivery WHERE state = 'sent'");
    assert_rows(fixture, PEOPLE, "SELECT CAST(sum(sent) AS BIGINT) FROM issue_total");
    assert_ok(nl_issue_totals_examine(fixture->store, false, &wrong, &err));
    assert_int_equal(wrong, 0);
}

/* None of it is written for a delivery of another process, and nothing at all of nothing. */
static void test_rows_of_others_stay(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_job jobs[2];
    const struct nl_result bounced = {.outcome = NL_BOUNCED, .code = 550, .hop = &direct};
    fixture_send(fixture, 2, 1, "\n");
    assert_int_equal(lease(fixture, "me", 1, jobs), 1);
    assert_int_equal(lease(fixture, "you", 1, jobs + 1), 1);
    const struct nl_record records[] = {{jobs[0].delivery, &bounced}, {jobs[1].delivery, &bounced}};
    assert_ok(nl_delivery_record(fixture->store, 1, records, 0, "me", &err));
    assert_rows(fixture, 0, "SELECT count(*) FROM attempt");
    assert_ok(nl_delivery_record(fixture->store, 1, records, 2, "me", &err));
    assert_rows(fixture, 1, "SELECT count(*) FROM attempt");
    assert_rows(fixture, 1, "SELECT count(*) FROM event WHERE kind = 'bounced'");
    assert_rows(fixture, 1, "SELECT count(*) FROM delivery WHERE state = 'bounced'");
    assert_rows(fixture, 1,
                "SELECT count(*) FROM delivery WHERE state = 'leased' AND lease_owner = 'you'");
    nl_job_free(&jobs[0]);
    nl_job_free(&jobs[1]);
}

/* ---- the day's figures of providers ---- */

enum { MANY = 130, NAME = 16 };

static void count(struct fixture *fixture, enum nl_outcome outcome, const struct nl_hop *hop) {
    struct nl_error err = {0};
    const struct nl_result result = {.outcome = outcome, .hop = hop};
    assert_ok(nl_provider_count(fixture->store, &(const struct nl_record){1, &result}, 1, &err));
}

static enum nl_status add_line(const char *provider, const struct nl_provider_counts *counts,
                               void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s %lld %lld %lld %lld %lld; ", provider, (long long)counts->attempts,
                (long long)counts->sent, (long long)counts->deferred, (long long)counts->bounced,
                (long long)counts->throttled);
    return NL_OK;
}

static void assert_providers(struct fixture *fixture, const char *since, const char *expected) {
    struct nl_error err = {0};
    struct nl_buf out = {0};
    assert_ok(nl_providers_each(fixture->store, since, add_line, &out, &err));
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
}

static void test_figures_of_providers(void **state) {
    static const struct nl_hop second = {.provider = "gmail", .source = "192.0.2.2"};
    static const struct nl_hop nameless = {.server = "mx.example"};
    struct fixture *fixture = *state;
    count(fixture, NL_SENT, &direct);
    count(fixture, NL_SENT, &second);
    count(fixture, NL_DEFERRED, &throttled);
    count(fixture, NL_REQUEUED, &throttled);
    count(fixture, NL_BOUNCED, &direct);
    count(fixture, NL_FAILED, &direct);
    count(fixture, NL_UNKNOWN, &direct);
    count(fixture, NL_DEFERRED, &unreached);
    count(fixture, NL_SENT, &nameless);
    count(fixture, NL_SENT, NULL);
    assert_providers(fixture, "", "gmail 6 2 1 2 2; other 1 0 1 0 0; ");
    assert_rows(fixture, 4, "SELECT count(*) FROM provider_day WHERE day = '1970-01-12'");
    fixture->fake.now += 86400;
    count(fixture, NL_SENT, &unreached);
    assert_providers(fixture, "1970-01-12", "gmail 6 2 1 2 2; other 2 1 1 0 0; ");
    assert_providers(fixture, "1970-01-13", "other 1 1 0 0 0; ");
    assert_providers(fixture, "1970-01-14", "");
}

/* More providers at once than are kept in memory, each of them twice. */
static void test_many_providers_at_once(void **state) {
    static struct nl_hop hops[MANY];
    struct nl_result *results = calloc(MANY, sizeof *results);
    static struct nl_record records[2 * MANY];
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    assert_non_null(results);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(hops[i].provider, NAME, "p%zu", i);
        results[i] = (struct nl_result){.outcome = NL_SENT, .hop = &hops[i]};
        records[i] = records[MANY + i] = (struct nl_record){(int64_t)i, &results[i]};
    }
    assert_ok(nl_provider_count(fixture->store, records, sizeof records / sizeof records[0], &err));
    assert_rows(fixture, MANY, "SELECT count(*) FROM provider_day WHERE attempts = 2 AND sent = 2");
    assert_rows(fixture, MANY, "SELECT count(*) FROM provider_day");
    free(results);
}

/* The last 400 days that have figures are kept, each with all of its rows. */
static void test_days_of_long_ago_are_forgotten(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    for (int day = 0; day < 402; day++) {
        char sql[256];
        snprintf(sql, sizeof sql,
                 "INSERT INTO provider_day (day, provider, source, attempts, sent, deferred, "
                 "bounced, throttled) VALUES ('%d', 'a', '', 1, 1, 0, 0, 0), ('%d', 'b', '', 1, 1, "
                 "0, 0, 0)",
                 1000 + day, 1000 + day);
        fixture_sql(fixture, sql);
    }
    assert_ok(nl_provider_days_forget(fixture->store, &err));
    assert_rows(fixture, 800, "SELECT count(*) FROM provider_day");
    assert_rows(fixture, 2, "SELECT count(*) FROM provider_day WHERE day = '1002'");
    assert_ok(nl_provider_days_forget(fixture->store, &err));
    assert_rows(fixture, 800, "SELECT count(*) FROM provider_day");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows_of_each_outcome, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_figures_of_a_turn_in_which_seconds_pass, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_rows_of_others_stay, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_figures_of_providers, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_many_providers_at_once, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_days_of_long_ago_are_forgotten, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
