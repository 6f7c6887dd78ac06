/* Figures of lists and issues, from the rows that triggers keep: sums over their slots, the order,
 * the limits, and one issue among others. */
#include "support.h"

#include "newsletter/store/statistics.h"

#include <stdio.h>

static enum nl_status add_count(const char *a, const char *b, int64_t count, void *ctx,
                                struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s %s %lld;", a, b, (long long)count);
    return NL_OK;
}

static enum nl_status add_period(int64_t from, const char *state, int64_t count, void *ctx,
                                 struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%lld %s %lld;", (long long)from, state, (long long)count);
    return NL_OK;
}

static enum nl_status add_day(int64_t day, int64_t joined, int64_t left, int64_t active, void *ctx,
                              struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%lld +%lld -%lld =%lld;", (long long)day / 86400, (long long)joined,
                (long long)left, (long long)active);
    return NL_OK;
}

static void assert_told(struct nl_buf *out, const char *expected) {
    assert_string_equal(nl_buf_text(out), expected);
    nl_buf_clear(out);
}

/* People join on the day on which they confirm, and leave on the day on which it ends. */
static void test_growth(void **state) {
    static const char *const rows[] = {
        "state = 'active', confirmed_at = 86399 WHERE id = 1",
        "state = 'active', confirmed_at = 86400 WHERE id = 2",
        "state = 'unsubscribed', confirmed_at = 86401, ended_at = 172800 WHERE id = 3",
        "state = 'bounced', confirmed_at = 1, ended_at = 86400 WHERE id = 4",
        "state = 'complained', confirmed_at = 172800, ended_at = 172801 WHERE id = 5",
        /* has never confirmed */
        "state = 'pending', confirmed_at = NULL WHERE id = 6",
        "state = 'unsubscribed', confirmed_at = NULL, ended_at = 86400 WHERE id = 7",
        /* asks once more */
        "state = 'pending', confirmed_at = 86400, ended_at = 172800 WHERE id = 8",
        "list = 2, state = 'active', confirmed_at = 86400 WHERE id = 9",
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    struct nl_list list = {.name = strdup("other"), .sender = strdup("Press <press@example.org>")};
    assert_ok(nl_list_check(&list, &err));
    assert_ok(nl_list_add(fixture->store, &list, &err));
    nl_list_free(&list);
    fixture_add_people(fixture, 9);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char sql[160];
        snprintf(sql, sizeof sql, "UPDATE subscription SET %s", rows[i]);
        fixture_sql(fixture, sql);
    }
    assert_ok(nl_statistics_growth(fixture->store, 1, add_day, &out, &err));
    assert_told(&out, "0 +2 -0 =2;1 +2 -1 =3;2 +1 -2 =2;");
    assert_ok(nl_statistics_growth(fixture->store, 2, add_day, &out, &err));
    assert_told(&out, "1 +1 -0 =1;");
    assert_ok(nl_statistics_growth(fixture->store, 0, add_day, &out, &err));
    assert_told(&out, "0 +2 -0 =2;1 +3 -1 =4;2 +1 -2 =3;");
    assert_ok(nl_statistics_growth(fixture->store, 9, add_day, &out, &err));
    assert_told(&out, "");
    nl_buf_free(&out);
}

static void test_domains(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    fixture_sql(fixture,
                "INSERT INTO issue_domain (issue, domain, slot, waiting, sent, deferred, bounced, "
                "failed, unknown, skipped) VALUES (1, 'b.example', 0, 1, 2, 0, 0, 0, 0, 0), (1, "
                "'b.example', 1, 0, 3, 1, 0, 0, 0, 0), (1, 'a.example', 0, 0, 0, 0, 1, 2, 3, 1), "
                "(1, 'c.example', 0, 0, 6, 0, 0, 0, 0, 0), (1, 'd.example', 0, 0, 0, 0, 0, 0, 0, "
                "0), (2, 'e.example', 0, 9, 9, 9, 9, 9, 9, 9)");
    assert_ok(nl_statistics_domains(fixture->store, 1, 9, add_count, &out, &err));
    assert_told(&out, "a.example bounced 1;a.example failed 2;a.example skipped 1;a.example "
                      "unknown 3;b.example deferred 1;b.example queued 1;b.example sent 5;"
                      "c.example sent 6;");
    assert_ok(nl_statistics_domains(fixture->store, 1, 1, add_count, &out, &err));
    assert_told(&out,
                "a.example bounced 1;a.example failed 2;a.example skipped 1;a.example unknown 3;");
    assert_ok(nl_statistics_domains(fixture->store, 3, 9, add_count, &out, &err));
    assert_told(&out, "");
    nl_buf_free(&out);
}

static void test_reasons(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    int64_t count = -1;
    fixture_sql(fixture, "INSERT INTO issue_reason (issue, kind, reason, slot, times) VALUES (1, "
                         "'hard', 'b', 0, 1), (1, 'hard', 'b', 1, 2), (1, 'hard', 'a', 0, 3), (1, "
                         "'soft', 'a', 0, 3), (1, 'soft', 'c', 0, 4), (1, 'soft', 'd', 0, 0), (1, "
                         "'complaint', 'x', 0, 1), (1, 'complaint', 'y', 0, 1), (2, 'complaint', "
                         "'x', 0, 9)");
    assert_ok(nl_statistics_reasons(fixture->store, 1, add_count, &out, &err));
    assert_told(&out, "soft c 4;hard a 3;hard b 3;soft a 3;complaint x 1;complaint y 1;");
    assert_ok(nl_statistics_complaints(fixture->store, 1, &count, &err));
    assert_int_equal(count, 2);
    assert_ok(nl_statistics_complaints(fixture->store, 3, &count, &err));
    assert_int_equal(count, 0);
    nl_buf_free(&out);
}

static void add_seconds(struct fixture *fixture) {
    fixture_sql(fixture,
                "INSERT INTO issue_second (issue, second, slot, sent, deferred, bounced, failed, "
                "unknown, skipped) VALUES (1, 119, 0, 1, 0, 0, 0, 0, 0), (1, 120, 0, 2, 1, 0, 0, "
                "0, 0), (1, 120, 1, 3, 0, 1, 0, 0, 0), (1, 179, 0, 0, 0, 0, 2, 3, 4), (1, 180, 0, "
                "5, 0, 0, 0, 0, 0), (2, 120, 0, 99, 0, 0, 0, 0, 0)");
}

static void test_timeline(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    add_seconds(fixture);
    assert_ok(nl_statistics_timeline(fixture->store, 1, 60, add_period, &out, &err));
    assert_told(&out, "60 sent 1;120 bounced 1;120 deferred 1;120 failed 2;120 sent 5;120 skipped "
                      "4;120 unknown 3;180 sent 5;");
    assert_ok(nl_statistics_timeline(fixture->store, 1, 1, add_period, &out, &err));
    assert_told(&out, "119 sent 1;120 bounced 1;120 deferred 1;120 sent 5;179 failed 2;179 skipped "
                      "4;179 unknown 3;180 sent 5;");
    nl_buf_free(&out);
}

/* Messages since a moment, and since when: what waits or was skipped is none. */
static void test_pace(void **state) {
    static const struct {
        int64_t issue, from, since, count;
    } rows[] = {
        {1, 0, 119, 17}, /* all of it: since its first second */
        {1, 119, 119, 17}, {1, 120, 120, 16}, {1, 121, 121, 10},
        {1, 180, 180, 5},  {1, 181, 181, 0},  {3, 50, 50, 0},
    };
    struct fixture *fixture = *state;
    add_seconds(fixture);
    for_each_row (i, rows, NULL) {
        struct nl_error err = {0};
        int64_t since = -1;
        int64_t count = -1;
        assert_ok(
            nl_statistics_pace(fixture->store, rows[i].issue, rows[i].from, &since, &count, &err));
        assert_int_equal(since, rows[i].since);
        assert_int_equal(count, rows[i].count);
    }
}

/* Codes of deliveries that wait for another attempt, since a moment, the most frequent first. */
static void test_deferrals(void **state) {
    static const char *const rows[] = {
        "(1, 'deferred', 10, 99, 1, 451, 'a')",   "(2, 'deferred', 10, 99, 1, 451, 'b')",
        "(3, 'deferred', 11, 99, 2, 421, 'c')",   "(4, 'deferred', 9, 99, 1, 450, 'early')",
        "(5, 'deferred', 10, NULL, 1, 452, 'w')", "(6, 'deferred', 10, 99, 0, 453, 'untried')",
        "(7, 'sent', 10, 99, 1, 454, 'sent')",    "(8, 'deferred', 10, 99, 1, NULL, NULL)",
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    fixture_add_people(fixture, 8);
    fixture_issue(fixture, 1, "sending");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char sql[256];
        snprintf(sql, sizeof sql,
                 "INSERT INTO delivery (kind, issue, created_at, subscription, state, updated_at, "
                 "next_attempt_at, attempts, reply_code, reply_text) VALUES ('issue', 1, 1, %s",
                 rows[i] + 1);
        fixture_sql(fixture, sql);
    }
    assert_ok(nl_statistics_deferrals(fixture->store, 10, add_period, &out, &err));
    assert_told(&out, "451 b 2;0  1;421 c 1;");
    assert_ok(nl_statistics_deferrals(fixture->store, 11, add_period, &out, &err));
    assert_told(&out, "421 c 1;");
    nl_buf_free(&out);
}

static void test_replies(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t count = -1;
    fixture_add_people(fixture, 3);
    fixture_issue(fixture, 1, "sent");
    fixture_issue(fixture, 2, "sent");
    fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                         "updated_at, replied_at) VALUES ('issue', 1, 1, 'sent', 1, 1, 5), "
                         "('issue', 1, 2, 'sent', 1, 1, NULL), ('issue', 1, 3, 'sent', 1, 1, 6), "
                         "('issue', 2, 1, 'sent', 1, 1, 7)");
    assert_ok(nl_statistics_replies(fixture->store, 1, &count, &err));
    assert_int_equal(count, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_growth, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_domains, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_reasons, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_timeline, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_pace, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_deferrals, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_replies, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
