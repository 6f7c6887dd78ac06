/* Reports of TLS sessions that others send us (RFC 8460 section 4): what is summed up, and what is
 * refused. */
#include "support.h"

#include "inbound/aggregate.h"

#include <stdio.h>
#include <stdlib.h>

#define HEAD                                                                                       \
    "{\"organization-name\":\"Big Mail\",\"date-range\":{\"start-datetime\":"                      \
    "\"1970-01-12T00:00:00Z\"},\"report-id\":\"7\",\"policies\":["
#define END "]}"
#define POLICY(type, domain)                                                                       \
    "{\"policy\":{\"policy-type\":\"" type "\",\"policy-domain\":\"" domain "\"},"
#define SUMMARY(good, bad)                                                                         \
    "\"summary\":{\"total-successful-session-count\":" #good                                       \
    ",\"total-failure-session-count\":" #bad "}"
#define DETAIL(type, count) "{\"result-type\":\"" type "\",\"failed-session-count\":" #count "}"

/* "domain source reason total passed;" for each row, the largest first. */
static void assert_rows(const char *text, const char *expected) {
    struct nl_error err = {0};
    struct nl_reputation_report *report = NULL;
    struct nl_buf told = {0};
    assert_ok(nl_tls_report_read(text, strlen(text), &report, &err));
    assert_non_null(report);
    nl_aggregate_sort(report);
    for (size_t i = 0; i < report->count; i++) {
        const struct nl_reputation_row *row = &report->rows[i];
        nl_buf_addf(&told, "%s %s %s %lld %lld;", row->domain, row->source,
                    row->reason[0] != '\0' ? row->reason : "-", (long long)row->total,
                    (long long)row->passed);
    }
    assert_string_equal(nl_buf_text(&told), expected);
    assert_string_equal(report->reporter, "Big Mail");
    assert_int_equal(report->begin, 950400);
    assert_int_equal(report->kind, NL_REPUTATION_TLS);
    nl_buf_free(&told);
    nl_aggregate_free(report);
}

struct row {
    const char *text, *rows;
};

static void test_rows(void **state) {
    static const struct row cases[] = {
        {HEAD END, ""},
        {HEAD POLICY("sts", "X.example.") SUMMARY(5, 0) "}" END, "x.example sts - 5 5;"},
        {HEAD POLICY("tlsa", "x.example") SUMMARY(5, 0) "}," POLICY("tlsa", "x.example")
             SUMMARY(2, 0) "}" END,
         "x.example tlsa - 7 7;"},
        {HEAD POLICY("no-policy-found", "x.example") SUMMARY(5, 3) "}" END,
         "x.example no-policy-found - 5 5;x.example no-policy-found other 3 0;"},
        {HEAD POLICY("new", "x.example") SUMMARY(1, 0) "}" END, "x.example other - 1 1;"},
        {HEAD POLICY("sts", "x.example")
             SUMMARY(0, 3) ",\"failure-details\":[" DETAIL("certificate-expired", 2) "]}" END,
         "x.example sts certificate-expired 2 0;x.example sts other 1 0;"},
        {HEAD POLICY("sts", "x.example") SUMMARY(0, 3) ",\"failure-details\":[" DETAIL(
             "certificate-expired", 2) "," DETAIL("news", 1) "]}" END,
         "x.example sts certificate-expired 2 0;x.example sts other 1 0;"},
        {HEAD POLICY("sts", "x.example")
             SUMMARY(0, 1) ",\"failure-details\":[" DETAIL("dane-required", 2) "]}" END,
         "x.example sts dane-required 2 0;"}, /* details beyond the sum */
        {HEAD POLICY("sts", "no domain") SUMMARY(5, 0) "}," POLICY("sts", "y.example")
             SUMMARY(1, 0) "}" END,
         "y.example sts - 1 1;"},
        {HEAD POLICY("sts", "x.example") "\"summary\":{}}" END, ""},
        {HEAD POLICY("sts", "x.example") SUMMARY(1000000000, 0) "}" END,
         "x.example sts - 1000000000 1000000000;"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text)
        assert_rows(cases[i].text, cases[i].rows);
}

static void test_what_is_refused(void **state) {
    static const struct row cases[] = {
        {"{\"policies\":[],\"date-range\":{}}", "what time"},
        {"{\"policies\":[],\"date-range\":{\"start-datetime\":\"soon\"},\"report-id\":\"7\"}",
         "what time"},
        {"{\"policies\":[],\"date-range\":{\"start-datetime\":\"1970-01-12T00:00:00Z\"}}",
         "report-id"},
        {"{\"policies\":[],\"date-range\":{\"start-datetime\":\"1970-01-12T00:00:00Z\"},"
         "\"report-id\":\"\"}",
         "report-id"},
        {"{\"policies\":[\"date-range\"", "not valid JSON"},
        {HEAD POLICY("sts", "x.example") SUMMARY(1000000001, 0) "}" END, "number of sessions"},
        {HEAD POLICY("sts", "x.example") SUMMARY(-1, 0) "}" END, "number of sessions"},
        {HEAD POLICY("sts", "x.example") SUMMARY(0, 1.5) "}" END, "number of sessions"},
        {HEAD POLICY("sts", "x.example") SUMMARY(0, "1") "}" END, "number of sessions"},
        {HEAD POLICY("sts", "x.example")
             SUMMARY(0, 1) ",\"failure-details\":[" DETAIL("certificate-expired", -1) "]}" END,
         "number of sessions"},
        {HEAD POLICY("sts", "x.example") SUMMARY(-1, 0) "}," POLICY("sts", "y.example")
             SUMMARY(1, 0) "}" END,
         "number of sessions"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text) {
        struct nl_error err = {0};
        struct nl_reputation_report *report = NULL;
        assert_fails(nl_tls_report_read(cases[i].text, strlen(cases[i].text), &report, &err),
                     NL_DATA, cases[i].rows);
        assert_null(report);
    }
}

/* Other JSON is none, and no mistake. */
static void test_what_is_none(void **state) {
    static const char *const others[] = {"", "{}", "no JSON \"policies\"", "\"date-range\"",
                                         "{\"policies\":[]}"};
    (void)state;
    for_each_row (i, others, others[i]) {
        struct nl_error err = {0};
        struct nl_reputation_report *report = NULL;
        assert_ok(nl_tls_report_read(others[i], strlen(others[i]), &report, &err));
        assert_null(report);
    }
}

/* A thousand policies, each with a thousand details, are read; one more is refused. */
static void test_bounds(void **state) {
    static const struct {
        int policies, details;
        bool good;
    } cases[] = {{1000, 0, true}, {1001, 0, false}, {1, 1000, true}, {1, 1001, false}};
    (void)state;
    for_each_row (i, cases, NULL) {
        struct nl_error err = {0};
        struct nl_reputation_report *report = NULL;
        struct nl_buf text = {0};
        nl_buf_adds(&text, HEAD);
        for (int at = 0; at < cases[i].policies; at++) {
            nl_buf_addf(&text,
                        "%s" POLICY("sts", "x.example") SUMMARY(1, 0) ",\"failure-details\":[",
                        at > 0 ? "," : "");
            for (int of = 0; of < cases[i].details; of++)
                nl_buf_addf(&text, "%s" DETAIL("tlsa-invalid", 1), of > 0 ? "," : "");
            nl_buf_adds(&text, "]}");
        }
        nl_buf_adds(&text, END);
        enum nl_status status = nl_tls_report_read(nl_buf_text(&text), text.len, &report, &err);
        assert_int_equal(status, cases[i].good ? NL_OK : NL_DATA);
        nl_aggregate_free(report);
        nl_error_free(&err);
        nl_buf_free(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
