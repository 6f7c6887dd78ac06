#include "support.h"

#include "inbound/hook_proof.h"
#include "inbound/sns.h"
#include "newsletter/base/base64.h"
#include "newsletter/config/config.h"
#include "newsletter/inbound/hook.h"
#include "newsletter/inbound/provider.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

static struct nl_error err;

static void test_base64(void **state) {
    (void)state;
    static const struct {
        const char *text, *wanted; /* NULL: refused */
    } rows[] = {
        {"", NULL},           {"YQ==", "a"},        {"YWI=", "ab"},        {"YWJj", "abc"},
        {"YW\r\n Jj", "abc"}, {"YWJjZA==", "abcd"}, {"YQ=", NULL},         {"YQ", NULL},
        {"YQ===", NULL},      {"====", NULL},       {"Y===", NULL},        {"%%%%", NULL},
        {"YQ==YQ==", NULL},   {"YWJj!", NULL},      {"YWJ\xC3\xA9", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char *out = NULL;
        size_t len = 0;
        bool decoded =
            nl_base64_decode(rows[i].text, strlen(rows[i].text), NL_BASE64_PROOF, &out, &len);
        if (decoded != (rows[i].wanted != NULL))
            print_error("of \"%s\":\n", rows[i].text);
        assert_int_equal(decoded, rows[i].wanted != NULL);
        if (decoded) {
            assert_string_equal((char *)out, rows[i].wanted);
            assert_int_equal(len, strlen(rows[i].wanted));
        }
        free(out);
    }
}

static void test_logins(void **state) {
    (void)state;
    static const struct {
        const char *field;
        bool right;
    } rows[] = {
        {"Basic dXNlcjpzZWNyZXQ=", true},
        {"basic  dXNlcjpzZWNyZXQ=", true},
        {"Bearer secret", true},
        {"bearer secret", true},
        {NULL, false},
        {"", false},
        {"Basic", false},
        {"Basic ", false},
        {"Bearer ", false},
        {"Bearer secret ", false},
        {"Bearer Secret", false},
        {"Bearer user:secret", false},
        {"Basic c2VjcmV0", false},
        {"Basic dXNlcjpzZWNyZXR4", false},
        {"Basic dXNlcjpzZWNyZXQA", false},
        {"dXNlcjpzZWNyZXQ=", false},
        {"Digest dXNlcjpzZWNyZXQ=", false},
        {"Basic user:secret", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (nl_hook_login_is(rows[i].field, "user", "secret") != rows[i].right)
            fail_msg("%s", rows[i].field != NULL ? rows[i].field : "(none)");
}

/* The example that SendGrid's own libraries are tested with. */
static void test_sendgrids_own_example(void **state) {
    (void)state;
    static const char key_text[] =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/"
        "7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";
    static const char body[] =
        "[{\"email\":\"hello@world.com\",\"event\":\"dropped\",\"reason\":\"Bounced Address\","
        "\"sg_event_id\":\"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA\",\"sg_message_id\":"
        "\"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0\",\"smtp-"
        "id\":"
        "\"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>\",\"timestamp\":1600112492}]\r\n";
    struct nl_hook_report report = {
        .body = body,
        .len = sizeof body - 1,
        .signature = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+"
                     "luQAbPIqHh89M15TluLtEZtM=",
        .timestamp = "1600112502"};
    EVP_PKEY *key = NULL;
    assert_ok(nl_sendgrid_key(key_text, &key, &err));
    assert_ok(nl_sendgrid_verify(key, &report, 1600112502 + 60, 3600, &err));
    assert_int_equal(nl_sendgrid_verify(key, &report, 1600112502 + 3601, 3600, &err), NL_NOPERM);
    assert_int_equal(nl_sendgrid_verify(key, &report, 1600112502 - 600, 3600, &err), NL_NOPERM);
    report.len--;
    assert_int_equal(nl_sendgrid_verify(key, &report, 1600112502, 3600, &err), NL_NOPERM);
    EVP_PKEY_free(key);
    nl_error_free(&err);
}

/* Signs as Mailgun does. */
static void sign_mailgun(const char *timestamp, const char *token, char hex[NL_HEX_LEN]) {
    struct nl_buf text = {0};
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    nl_buf_addf(&text, "%s%s", timestamp, token);
    assert_non_null(HMAC(EVP_sha256(), "secret", 6, (const unsigned char *)nl_buf_text(&text),
                         text.len, mac, &len));
    for (unsigned i = 0; i < len; i++)
        snprintf(hex + (size_t)2 * i, 3, "%02x", mac[i]);
    nl_buf_free(&text);
}

static enum nl_status verify_mailgun(const char *format, const char *timestamp, const char *token,
                                     int64_t now) {
    char hex[NL_HEX_LEN];
    char *found = NULL;
    struct nl_buf body = {0};
    sign_mailgun(timestamp, token, hex);
    nl_buf_addf(&body, format, timestamp, token, hex);
    const struct nl_hook_report report = {.body = nl_buf_text(&body), .len = body.len};
    nl_error_free(&err);
    enum nl_status status = nl_mailgun_verify("secret", &report, now, 3600, &found, &err);
    if (status == NL_OK)
        assert_string_equal(found, token);
    else
        assert_null(found);
    free(found);
    nl_buf_free(&body);
    return status;
}

#define MAILGUN(fields) "{\"signature\":{" fields "}}"
#define TIME "\"timestamp\":\"%s\""
#define TOKEN "\"token\":\"%s\""
#define SIGNATURE "\"signature\":\"%s\""

/* Each of its members must be there; the time is a text, or a number as some libraries send it. */
static void test_mailgun(void **state) {
    static const char all[] = MAILGUN(TIME "," TOKEN "," SIGNATURE);
    static const struct {
        const char *format;
        enum nl_status status;
    } rows[] = {
        {all, NL_OK},
        {MAILGUN("\"timestamp\":%s," TOKEN "," SIGNATURE), NL_OK},
        {MAILGUN("\"x\":\"%s\"," TOKEN "," SIGNATURE), NL_NOPERM},
        {MAILGUN(TIME ",\"x\":\"%s\"," SIGNATURE), NL_NOPERM},
        {MAILGUN(TIME "," TOKEN ",\"x\":\"%s\""), NL_NOPERM},
        {MAILGUN(TIME "," TOKEN ",\"signature\":\"0%s\""), NL_NOPERM},
        {MAILGUN("\"timestamp\":\"1%s\"," TOKEN "," SIGNATURE), NL_NOPERM},
        {MAILGUN(TIME ",\"token\":\"1%s\"," SIGNATURE), NL_NOPERM},
        {"{\"x\":[\"%s\",\"%s\",\"%s\"]}", NL_NOPERM},
        {"%s %s %s", NL_DATA},
    };
    char token[300] = "";
    (void)state;
    for_each_row (i, rows, rows[i].format)
        assert_int_equal(verify_mailgun(rows[i].format, "1000000", "abc", 1000000), rows[i].status);
    assert_int_equal(verify_mailgun(all, "1000000", "abc", 1000000 + 3600), NL_OK);
    assert_int_equal(verify_mailgun(all, "1000000", "abc", 1000000 + 3601), NL_NOPERM);
    assert_int_equal(verify_mailgun(all, "1000000", "abc", 1000000 - NL_HOOK_AHEAD), NL_OK);
    assert_int_equal(verify_mailgun(all, "1000000", "abc", 1000000 - NL_HOOK_AHEAD - 1), NL_NOPERM);
    assert_int_equal(verify_mailgun(all, "soon", "abc", 1000000), NL_NOPERM);
    memset(token, 'a', 201);
    assert_int_equal(verify_mailgun(all, "1000000", token, 1000000), NL_NOPERM);
    token[200] = '\0';
    assert_int_equal(verify_mailgun(all, "1000000", token, 1000000), NL_OK);
    nl_error_free(&err);
}

static void test_urls_of_amazon(void **state) {
    (void)state;
    static const char here[] = "arn:aws:sns:eu-west-1:123456789012:bounces";
    static const char china[] = "arn:aws-cn:sns:cn-north-1:123456789012:bounces";
    static const struct {
        const char *topic, *url;
        bool good;
    } rows[] = {
        {here, "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem", true},
        {china, "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0a1b.pem", true},
        {china, "https://sns.cn-north-1.amazonaws.com/a.pem", false},
        {here, "https://sns.eu-west-1.amazonaws.com.cn/a.pem", false},
        {here, "https://sns.us-east-1.amazonaws.com/a.pem", false},
        {here, "http://sns.eu-west-1.amazonaws.com/a.pem", false},
        {here, "https://sns.eu-west-1.amazonaws.com:443/a.pem", false},
        {here, "https://sns.eu-west-1.amazonaws.com@example.org/a.pem", false},
        {here, "https://sns.eu-west-1.amazonaws.com.example.org/a.pem", false},
        {here, "https://sns.eu-west-1.amazonaws.com\\.example.org/a.pem", false},
        {here, "https://example.org/https://sns.eu-west-1.amazonaws.com/a.pem", false},
        {here, "https://sns.eu-west-1.amazonaws.com/a.pem?b", false},
        {here, "https://sns.eu-west-1.amazonaws.com/../a.pem", false},
        {here, "https://sns.eu-west-1.amazonaws.com/.pem", false},
        {here, "https://sns.eu-west-1.amazonaws.com/a.pem\n", false},
        {here, "", false},
        {"arn:aws:sqs:eu-west-1:1:x", "https://sns.eu-west-1.amazonaws.com/a.pem", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (nl_sns_is_certificate(rows[i].topic, rows[i].url) != rows[i].good)
            fail_msg("%s", rows[i].url);
    assert_true(nl_sns_is_authority("http://crt.r2m01.amazontrust.com/r2m01.cer"));
    assert_false(nl_sns_is_authority("http://amazontrust.com.example.org/r2m01.cer"));
    assert_false(nl_sns_is_authority("http://crt.r2m01.amazontrust.com:80/r2m01.cer"));
    assert_false(nl_sns_is_authority("http://x@crt.r2m01.amazontrust.com/r2m01.cer"));
    assert_false(nl_sns_is_authority("http://example.org/?.amazontrust.com/r2m01.cer"));
    assert_false(nl_sns_is_authority("file:///.amazontrust.com/r2m01.cer"));
}

/* Every provider has what `newsletter hooks` prints; a token is well within what Postmark returns.
 */
static void test_every_provider_has_its_guide(void **state) {
    (void)state;
    for (int64_t provider = NL_PROVIDER_NONE + 1; provider < NL_PROVIDERS; provider++) {
        const struct nl_provider_guide *guide = nl_provider_guide(provider);
        struct nl_buf field = {0};
        assert_non_null(guide->title);
        assert_non_null(guide->proof);
        assert_non_null(guide->events);
        assert_non_null(guide->steps[0]);
        assert_non_null(nl_provider_names[provider]);
        nl_provider_add_field(provider, "7.abcdefghijklmnop@newsletter", &field);
        assert_non_null(strstr(nl_buf_text(&field), "7.abcdefghijklmnop@newsletter"));
        assert_string_equal(field.data + field.len - 2, "\r\n");
        nl_buf_free(&field);
    }
    assert_null(nl_provider_names[NL_PROVIDERS]);
}

/* The constant lets the compiler see it where the header forbids NULL. */
static void test_a_request_without_a_login_is_a_strangers(void **state) {
    (void)state;
    const struct nl_hook_config config = {
        .name = (char *)"mine", .provider = NL_PROVIDER_OTHER, .secret_env = (char *)"HOOK_SECRET"};
    struct nl_hook *hook = NULL;
    setenv("HOOK_SECRET", "correct horse", 1);
    assert_int_equal(nl_hook_new(&config, &hook, &err), NL_OK);
    assert_false(nl_hook_knows(hook, NULL));
    assert_false(nl_hook_knows(hook, "Bearer wrong"));
    assert_true(nl_hook_knows(hook, "Bearer correct horse"));
    nl_hook_free(hook);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_a_request_without_a_login_is_a_strangers),
        cmocka_unit_test(test_sendgrids_own_example),
        cmocka_unit_test(test_mailgun),
        cmocka_unit_test(test_urls_of_amazon),
        cmocka_unit_test(test_every_provider_has_its_guide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
