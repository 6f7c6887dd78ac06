/* The figures of reports about our mail, and of complaints: which rows are added up, and which come
 * first. */
#include "support.h"

#include "newsletter/store/reputation.h"

#include <stdio.h>

enum { DAY = 86400 };

static enum nl_status add_figure(const struct nl_reputation_figure *figure, void *ctx,
                                 struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s|%s|%s|%s %lld: %lld %lld %lld %lld, %lld; ", figure->domain,
                figure->source, figure->reason, figure->reporter, (long long)figure->day / DAY,
                (long long)figure->total, (long long)figure->passed, (long long)figure->spf,
                (long long)figure->dkim, (long long)figure->reports);
    return NL_OK;
}

static void add_report(struct fixture *fixture, int number, const char *kind, const char *reporter,
                       int day) {
    char sql[200];
    bool file = nl_store_is_file(fixture->path);
    snprintf(sql, sizeof sql,
             "INSERT INTO reputation_report (id, digest, kind, reporter, day, at) VALUES (%d, "
             "%s0%d', '%s', '%s', %d, 1)",
             number, file ? "x'" : "'\\x", number, kind, reporter, day);
    fixture_sql(fixture, sql);
}

/* Three reports of three days about DMARC, of two reporters; and one about TLS. */
static void fill(struct fixture *fixture) {
    static const char *const rows[] = {
        "(1, 'a.example', '192.0.2.1', '', 10, 9, 8, 7)",
        "(1, 'a.example', '192.0.2.2', 'forwarded', 1, 0, 0, 1)",
        "(2, 'a.example', '192.0.2.1', '', 20, 19, 18, 17)",
        "(2, 'b.example', '192.0.2.1', '', 5, 4, 3, 2)",
        "(3, 'a.example', '192.0.2.1', '', 100, 90, 80, 70)",
        "(4, 'a.example', 'sts', 'expired', 7, 0, 0, 0)",
        "(4, 'a.example', 'sts', '', 50, 50, 0, 0)",
        "(4, 'b.example', 'sts', 'expired', 2, 0, 0, 0)",
        "(4, 'a.example', 'dane', 'mismatch', 3, 0, 0, 0)",
    };
    add_report(fixture, 1, "dmarc", "big.example", 9);
    add_report(fixture, 2, "dmarc", "big.example", 10);
    add_report(fixture, 3, "dmarc", "other.example", 11);
    add_report(fixture, 4, "tls", "big.example", 11);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char sql[200];
        snprintf(sql, sizeof sql,
                 "INSERT INTO reputation (report, domain, source, reason, total, passed, spf, "
                 "dkim) VALUES %s",
                 rows[i]);
        fixture_sql(fixture, sql);
    }
}

static void test_groups(void **state) {
    static const struct {
        enum nl_reputation_kind kind;
        enum nl_reputation_group group;
        int64_t since, limit;
        const char *figures;
    } cases[] = {
        {NL_REPUTATION_DMARC, NL_REPUTATION_BY_DAY, 10 * DAY, 9,
         "a.example||| 10: 20 19 18 17, 1; b.example||| 10: 5 4 3 2, 1; "
         "a.example||| 11: 100 90 80 70, 1; "},
        {NL_REPUTATION_DMARC, NL_REPUTATION_BY_DAY, 9 * DAY + 5, 1,
         "a.example||| 9: 11 9 8 8, 1; "},
        {NL_REPUTATION_DMARC, NL_REPUTATION_BY_SOURCE, 0, 9,
         "a.example|192.0.2.1|| 11: 130 118 106 94, 3; b.example|192.0.2.1|| 10: 5 4 3 2, 1; "
         "a.example|192.0.2.2|| 9: 1 0 0 1, 1; "},
        {NL_REPUTATION_DMARC, NL_REPUTATION_BY_REPORTER, 0, 9,
         "|||other.example 11: 100 90 80 70, 1; |||big.example 10: 36 32 29 27, 2; "},
        {NL_REPUTATION_DMARC, NL_REPUTATION_BY_REPORTER, 11 * DAY, 0,
         "|||other.example 11: 100 90 80 70, 1; "},
        {NL_REPUTATION_TLS, NL_REPUTATION_BY_REASON, 0, 9,
         "|dane|mismatch| 11: 3 0 0 0, 1; |sts|| 11: 50 50 0 0, 1; |sts|expired| 11: 9 0 0 0, 1; "},
        {NL_REPUTATION_TLS, NL_REPUTATION_BY_DAY, 12 * DAY, 9, ""},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    fill(fixture);
    for_each_row (i, cases, cases[i].figures) {
        struct nl_buf out = {0};
        assert_ok(nl_reputation_each(fixture->store, cases[i].kind, cases[i].group, cases[i].since,
                                     cases[i].limit, add_figure, &out, &err));
        assert_string_equal(nl_buf_text(&out), cases[i].figures);
        nl_buf_free(&out);
    }
}

static void add_bounce(struct fixture *fixture, const char *reporter, const char *kind,
                       const char *delivery, int person, int64_t at) {
    static int number;
    char sql[320];
    snprintf(sql, sizeof sql,
             "INSERT INTO returned (digest, at, kind, reporter) VALUES (%s%02d', 1, '%s', "
             "nullif('%s', ''))",
             nl_store_is_file(fixture->path) ? "x'" : "'\\x", ++number, kind, reporter);
    fixture_sql(fixture, sql);
    snprintf(sql, sizeof sql,
             "INSERT INTO bounce (returned, at, delivery, subscription, kind, reason, status) "
             "SELECT max(id), %lld, %s, nullif(%d, 0), '%s', 'x', '' FROM returned",
             (long long)at, delivery, person, kind);
    fixture_sql(fixture, sql);
}

/* Only complaints that a delivery proves, since that day. */
static void test_complaints(void **state) {
    static const char of_one[] = "(SELECT min(id) FROM delivery WHERE issue = 1)";
    static const char of_two[] = "(SELECT min(id) FROM delivery WHERE issue = 2)";
    static const char of_notice[] = "(SELECT min(id) FROM delivery WHERE issue IS NULL)";
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    fixture_add_people(fixture, 3);
    fixture_issue(fixture, 1, "sent");
    fixture_issue(fixture, 2, "sent");
    fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                         "updated_at) VALUES ('issue', 1, 1, 'sent', 1, 1), ('issue', 2, 1, "
                         "'sent', 1, 1), ('welcome', NULL, 2, 'sent', 1, 1)");
    add_bounce(fixture, "big.example", "complaint", of_one, 1, 9 * DAY);
    add_bounce(fixture, "big.example", "complaint", of_two, 2, 10 * DAY);
    add_bounce(fixture, "", "complaint", of_one, 3, 10 * DAY + 1);
    add_bounce(fixture, "", "complaint", of_notice, 2, 11 * DAY);
    add_bounce(fixture, "", "complaint", of_two, 0, 11 * DAY);
    add_bounce(fixture, "big.example", "hard", of_one, 1, 11 * DAY);
    add_bounce(fixture, "big.example", "complaint", "NULL", 1, 11 * DAY);
    assert_ok(nl_reputation_complaints(fixture->store, 10 * DAY, 9, add_figure, &out, &err));
    assert_string_equal(nl_buf_text(&out), "|||example.org 11: 2 0 0 0, 0; ||| 11: 1 0 0 0, 0; "
                                           "|||big.example 10: 1 0 0 0, 0; ");
    nl_buf_clear(&out);
    assert_ok(nl_reputation_complaints(fixture->store, 9 * DAY, 1, add_figure, &out, &err));
    assert_string_equal(nl_buf_text(&out), "|||big.example 10: 2 0 0 0, 0; ");
    nl_buf_free(&out);
}

static enum nl_status add_issue(const struct nl_reputation_figure *figure, void *ctx,
                                struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%lld %lld; ", (long long)figure->issue, (long long)figure->total);
    return NL_OK;
}

static void test_issues(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf out = {0};
    fixture_add_people(fixture, 3);
    for (int64_t issue = 1; issue <= 3; issue++)
        fixture_issue(fixture, issue, "sent");
    fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                         "updated_at) VALUES ('issue', 2, 1, 'sent', 1, 1), ('issue', 1, 1, "
                         "'sent', 1, 1), ('issue', 3, 1, 'sent', 1, 1), ('welcome', NULL, 2, "
                         "'sent', 1, 1)");
    add_bounce(fixture, "", "complaint", "(SELECT id FROM delivery WHERE issue = 2)", 1, 1);
    add_bounce(fixture, "", "complaint", "(SELECT id FROM delivery WHERE issue = 1)", 1, 1);
    add_bounce(fixture, "", "complaint", "(SELECT id FROM delivery WHERE issue = 2)", 2, 1);
    add_bounce(fixture, "", "hard", "(SELECT id FROM delivery WHERE issue = 3)", 1, 1);
    add_bounce(fixture, "", "complaint", "(SELECT id FROM delivery WHERE issue IS NULL)", 1, 1);
    assert_ok(nl_reputation_issues(fixture->store, add_issue, &out, &err));
    assert_string_equal(nl_buf_text(&out), "1 1; 2 2; ");
    nl_buf_free(&out);
}

/* Whether any mail went out within a time, both ends of which belong to it. */
static void test_sent(void **state) {
    static const struct {
        const char
            *change; /* of the issue that was created at 100, ended at 300, and sent at 200 */
        int64_t since, until;
        bool sent;
    } cases[] = {
        {"UPDATE issue SET ended_at = 300", 200, 200, true},
        {"UPDATE issue SET ended_at = 300", 100, 199, false},
        {"UPDATE issue SET ended_at = 300", 201, 300, false},
        {"UPDATE issue SET ended_at = 200", 200, 300, true},
        {"UPDATE issue SET ended_at = 199", 200, 300, false},
        {"UPDATE issue SET ended_at = NULL", 150, 250, true},
        {"UPDATE issue SET created_at = 200", 100, 200, true},
        {"UPDATE issue SET created_at = 201", 100, 200, false},
        {"UPDATE delivery SET state = 'bounced'", 100, 300, false},
    };
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    fixture_add_people(fixture, 1);
    fixture_issue(fixture, 1, "sent");
    fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                         "updated_at) VALUES ('issue', 1, 1, 'sent', 1, 200)");
    for_each_row (i, cases, cases[i].change) {
        bool sent = !cases[i].sent;
        fixture_sql(fixture, "UPDATE issue SET created_at = 100");
        fixture_sql(fixture, cases[i].change);
        assert_ok(nl_reputation_sent(fixture->store, cases[i].since, cases[i].until, &sent, &err));
        assert_int_equal(sent, cases[i].sent);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_groups, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_complaints, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_issues, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_sent, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
