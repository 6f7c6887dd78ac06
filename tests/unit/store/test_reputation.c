/* Reports about our mail: which are kept, and how much of one. */
#include "support.h"

#include "newsletter/store/reputation.h"

#include <stdio.h>
#include <stdlib.h>

enum { DAY = 86400, NOW = 20 * DAY + 100 };

/* A report that nobody has sent before: `number` makes its digest. */
static struct nl_reputation_report a_report(int number, struct nl_reputation_row *rows,
                                            size_t count) {
    struct nl_reputation_report report = {.kind = NL_REPUTATION_DMARC,
                                          .reporter = "big.example",
                                          .begin = 20 * DAY,
                                          .rows = rows,
                                          .count = count};
    memcpy(report.digest, &number, sizeof number);
    return report;
}

static struct nl_reputation_row a_row(const char *domain, const char *source, int64_t total) {
    struct nl_reputation_row row = {.reason = "", .total = total, .passed = 1, .spf = 2, .dkim = 3};
    snprintf(row.domain, sizeof row.domain, "%s", domain);
    snprintf(row.source, sizeof row.source, "%s", source);
    return row;
}

static const char *add(struct fixture *fixture, const struct nl_reputation_report *report,
                       int64_t keep) {
    struct nl_error err = {0};
    const char *refused = NULL;
    fixture->fake.now = NOW;
    assert_ok(
        nl_reputation_add(fixture->store, report, "b@bounces.example.net", keep, &refused, &err));
    return refused;
}

static int64_t sum(struct fixture *fixture, const char *column, const char *condition) {
    char sql[200];
    snprintf(sql, sizeof sql,
             "SELECT CAST(coalesce(sum(%s), 0) AS BIGINT) FROM reputation WHERE %s", column,
             condition);
    return fixture_sql(fixture, sql);
}

/* Domains below ours count as ours, others not at all; the list sends from example.org. */
static void test_whose_domains(void **state) {
    static const struct {
        const char *domain, *kept; /* NULL: none */
    } cases[] = {
        {"example.org", "example.org"},
        {"a.b.example.org", "example.org"},
        {"bounces.example.net", "bounces.example.net"},
        {"x.bounces.example.net", "bounces.example.net"},
        {"example.net", NULL},
        {"notexample.org", NULL},
        {"org", NULL},
        {"example.org.evil.example", NULL},
    };
    struct fixture *fixture = *state;
    for_each_row (i, cases, cases[i].domain) {
        struct nl_reputation_row row = a_row(cases[i].domain, "192.0.2.1", 5);
        struct nl_reputation_report report = a_report((int)i + 1, &row, 1);
        char sql[100];
        const char *refused = add(fixture, &report, 0);
        if (cases[i].kept == NULL) {
            assert_string_equal(refused, "it names no domain that a list sends from");
            continue;
        }
        assert_null(refused);
        snprintf(sql, sizeof sql, "domain = '%s'", cases[i].kept);
        assert_int_equal(sum(fixture, "total", sql), 5);
        fixture_sql(fixture, "DELETE FROM reputation");
    }
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM reputation_report"), 4);
}

/* Rows of one source are added up; the others' and empty ones are left out. */
static void test_rows(void **state) {
    struct fixture *fixture = *state;
    struct nl_reputation_row rows[] = {
        a_row("example.org", "192.0.2.1", 5), a_row("a.example.org", "192.0.2.1", 7),
        a_row("example.org", "192.0.2.2", 11), a_row("other.example", "192.0.2.3", 13),
        a_row("example.org", "192.0.2.4", 0)};
    struct nl_reputation_report report = a_report(1, rows, 5);
    struct nl_reputation_report empty = a_report(2, rows + 4, 1);
    assert_null(add(fixture, &report, 0));
    assert_int_equal(sum(fixture, "total", "source = '192.0.2.1'"), 12);
    assert_int_equal(sum(fixture, "passed", "source = '192.0.2.1'"), 2);
    assert_int_equal(sum(fixture, "spf", "source = '192.0.2.1'"), 4);
    assert_int_equal(sum(fixture, "dkim", "source = '192.0.2.1'"), 6);
    assert_int_equal(sum(fixture, "total", "source = '192.0.2.2'"), 11);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM reputation"), 2);
    assert_string_equal(add(fixture, &report, 0), "it came before");
    assert_int_equal(sum(fixture, "total", "TRUE"), 23);
    assert_string_equal(add(fixture, &empty, 0), "it names no domain that a list sends from");
}

/* A hundred addresses are kept, the rest in one row; policies of TLS are all kept. */
static void test_many_rows(void **state) {
    struct fixture *fixture = *state;
    static struct nl_reputation_row rows[103];
    for (int i = 0; i < 103; i++) {
        char source[20];
        snprintf(source, sizeof source, "192.0.2.%d", i);
        rows[i] = a_row("example.org", source, 1);
    }
    struct nl_reputation_report report = a_report(1, rows, 103);
    assert_null(add(fixture, &report, 0));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM reputation"), 101);
    assert_int_equal(sum(fixture, "total", "source = ''"), 3);
    report.kind = NL_REPUTATION_TLS;
    report.digest[5] = 1;
    assert_null(add(fixture, &report, 0));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM reputation"), 204);
    assert_int_equal(
        fixture_sql(fixture, "SELECT count(*) FROM reputation_report WHERE kind = 'tls'"), 1);
}

/* A day that has not come, or that is older than reports are kept. */
static void test_days(void **state) {
    static const struct {
        int64_t begin, keep;
        const char *refused;
    } cases[] = {
        {NOW + 2 * DAY, 0, NULL}, {NOW + 2 * DAY + 1, 0, "in the future"},
        {-1, 0, "in the future"}, {0, 0, NULL},
        {NOW - 10, 10, NULL},     {NOW - 11, 10, "retention.reports"},
        {NOW - 11, 0, NULL},
    };
    struct fixture *fixture = *state;
    for_each_row (i, cases, cases[i].refused) {
        struct nl_reputation_row row = a_row("example.org", "192.0.2.1", 5);
        struct nl_reputation_report report = a_report((int)i + 1, &row, 1);
        report.begin = cases[i].begin;
        const char *refused = add(fixture, &report, cases[i].keep);
        if (cases[i].refused == NULL)
            assert_null(refused);
        else
            assert_non_null(strstr(refused, cases[i].refused));
    }
}

static void fill(struct fixture *fixture, int count, const char *reporter, int64_t at) {
    char sql[400];
    snprintf(sql, sizeof sql,
             "INSERT INTO reputation_report (digest, kind, reporter, day, at) WITH RECURSIVE n (i) "
             "AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT CAST('%s' || i || "
             "'-%lld' AS %s), 'dmarc', '%s', 1, %lld FROM n",
             count, reporter, (long long)at, nl_store_is_file(fixture->path) ? "BLOB" : "BYTEA",
             reporter, (long long)at);
    fixture_sql(fixture, sql);
}

/* A hundred from one reporter within a day, five hundred from all, twenty thousand altogether. */
static void test_how_many(void **state) {
    struct fixture *fixture = *state;
    struct nl_reputation_row row = a_row("example.org", "192.0.2.1", 5);
    struct nl_reputation_report report = a_report(1, &row, 1);
    fill(fixture, 99, "big.example", NOW - DAY + 1);
    fill(fixture, 50, "big.example", NOW - DAY); /* a day ago */
    assert_null(add(fixture, &report, 0));
    report = a_report(2, &row, 1);
    assert_non_null(strstr(add(fixture, &report, 0), "too many within a day"));
    snprintf(report.reporter, sizeof report.reporter, "small.example");
    assert_null(add(fixture, &report, 0));
    fill(fixture, 398, "third.example", NOW);
    report = a_report(3, &row, 1);
    snprintf(report.reporter, sizeof report.reporter, "small.example");
    assert_null(add(fixture, &report, 0));
    report = a_report(4, &row, 1);
    snprintf(report.reporter, sizeof report.reporter, "small.example");
    assert_non_null(strstr(add(fixture, &report, 0), "too many reports came within a day"));
    fixture_sql(fixture, "DELETE FROM reputation");
    fixture_sql(fixture, "DELETE FROM reputation_report");
    fill(fixture, 19999, "third.example", 5);
    report = a_report(5, &row, 1);
    assert_null(add(fixture, &report, 0));
    report = a_report(6, &row, 1);
    assert_non_null(strstr(add(fixture, &report, 0), "are kept"));
}

/* Days before one are forgotten, with their rows. */
static void test_forgetting(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t count = -1;
    for (int i = 1; i <= 3; i++) {
        struct nl_reputation_row row = a_row("example.org", "192.0.2.1", i);
        struct nl_reputation_report report = a_report(i, &row, 1);
        report.begin = (int64_t)i * DAY;
        assert_null(add(fixture, &report, 0));
    }
    assert_ok(nl_reputation_forget(fixture->store, 3 * DAY - 1, true, &count, &err));
    assert_int_equal(count, 1);
    assert_ok(nl_reputation_forget(fixture->store, -5, true, &count, &err));
    assert_int_equal(count, 0);
    assert_ok(nl_reputation_forget(fixture->store, 3 * DAY, false, &count, &err));
    assert_int_equal(count, 2);
    assert_int_equal(sum(fixture, "total", "TRUE"), 3);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM reputation_report"), 1);
}

/* Whether any mail went out in a time: one that was sent then, of an issue of that time. */
static void test_whether_any_was_sent(void **state) {
    static const struct {
        int64_t since, until;
        bool sent;
    } cases[] = {{100, 200, true}, {150, 150, true}, {151, 200, false}, {100, 149, false},
                 {150, 200, true}, {100, 150, true}, {300, 400, false}};
    struct fixture *fixture = *state;
    fixture_subscribe(fixture, "ann@example.org");
    fixture_issue(fixture, 1, "sent");
    fixture_issue(fixture, 2, "sent");
    fixture_sql(fixture, "UPDATE issue SET created_at = 50, ended_at = 500");
    fixture_sql(fixture, "INSERT INTO delivery (kind, issue, subscription, state, created_at, "
                         "updated_at) VALUES ('issue', 1, 1, 'sent', 1, 150), ('issue', 2, 1, "
                         "'bounced', 1, 350)");
    for_each_row (i, cases, NULL) {
        struct nl_error err = {0};
        bool sent = !cases[i].sent;
        assert_ok(nl_reputation_sent(fixture->store, cases[i].since, cases[i].until, &sent, &err));
        assert_int_equal(sent, cases[i].sent);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_whose_domains),
        TEST(test_rows),
        TEST(test_many_rows),
        TEST(test_days),
        TEST(test_how_many),
        TEST(test_forgetting),
        TEST(test_whether_any_was_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
