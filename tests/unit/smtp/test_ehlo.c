/* The extensions of a server, the meaning of a failure to connect, and policies of MTA-STS. */
#include "support.h"

#include "newsletter/smtp/sts.h"
#include "smtp/ehlo.h"
#include "smtp/tls_fault.h"

static struct nl_extensions offers(const char *line) {
    struct nl_extensions offered = {0};
    nl_ehlo_note(&offered, line, strlen(line));
    return offered;
}

static void test_extensions(void **state) {
    static const struct {
        const char *line;
        struct nl_extensions offered;
    } cases[] = {
        {"PIPELINING", {.pipelining = true}},
        {"pipelining", {.pipelining = true}},
        {"PIPELININ", {0}},
        {"CHUNKING", {.chunking = true}},
        {"CHUNKIN", {0}},
        {"SMTPUTF8", {.smtputf8 = true}},
        {"SMTPUTF", {0}},
        {"8BITMIME", {.eightbit = true}},
        {"8BITMIM", {0}},
        {"SIZE", {.size = true}},
        {"SIZ", {0}},
        {"SIZE 0", {.size = true}},
        {"SIZE 9", {.size = true, .size_limit = 9}},
        {"size 10485760", {.size = true, .size_limit = 10485760}},
        {"SIZE 12a", {.size = true, .size_limit = 12}},
        {"SIZE 9\r\n", {.size = true, .size_limit = 9}},
        {"CHUNKING\r\n", {.chunking = true}},
        {"size7.example.org greets you", {0}}, /* names of servers */
        {"pipelining.example.org", {0}},
        {"VRFY", {0}},
        {"", {0}},
    };
    (void)state;
    for_each_row (i, cases, cases[i].line) {
        struct nl_extensions offered = offers(cases[i].line);
        assert_int_equal(offered.pipelining, cases[i].offered.pipelining);
        assert_int_equal(offered.chunking, cases[i].offered.chunking);
        assert_int_equal(offered.smtputf8, cases[i].offered.smtputf8);
        assert_int_equal(offered.eightbit, cases[i].offered.eightbit);
        assert_int_equal(offered.size, cases[i].offered.size);
        assert_int_equal(offered.size_limit, cases[i].offered.size_limit);
    }
    /* Digits without end do not wrap round to a small number. */
    struct nl_extensions huge = offers("SIZE 99999999999999999999999999999999");
    assert_true(huge.size_limit > SIZE_MAX / 200);
}

/* Only what somebody must change is permanent; a refusal for now is not. */
static void test_permanent(void **state) {
    static const struct {
        CURLcode code;
        int reply;
        bool permanent;
    } cases[] = {
        {CURLE_PEER_FAILED_VERIFICATION, 0, true}, {CURLE_SSL_CACERT_BADFILE, 0, true},
        {CURLE_SSL_ISSUER_ERROR, 0, true},         {CURLE_URL_MALFORMAT, 0, true},
        {CURLE_UNSUPPORTED_PROTOCOL, 0, true},     {CURLE_USE_SSL_FAILED, 0, true},
        {CURLE_USE_SSL_FAILED, 454, false},        {CURLE_USE_SSL_FAILED, 502, true},
        {CURLE_LOGIN_DENIED, 535, true},           {CURLE_LOGIN_DENIED, 454, false},
        {CURLE_LOGIN_DENIED, 399, true},           {CURLE_LOGIN_DENIED, 400, false},
        {CURLE_LOGIN_DENIED, 499, false},          {CURLE_LOGIN_DENIED, 500, true},
        {CURLE_COULDNT_CONNECT, 0, false},         {CURLE_OPERATION_TIMEDOUT, 0, false},
        {CURLE_WEIRD_SERVER_REPLY, 554, true},     {CURLE_WEIRD_SERVER_REPLY, 500, true},
        {CURLE_WEIRD_SERVER_REPLY, 499, false},    {CURLE_WEIRD_SERVER_REPLY, 600, false},
        {CURLE_WEIRD_SERVER_REPLY, 421, false},
    };
    (void)state;
    for_each_row (i, cases, curl_easy_strerror(cases[i].code))
        assert_int_equal(nl_ehlo_is_permanent(cases[i].code, cases[i].reply), cases[i].permanent);
}

static void test_advice(void **state) {
    static const struct {
        CURLcode code;
        const char *words;
    } cases[] = {
        {CURLE_SSL_CACERT_BADFILE, "smtp.ca_file"},
        {CURLE_USE_SSL_FAILED, "refuses STARTTLS"},
        {CURLE_LOGIN_DENIED, "login"},
        {CURLE_COULDNT_RESOLVE_HOST, "check smtp.host"},
        {CURLE_COULDNT_CONNECT, "smtp.port"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].words)
        assert_non_null(strstr(nl_ehlo_advice(cases[i].code), cases[i].words));
    assert_string_equal(nl_ehlo_advice(CURLE_GOT_NOTHING), "");
}

/* RFC 8460 section 4.3. */
static void test_result_types(void **state) {
    static const struct {
        CURLcode code;
        const char *detail, *type;
    } cases[] = {
        {CURLE_USE_SSL_FAILED, "expired", "starttls-not-supported"},
        {CURLE_PEER_FAILED_VERIFICATION, "certificate has Expired", "certificate-expired"},
        {CURLE_PEER_FAILED_VERIFICATION, "hostname mismatch", "certificate-host-mismatch"},
        {CURLE_PEER_FAILED_VERIFICATION, "the name does not match", "certificate-host-mismatch"},
        {CURLE_PEER_FAILED_VERIFICATION, "no local issuer", "certificate-not-trusted"},
        {CURLE_PEER_FAILED_VERIFICATION, "a self-signed one", "certificate-not-trusted"},
        {CURLE_PEER_FAILED_VERIFICATION, "a self signed one", "certificate-not-trusted"},
        {CURLE_SSL_CONNECT_ERROR, "no cipher", "validation-failure"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].detail)
        assert_string_equal(nl_tls_result_type(cases[i].code, cases[i].detail, NULL),
                            cases[i].type);
    assert_true(nl_tls_is_fault(CURLE_PEER_FAILED_VERIFICATION));
    assert_true(nl_tls_is_fault(CURLE_SSL_CONNECT_ERROR));
    assert_true(nl_tls_is_fault(CURLE_SSL_ISSUER_ERROR));
    assert_true(nl_tls_is_fault(CURLE_SSL_CERTPROBLEM));
    assert_true(nl_tls_is_fault(CURLE_SSL_CIPHER));
    assert_false(nl_tls_is_fault(CURLE_COULDNT_CONNECT));
    assert_false(nl_tls_is_fault(CURLE_USE_SSL_FAILED));
}

static void test_advice_about_tls(void **state) {
    static const struct {
        const char *error, *words;
    } cases[] = {
        {"tlsv1 alert Protocol Version", "no TLS 1.2"},
        {"unsupported version packet", "no TLS 1.2"},
        {"an unexpected TLS packet", "no TLS at this port"},
        {"wrong version number", "no TLS at this port"},
        {"handshake failure", "TLS cannot be started"},
    };
    const struct nl_tls *tls = NULL; /* it has no part in these */
    (void)state;
    for_each_row (i, cases, cases[i].error) {
        struct nl_buf out = {0};
        nl_tls_explain(tls, CURLE_SSL_CONNECT_ERROR, cases[i].error, "mx.example", 0, &out);
        assert_non_null(strstr(nl_buf_text(&out), cases[i].words));
        nl_buf_free(&out);
    }
}

#define GOOD "version: STSv1\nmode: enforce\nmax_age: 86400\nmx: mx.example.org\n"

static void test_a_policy(void **state) {
    static const struct {
        const char *text;
        enum nl_sts_mode mode;
        int64_t max_age;
        const char *hosts;
    } cases[] = {
        {GOOD, NL_STS_ENFORCE, 86400, "mx.example.org\n"},
        {"version: STSv1\r\nmode: testing\r\nmax_age: 60\r\nmx: a.b\r\n", NL_STS_TESTING, 60,
         "a.b\n"},
        {"version:STSv1\nmode \t: \t testing \t\nmax_age:59\nmx:a.b", NL_STS_TESTING, 60, "a.b\n"},
        {"version: STSv1\nmode: none\nmax_age: 0\n", NL_STS_NONE, 60, ""},
        {"version: STSv1\nmode: none\nmax_age: 31557600\n", NL_STS_NONE, 31557600, ""},
        {"version: STSv1\nmode: none\nmax_age: 31557601\n", NL_STS_NONE, 31557600, ""},
        {"version: STSv1\nmode: none\nmax_age: 9999999999\n", NL_STS_NONE, 31557600, ""},
        {GOOD "mode: none\nmax_age: 70\nversion: other\n", NL_STS_ENFORCE, 86400,
         "mx.example.org\n"}, /* a field counts where it first stands */
        {GOOD "mx: *.example.net\nmx: *\nmx: *.\nmx: .x\nmx: a b\nmx: a/b\nmx:\nmx: x_y-z.Q1\n",
         NL_STS_ENFORCE, 86400, "mx.example.org\n*.example.net\nx_y-z.Q1\n"},
        {"comment\n\n" GOOD "other: x\n", NL_STS_ENFORCE, 86400, "mx.example.org\n"},
        {"version: STSv2\n" GOOD, NL_STS_ENFORCE, 86400, "mx.example.org\n"},
        {"mode: enforced\nmax_age: 1x\nmax_age: 11111111111\n" GOOD, NL_STS_ENFORCE, 86400,
         "mx.example.org\n"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text) {
        struct nl_error err = {0};
        struct nl_sts_policy policy;
        assert_ok(nl_sts_policy_read(cases[i].text, &policy, &err));
        assert_int_equal(policy.mode, cases[i].mode);
        assert_int_equal(policy.max_age, cases[i].max_age);
        assert_string_equal(nl_buf_text(&policy.mail_hosts), cases[i].hosts);
        nl_sts_policy_free(&policy);
    }
}

static void test_no_policy(void **state) {
    static const struct {
        const char *text, *missing;
    } cases[] = {
        {"", "version"},
        {"version: STSv2\nmode: none\nmax_age: 60\n", "version"},
        {"version: STSv1\nmax_age: 60\nmx: a.b\n", "mode"},
        {"version: STSv1\nmode: enforce\nmx: a.b\n", "max_age"},
        {"version: STSv1\nmode: enforce\nmax_age:\nmx: a.b\n", "max_age"},
        {"version: STSv1\nmode: enforce\nmax_age: 60\n", "mx"},
        {"version: STSv1\nmode: testing\nmax_age: 60\n", "mx"},
        {"version: STSv1 x\nmode: none\nmax_age: 60\n", "version"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text) {
        struct nl_error err = {0};
        struct nl_sts_policy policy;
        assert_fails(nl_sts_policy_read(cases[i].text, &policy, &err), NL_DATA, cases[i].missing);
        nl_sts_policy_free(&policy);
    }
}

/* At most 64 hosts; names as long as DNS has them. */
static void test_bounds_of_a_policy(void **state) {
    struct nl_error err = {0};
    struct nl_sts_policy policy;
    struct nl_buf text = {0};
    size_t lines = 0;
    (void)state;
    nl_buf_adds(&text, "version: STSv1\nmode: enforce\nmax_age: 60\n");
    for (int i = 0; i < 70; i++)
        nl_buf_addf(&text, "mx: m%d.example\n", i);
    assert_ok(nl_sts_policy_read(nl_buf_text(&text), &policy, &err));
    for (const char *at = nl_buf_text(&policy.mail_hosts); (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, 64);
    assert_true(nl_sts_policy_names(&policy, "m0.example"));
    assert_true(nl_sts_policy_names(&policy, "m63.example"));
    assert_false(nl_sts_policy_names(&policy, "m64.example"));
    nl_sts_policy_free(&policy);
    nl_buf_free(&text);
}

static void test_patterns(void **state) {
    static const struct {
        const char *pattern, *host;
        bool names;
    } cases[] = {
        {"mx.example.org", "mx.example.org", true},   {"mx.example.org", "MX.Example.Org", true},
        {"mx.example.org", "mx.example.or", false},   {"mx.example.org", "a.mx.example.org", false},
        {"*.example.org", "mx.example.org", true},    {"*.example.org", "MX.EXAMPLE.ORG", true},
        {"*.example.org", "a.mx.example.org", false}, {"*.example.org", "example.org", false},
        {"*.example.org", "mx.example.net", false},   {"*.example.org", "mx", false},
    };
    (void)state;
    for_each_row (i, cases, cases[i].host)
        assert_int_equal(
            nl_sts_pattern_names(cases[i].pattern, strlen(cases[i].pattern), cases[i].host),
            cases[i].names);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_extensions),       cmocka_unit_test(test_permanent),
        cmocka_unit_test(test_advice),           cmocka_unit_test(test_result_types),
        cmocka_unit_test(test_advice_about_tls), cmocka_unit_test(test_a_policy),
        cmocka_unit_test(test_no_policy),        cmocka_unit_test(test_bounds_of_a_policy),
        cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
