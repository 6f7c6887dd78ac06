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
        cmocka_unit_test(test_odd_fields_are_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
