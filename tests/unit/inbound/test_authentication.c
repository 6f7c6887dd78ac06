/* Authentication-Results: whose count, and what they say. */
#include "newsletter/inbound/seed.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

static void check(const char *header, const char *authserv_id, const char *expected) {
    struct nl_authentication out;
    char text[1024];
    nl_authentication_read(header, strlen(header), authserv_id, &out);
    snprintf(text, sizeof text, "%s spf=%s dkim=%s dmarc=%s %s", out.authserv_id, out.spf, out.dkim,
             out.dmarc, out.dkim_domain);
    assert_string_equal(text, expected);
}

static void test_results_are_read(void **state) {
    (void)state;
    check("Authentication-Results: mx.example; spf=pass smtp.mailfrom=a@b; dkim=fail (no; key) "
          "header.d=a.example;\r\n dmarc=none\r\n\r\n",
          NULL, "mx.example spf=pass dkim=fail dmarc=none a.example");
    check("authentication-results: MX.example 1; SPF/1 = SoftFail\n\n", NULL,
          "mx.example spf=softfail dkim= dmarc= ");
    check("Authentication-Results: mx.example; none\r\n\r\n", NULL,
          "mx.example spf= dkim= dmarc= ");
    check("Authentication-Results: (a (nested \\) one)) \"mx.example\"; dkim=pass reason=\"x; "
          "dmarc=fail\" header.d=b\r\n\r\n",
          NULL, "mx.example spf= dkim=pass dmarc= b");
}

static void test_one_signature_that_passes_is_enough(void **state) {
    (void)state;
    check("Authentication-Results: mx; dkim=neutral header.d=a; dkim=pass header.d=b; dkim=fail "
          "header.d=c\r\n\r\n",
          NULL, "mx spf= dkim=pass dmarc= b");
}

static void test_only_the_own_server_counts(void **state) {
    static const char header[] = "Delivered-To: a\r\n"
                                 "Authentication-Results: mx.example; dkim=fail\r\n"
                                 "Authentication-Results: other.example; dmarc=pass\r\n"
                                 "Authentication-Results: mx.example; spf=pass\r\n"
                                 "Received: from x\r\n"
                                 "Authentication-Results: mx.example; dmarc=pass; dkim=pass\r\n\r\n"
                                 "Authentication-Results: mx.example; dmarc=pass\r\n";
    (void)state;
    check(header, NULL, "mx.example spf=pass dkim=fail dmarc= ");
    check(header, "OTHER.example", "other.example spf= dkim= dmarc=pass ");
    check(header, "third.example", " spf= dkim= dmarc= ");
}

/* Comments and quotes: each sign that means something in them, where it does and where it does not.
 */
static void test_comments_and_quotes(void **state) {
    static const struct {
        const char *field, *expected;
    } rows[] = {
        {"mx; dkim=pass (a) header.d=b", "mx spf= dkim=pass dmarc= b"},
        {"mx; dkim=pass (a(b)c) header.d=b", "mx spf= dkim=pass dmarc= b"},
        {"mx; dkim=pass (a\\)b) header.d=b", "mx spf= dkim=pass dmarc= b"},
        {"mx; dkim=pass (a\\(b) header.d=b", "mx spf= dkim=pass dmarc= b"},
        {"mx; dkim=pass (a\\\\) header.d=b", "mx spf= dkim=pass dmarc= b"},
        {"mx; dkim=pass (a) b) header.d=b", "mx spf= dkim=pass dmarc= b"},
        {"mx; dkim=pass (a(b) header.d=b", "mx spf= dkim=pass dmarc= "},
        {"mx; dkim=pass (a\\", "mx spf= dkim=pass dmarc= "},
        {"mx; dkim=pass (a) ; spf=fail", "mx spf=fail dkim=pass dmarc= "},
        {"mx; dkim=(a)pass", "mx spf= dkim=pass dmarc= "},
        {"mx; dkim (a) = (b) pass", "mx spf= dkim=pass dmarc= "},
        {"mx; dkim=pass x=\"a b\" header.d=b", "mx spf= dkim=pass dmarc= b"},
        {"mx; dkim=pass x=\"a\\\" b\" header.d=b", "mx spf= dkim=pass dmarc= b"},
        {"mx; dkim=pass x=\"a; spf=fail\" header.d=b", "mx spf= dkim=pass dmarc= b"},
        {"mx; dkim=pass x=\"a(b\" header.d=b", "mx spf= dkim=pass dmarc= b"},
        {"mx; dkim=pass header.d=\"b c\"", "mx spf= dkim=pass dmarc= b_c"},
        {"mx; dkim=pass header.d=\"b", "mx spf= dkim=pass dmarc= b__"},
        {"mx; dkim=pass header.d=", "mx spf= dkim=pass dmarc= "},
        {"mx; dkim=pass header.dd=b", "mx spf= dkim=pass dmarc= "},
        {"mx; dkim=pass HEADER.D=B", "mx spf= dkim=pass dmarc= b"},
        {"mx; dkim=pass header.d=a header.d=b", "mx spf= dkim=pass dmarc= b"},
        {"mx; dkim=pass header.d=a\x01\x7f\xffz", "mx spf= dkim=pass dmarc= a???z"},
        {"mx; dkim=\tpass \r\n\t header.d=b", "mx spf= dkim=pass dmarc= b"},
        /* which methods and results */
        {"mx; dk=pass; dkimx=pass; xdkim=pass", "mx spf= dkim= dmarc= "},
        {"mx; spf=pass; spf=fail", "mx spf=pass dkim= dmarc= "},
        {"mx; dmarc/1=pass", "mx spf= dkim= dmarc=pass "},
        {"mx; dkim=fail header.d=a; dkim=neutral header.d=b", "mx spf= dkim=fail dmarc= a"},
        {"mx; dkim=pass header.d=a; dkim=pass header.d=b", "mx spf= dkim=pass dmarc= a"},
        {"mx;spf=pass;dkim=pass", "mx spf=pass dkim=pass dmarc= "},
        {" mx ; spf=pass", "mx spf=pass dkim= dmarc= "},
        {"mx", "mx spf= dkim= dmarc= "},
    };
    (void)state;
    for_each_row (i, rows, rows[i].field) {
        char header[256];
        snprintf(header, sizeof header, "Authentication-Results: %s\r\n\r\n", rows[i].field);
        check(header, NULL, rows[i].expected);
    }
}

/* Long names are cut off, and so is a field of more than 16 KiB. */
static void test_long_fields(void **state) {
    static const struct {
        size_t blanks;
        const char *expected;
    } rows[] = {
        {1000, "mx spf=pass dkim= dmarc= "},
        {16384 - 14, "mx spf=pass dkim= dmarc= "},
        {16384, "mx spf= dkim= dmarc= "},
        {20000, "mx spf= dkim= dmarc= "},
    };
    (void)state;
    for_each_row (i, rows, NULL) {
        static char header[32768];
        snprintf(header, sizeof header, "Authentication-Results: mx;%*sspf=pass\r\n\r\n",
                 (int)rows[i].blanks, "");
        check(header, NULL, rows[i].expected);
    }
}

static void test_odd_fields_are_harmless(void **state) {
    static const char *const headers[] = {
        "",
        "\r\n",
        "Authentication-Results:",
        "Authentication-Results: ;;;===\r\n\r\n",
        "Authentication-Results: (((((\r\n\r\n",
        "Authentication-Results: ; dkim=fail\r\n\r\n",
        "Authentication-Results: (\\",
    };
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        check(headers[i], NULL, " spf= dkim= dmarc= ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results_are_read),
        cmocka_unit_test(test_one_signature_that_passes_is_enough),
        cmocka_unit_test(test_only_the_own_server_counts),
        cmocka_unit_test(test_comments_and_quotes),
        cmocka_unit_test(test_long_fields),
        cmocka_unit_test(test_odd_fields_are_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
