/* Reports of TLS sessions (RFC 8460): counted by day and domain, told once the day is over. */
#include "support.h"

#include "delivery/tls_report.h"
#include "newsletter/store/tls_session.h"

#include <jansson.h>
#include <stdlib.h>
#include <zlib.h>

enum { DAY = 86400 };

#define STS "version: STSv1\nmode: enforce\nmx: a.example\nmx: *.b.example\nmax_age: 60\n"

static struct nl_tls_session success(const char *domain, const char *kind, int64_t count) {
    return (struct nl_tls_session){.domain = domain,
                                   .kind = kind,
                                   .policy = strcmp(kind, "sts") == 0 ? STS : "",
                                   .result = "",
                                   .server = "",
                                   .address = "",
                                   .source = "",
                                   .detail = "",
                                   .count = count};
}

static struct nl_tls_session failure(const char *domain, const char *kind, const char *result,
                                     const char *server, int64_t count) {
    struct nl_tls_session session = success(domain, kind, count);
    session.result = result;
    session.server = server;
    return session;
}

static void add(struct fixture *fixture, struct nl_tls_session session) {
    struct nl_error err = {0};
    assert_ok(nl_tls_sessions_add(fixture->store, &session, 1, &err));
}

static json_t *read_json(const struct nl_tls_report *report) {
    static unsigned char text[1 << 20];
    z_stream stream = {.next_in = (unsigned char *)report->json.data,
                       .avail_in = (unsigned)report->json.len,
                       .next_out = text,
                       .avail_out = sizeof text};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    json_t *json = json_loadb((const char *)text, sizeof text - stream.avail_out, 0, NULL);
    inflateEnd(&stream);
    assert_non_null(json);
    return json;
}

static void assert_report(struct fixture *fixture, const char *day, const char *domain,
                          const char *policies) {
    struct nl_error err = {0};
    struct nl_tls_report report = {.day = day, .domain = domain, .contact = "tls@our.example"};
    assert_ok(nl_tls_report_make(fixture->store, &report, &err));
    json_t *json = read_json(&report);
    char *found = json_dumps(json_object_get(json, "policies"), JSON_COMPACT);
    assert_string_equal(found, policies);
    assert_string_equal(json_string_value(json_object_get(json, "organization-name")),
                        "our.example");
    free(found);
    json_decref(json);
    nl_tls_report_free(&report);
}

#define COUNTED(good, bad)                                                                         \
    "\"summary\":{\"total-successful-session-count\":" #good                                       \
    ",\"total-failure-session-count\":" #bad "}"

/* Sums by policy; failures by their details, of which only known ones are there. */
static void test_sums(void **state) {
    struct fixture *fixture = *state;
    add(fixture, success("x.example", "no-policy-found", 3));
    add(fixture, success("x.example", "no-policy-found", 4));
    add(fixture, success("y.example", "no-policy-found", 9));
    add(fixture, success("x.example", "sts", 5));
    add(fixture, failure("x.example", "sts", "certificate-expired", "a.example", 2));
    struct nl_tls_session whole = failure("x.example", "sts", "validation-failure", "b.example", 1);
    whole.address = "192.0.2.1";
    whole.source = "192.0.2.9";
    whole.detail = "no cipher";
    add(fixture, whole);
    assert_report(
        fixture, "1970-01-12", "x.example",
        "[{\"policy\":{\"policy-type\":\"no-policy-found\",\"policy-domain\":\"x.example\"}"
        "," COUNTED(
            7, 0) "},{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"x.example\","
                  "\"policy-string\":[\"version: STSv1\",\"mode: enforce\",\"mx: a.example\","
                  "\"mx: *.b.example\",\"max_age: 60\"],"
                  "\"mx-host\":[\"a.example\",\"*.b.example\"]}," COUNTED(
                      5, 3) ",\"failure-details\":[{\"result-type\":\"certificate-expired\","
                            "\"failed-session-count\":2,\"receiving-mx-hostname\":\"a.example\"},"
                            "{\"result-type\":\"validation-failure\",\"failed-session-count\":1,"
                            "\"sending-mta-ip\":\"192.0.2.9\","
                            "\"receiving-mx-hostname\":\"b.example\","
                            "\"receiving-ip\":\"192.0.2.1\","
                            "\"failure-reason-code\":\"no cipher\"}]}]");
    assert_report(fixture, "1970-01-12", "y.example",
                  "[{\"policy\":{\"policy-type\":\"no-policy-found\",\"policy-domain\":\"y."
                  "example\"}," COUNTED(9, 0) "}]");
}

struct found {
    char text[200];
};

static enum nl_status note(const char *day, const char *domain, void *ctx, struct nl_error *err) {
    struct found *found = ctx;
    size_t len = strlen(found->text);
    (void)err;
    snprintf(found->text + len, sizeof found->text - len, "%s %s;", day, domain);
    return NL_OK;
}

static void assert_due(struct fixture *fixture, size_t most, const char *expected) {
    struct nl_error err = {0};
    struct found found = {{0}};
    assert_ok(nl_tls_sessions_due(fixture->store, most, note, &found, &err));
    assert_string_equal(found.text, expected);
}

/* Only days that are over, the oldest first; what is dropped is that domain's on that day. */
static void test_days(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_tls_report none = {.day = "1970-01-11", .domain = "x.example", .contact = "us"};
    fixture->fake.now = 12 * DAY - 1; /* 12 January */
    add(fixture, success("x.example", "no-policy-found", 1));
    add(fixture, success("y.example", "no-policy-found", 1));
    assert_due(fixture, 10, "");
    fixture->fake.now++;
    assert_due(fixture, 10, "1970-01-12 x.example;1970-01-12 y.example;");
    add(fixture, success("x.example", "no-policy-found", 2));
    add(fixture, success("x.example", "sts", 2));
    fixture->fake.now += DAY;
    assert_due(fixture, 10, "1970-01-12 x.example;1970-01-12 y.example;1970-01-13 x.example;");
    assert_due(fixture, 2, "1970-01-12 x.example;1970-01-12 y.example;");
    assert_ok(nl_tls_sessions_drop(fixture->store, "1970-01-12", "x.example", &err));
    assert_due(fixture, 10, "1970-01-12 y.example;1970-01-13 x.example;");
    assert_fails(nl_tls_report_make(fixture->store, &none, &err), NL_NOTFOUND, "x.example");
    assert_string_equal(none.submitter, "us");
    nl_tls_report_free(&none);
}

/* A thousand failures are told one by one; more are in the sums. */
static void test_many_failures(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_tls_session sessions[1002];
    static char servers[1002][20];
    for (size_t i = 0; i < 1002; i++) {
        snprintf(servers[i], sizeof servers[i], "m%04zu.example", i);
        sessions[i] = failure("x.example", "tlsa", "tlsa-invalid", servers[i], 1);
    }
    assert_ok(nl_tls_sessions_add(fixture->store, sessions, 1002, &err));
    struct nl_tls_report report = {
        .day = "1970-01-12", .domain = "x.example", .contact = "tls@our.example"};
    assert_ok(nl_tls_report_make(fixture->store, &report, &err));
    json_t *json = read_json(&report);
    const json_t *policy = json_array_get(json_object_get(json, "policies"), 0);
    assert_int_equal(json_array_size(json_object_get(policy, "failure-details")), 1000);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(policy, "summary"),
                                                        "total-failure-session-count")),
                     1002);
    json_decref(json);
    nl_tls_report_free(&report);
}

/* The name of the file and the mail (sections 5.1 and 5.3). */
static void test_the_mail(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf mail = {0};
    struct nl_tls_report report = {
        .day = "1970-01-12", .domain = "x.example", .contact = "tls@our.example"};
    add(fixture, failure("x.example", "sts", "certificate-expired", "a.example", 2));
    assert_ok(nl_tls_report_make(fixture->store, &report, &err));
    assert_memory_equal(report.file, "our.example!x.example!950400!1036799!", 37);
    assert_non_null(strstr(report.file, ".json.gz"));
    assert_memory_equal(report.id, "1970-01-12-", 11);
    nl_tls_report_mail(&report, "to@x.example", 1036800, &mail);
    const char *text = nl_buf_text(&mail);
    assert_non_null(strstr(text, "From: <tls@our.example>\r\nTo: <to@x.example>\r\n"
                                 "Date: Tue, 13 Jan 1970 00:00:00 +0000\r\n"));
    assert_non_null(strstr(text, "Subject: Report Domain: x.example\r\n Submitter: our.example\r\n"
                                 " Report-ID: <1970-01-12-"));
    assert_non_null(strstr(text, "TLS-Report-Domain: x.example\r\n"
                                 "TLS-Report-Submitter: our.example\r\n"));
    size_t longest = 0;
    size_t full = 0;
    for (const char *line = strstr(text, "base64\r\n"); *line != '\0'; line++) {
        size_t len = strcspn(line, "\r");
        if (strncmp(line, " filename", 9) != 0 && len > longest)
            longest = len;
        full += len == 76;
        line += len + 1;
        if (*line == '\0')
            break;
    }
    assert_int_equal(longest, 76);
    assert_true(full >= 2);
    nl_buf_free(&mail);
    nl_tls_report_free(&report);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sums, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_days, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_many_failures, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_mail, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
