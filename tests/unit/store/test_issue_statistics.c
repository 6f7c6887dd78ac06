/* The figures of an issue and of a list: two issues, two parts of the same figure, limits. */
#include "support.h"

#include "newsletter/store/statistics.h"

#include <stdio.h>
#include <stdlib.h>

static enum nl_status collect(const char *a, const char *b, int64_t count, void *ctx,
                              struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s %s %lld;", a, b, (long long)count);
    return NL_OK;
}

static enum nl_status collect_period(int64_t from, const char *state, int64_t count, void *ctx,
                                     struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%lld %s %lld;", (long long)from, state, (long long)count);
    return NL_OK;
}

static enum nl_status collect_day(int64_t day, int64_t joined, int64_t left, int64_t active,
                                  void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%lld +%lld -%lld =%lld;", (long long)day, (long long)joined, (long long)left,
                (long long)active);
    return NL_OK;
}

/* Compares what was collected, and empties it. */
static void assert_told(struct nl_buf *out, const char *expected) {
    assert_string_equal(nl_buf_text(out), expected);
    nl_buf_free(out);
    *out = (struct nl_buf){0};
}

static void test_domains(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    fixture_sql(fixture,
                "INSERT INTO issue_domain (issue, domain, slot, waiting, sent, deferred, bounced, "
                "failed, unknown, skipped) VALUES (1, 'b.org', 0, 1, 2, 0, 0, 0, 0, 0), "
                "(1, 'b.org', 1, -1, 3, 1, 0, 0, 0, 0), (1, 'a.org', 0, 0, 0, 0, 1, 2, 3, 1), "
                "(1, 'a.org', 2, 0, 0, 0, 0, 0, 0, -1), (1, 'c.org', 0, 1, 0, 0, 0, 0, 0, 0), "
                "(1, 'd.org', 0, 0, 0, 0, 0, 0, 0, 1), (2, 'a.org', 0, 9, 9, 9, 9, 9, 9, 9)");
    assert_ok(nl_statistics_domains(fixture->store, 1, 10, collect, &out, &err));
    assert_told(&out, "a.org bounced 1;a.org failed 2;a.org unknown 3;b.org deferred 1;"
                      "b.org sent 5;c.org queued 1;d.org skipped 1;");
    assert_ok(nl_statistics_domains(fixture->store, 1, 3, collect, &out, &err));
    assert_told(&out, "a.org bounced 1;a.org failed 2;a.org unknown 3;b.org deferred 1;"
                      "b.org sent 5;c.org queued 1;");
    assert_ok(nl_statistics_domains(fixture->store, 3, 3, collect, &out, &err));
    assert_told(&out, "");
}

static void test_reasons(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    int64_t complaints = -1;
    fixture_sql(fixture, "INSERT INTO issue_reason (issue, kind, reason, slot, times) VALUES "
                         "(1, 'hard', 'mailbox', 0, 1), (1, 'hard', 'mailbox', 1, 2), "
                         "(1, 'complaint', 'abuse', 0, 3), (1, 'complaint', 'fraud', 0, 1), "
                         "(1, 'soft', 'full', 0, 1), (1, 'soft', 'full', 1, -1), "
                         "(1, 'soft', 'quota', 0, 5), (2, 'complaint', 'abuse', 0, 9)");
    assert_ok(nl_statistics_reasons(fixture->store, 1, collect, &out, &err));
    assert_told(&out, "soft quota 5;complaint abuse 3;hard mailbox 3;complaint fraud 1;");
    assert_ok(nl_statistics_complaints(fixture->store, 1, &complaints, &err));
    assert_int_equal(complaints, 4);
    assert_ok(nl_statistics_complaints(fixture->store, 3, &complaints, &err));
    assert_int_equal(complaints, 0);
}

/* Since when, and how many were tried since then. */
static void assert_pace(struct fixture *fixture, int64_t from, int64_t since, int64_t count) {
    struct nl_error err = {0};
    int64_t found_since = -1;
    int64_t found_count = -1;
    assert_ok(nl_statistics_pace(fixture->store, 1, from, &found_since, &found_count, &err));
    assert_int_equal(found_since, since);
    assert_int_equal(found_count, count);
}

static void test_times(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    fixture_sql(fixture,
                "INSERT INTO issue_second (issue, second, slot, sent, deferred, bounced, failed, "
                "unknown, skipped) VALUES (1, 100, 0, 1, 1, 1, 1, 1, 1), "
                "(1, 159, 0, 2, 0, 0, 0, 0, 0), (1, 160, 0, 4, 0, 0, 0, 0, 0), "
                "(1, 160, 1, 8, 0, 0, 0, 0, 0), (2, 100, 0, 99, 0, 0, 0, 0, 0)");
    assert_ok(nl_statistics_timeline(fixture->store, 1, 60, collect_period, &out, &err));
    assert_told(&out, "60 bounced 1;60 deferred 1;60 failed 1;60 sent 1;60 skipped 1;"
                      "60 unknown 1;120 sent 14;");
    assert_ok(nl_statistics_timeline(fixture->store, 1, 1, collect_period, &out, &err));
    assert_told(&out, "100 bounced 1;100 deferred 1;100 failed 1;100 sent 1;100 skipped 1;"
                      "100 unknown 1;159 sent 2;160 sent 12;");
    assert_pace(fixture, 1, 100, 18);   /* it began later */
    assert_pace(fixture, 100, 100, 18); /* and at that second */
    assert_pace(fixture, 101, 101, 14); /* before it, too: the time counts from there */
    assert_pace(fixture, 160, 160, 12);
    assert_pace(fixture, 161, 161, 0);
}

/* By the day; with `list` 0 of all lists. Who has not confirmed never joined. */
static void test_growth(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    for (int i = 0; i < 6; i++) {
        char address[64];
        snprintf(address, sizeof address, "user%d@example.org", i);
        fixture_subscribe(fixture, address);
    }
    fixture_sql(fixture, "UPDATE subscription SET confirmed_at = 86399 WHERE id = 1");
    fixture_sql(fixture, "UPDATE subscription SET confirmed_at = 86400 WHERE id IN (2, 3)");
    fixture_sql(fixture, "UPDATE subscription SET confirmed_at = 86400, state = 'bounced', "
                         "ended_at = 172800 WHERE id = 4");
    fixture_sql(fixture, "UPDATE subscription SET state = 'pending', confirmed_at = 86400 WHERE id "
                         "= 5"); /* asks again */
    fixture_sql(fixture, "UPDATE subscription SET state = 'unsubscribed', confirmed_at = NULL, "
                         "ended_at = 172800 WHERE id = 6");
    assert_ok(nl_statistics_growth(fixture->store, fixture->list.id, collect_day, &out, &err));
    assert_told(&out, "0 +1 -0 =1;86400 +3 -0 =4;172800 +0 -1 =3;");
    assert_ok(nl_statistics_growth(fixture->store, 0, collect_day, &out, &err));
    assert_told(&out, "0 +1 -0 =1;86400 +3 -0 =4;172800 +0 -1 =3;");
    assert_ok(nl_statistics_growth(fixture->store, fixture->list.id + 1, collect_day, &out, &err));
    assert_told(&out, "");
}

static void test_replies_and_deferrals(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    int64_t count = -1;
    fixture_send(fixture, 7, 1, "\n");
    fixture_sql(fixture, "DELETE FROM delivery WHERE issue IS NULL");
    fixture_sql(fixture, "UPDATE delivery SET state = 'deferred', attempts = 1, next_attempt_at = "
                         "2000000, reply_code = 450, reply_text = 'later', updated_at = 1000");
    fixture_sql(fixture, "UPDATE delivery SET updated_at = 999 WHERE subscription = 1");
    fixture_sql(fixture, "UPDATE delivery SET attempts = 0 WHERE subscription = 2");
    fixture_sql(fixture, "UPDATE delivery SET next_attempt_at = NULL WHERE subscription = 3");
    fixture_sql(fixture, "UPDATE delivery SET state = 'sent' WHERE subscription = 4");
    fixture_sql(fixture, "UPDATE delivery SET reply_code = NULL, reply_text = NULL WHERE "
                         "subscription = 5");
    assert_ok(nl_statistics_deferrals(fixture->store, 1000, collect_period, &out, &err));
    assert_told(&out, "450 later 2;0  1;");
    fixture_sql(fixture, "UPDATE delivery SET replied_at = 5 WHERE subscription IN (2, 3)");
    assert_ok(nl_statistics_replies(fixture->store, 1, &count, &err));
    assert_int_equal(count, 2);
    assert_ok(nl_statistics_replies(fixture->store, 2, &count, &err));
    assert_int_equal(count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_domains),
        TEST(test_reasons),
        TEST(test_times),
        TEST(test_growth),
        TEST(test_replies_and_deferrals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
