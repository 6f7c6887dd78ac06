/* The certificate that a message of Amazon SNS is signed with: to whom it has to be made out, by
 * whom, when, and with which key. */
#include "support.h"

#include "inbound/sns.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { DAY = 86400 };

static const char here[] = "arn:aws:sns:eu-west-1:123456789012:bounces";
static EVP_PKEY *root_key, *link_key, *good_key, *short_key, *curve_key;
static char ca_file[64];

struct wanted {
    const char *issuer, *subject;
    const char *names; /* subjectAltName; NULL: none */
    EVP_PKEY *key, *signer;
    bool authority;
};

static void add_extension(X509 *to, int kind, const char *text) {
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, to, to, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, kind, text);
    X509_add_ext(to, extension, -1);
    X509_EXTENSION_free(extension);
}

static void add_name(X509_NAME *out, const char *text) {
    X509_NAME_add_entry_by_txt(out, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1, 0);
}

/* Appends a certificate that is valid from ten days ago to ten days from now. */
static void add(BIO *out, const struct wanted *wanted) {
    static long serial;
    X509 *made = X509_new();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made), -10L * DAY);
    X509_gmtime_adj(X509_getm_notAfter(made), 10L * DAY);
    X509_set_pubkey(made, wanted->key);
    add_name(X509_get_subject_name(made), wanted->subject);
    add_name(X509_get_issuer_name(made), wanted->issuer);
    if (wanted->names != NULL)
        add_extension(made, NID_subject_alt_name, wanted->names);
    if (wanted->authority)
        add_extension(made, NID_basic_constraints, "critical,CA:TRUE");
    assert_true(X509_sign(made, wanted->signer, EVP_sha256()) > 0);
    PEM_write_bio_X509(out, made);
    X509_free(made);
}

static int set_up(void **state) {
    (void)state;
    root_key = EVP_EC_gen("P-256");
    link_key = EVP_EC_gen("P-256");
    curve_key = EVP_EC_gen("P-256");
    good_key = EVP_RSA_gen(2048);
    short_key = EVP_RSA_gen(1024);
    snprintf(ca_file, sizeof ca_file, "/tmp/newsletter-unit-ca-XXXXXX");
    close(mkstemp(ca_file));
    BIO *out = BIO_new_file(ca_file, "w");
    add(out, &(struct wanted){"Root", "Root", NULL, root_key, root_key, true});
    BIO_free(out);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(link_key);
    EVP_PKEY_free(curve_key);
    EVP_PKEY_free(good_key);
    EVP_PKEY_free(short_key);
    unlink(ca_file);
    return 0;
}

/* The certificate, with its link to the authority or without; `words` NULL: it is accepted. */
static void expect(const struct wanted *own, bool with_link, const char *topic, int64_t now,
                   const char *words) {
    struct nl_error err = {0};
    EVP_PKEY *found = NULL;
    BIO *out = BIO_new(BIO_s_mem());
    char *pem = NULL;
    add(out, own);
    if (with_link)
        add(out, &(struct wanted){"Root", "Link", NULL, link_key, root_key, true});
    long len = BIO_get_mem_data(out, &pem);
    enum nl_status status = nl_sns_certificate(pem, (size_t)len, topic, ca_file, now, &found, &err);
    if (words == NULL) {
        assert_ok(status);
        assert_int_equal(EVP_PKEY_eq(found, own->key), 1);
        EVP_PKEY_free(found);
    } else {
        assert_null(found);
        assert_fails(status, NL_NOPERM, words);
    }
    BIO_free(out);
}

static void test_names(void **state) {
    static const char china[] = "arn:aws-cn:sns:cn-north-1:123456789012:bounces";
    static const struct {
        const char *topic, *name;
        bool good;
    } cases[] = {
        {here, "DNS:sns.amazonaws.com", true},
        {here, "DNS:sns.eu-west-1.amazonaws.com", true},
        {here, "DNS:sns-eu-west-1.amazonaws.com", true},
        {here, "DNS:sns-signing.eu-west-1.amazonaws.com", true},
        {here, "DNS:x.example,DNS:sns.amazonaws.com", true},
        {here, "DNS:sns.us-east-1.amazonaws.com", false},
        {here, "DNS:sns.eu-west-1.amazonaws.com.evil.example", false},
        {here, "DNS:amazonaws.com", false},
        {china, "DNS:sns.cn-north-1.amazonaws.com.cn", true},
        {china, "DNS:sns-cn-north-1.amazonaws.com.cn", true},
        {china, "DNS:sns-signing.cn-north-1.amazonaws.com.cn", true},
        {china, "DNS:sns.eu-west-1.amazonaws.com", false},
        {"no topic", "DNS:sns.amazonaws.com", false},
    };
    (void)state;
    for_each_row (i, cases, cases[i].name) {
        const struct wanted own = {"Link", "a", cases[i].name, good_key, link_key, false};
        expect(&own, true, cases[i].topic, time(NULL), cases[i].good ? NULL : "does not verify: ");
    }
}

static void test_chains(void **state) {
    static const char name[] = "DNS:sns.amazonaws.com";
    struct nl_error err = {0};
    EVP_PKEY *found = NULL;
    int64_t now = time(NULL);
    (void)state;
    const struct wanted good = {"Link", "a", name, good_key, link_key, false};
    expect(&good, true, here, now, NULL);
    expect(&good, true, here, now + (int64_t)9 * DAY, NULL);
    expect(&good, true, here, now + (int64_t)11 * DAY, "does not verify: certificate has expired");
    expect(&good, true, here, now - (int64_t)11 * DAY, "does not verify: certificate is not yet");
    expect(&good, false, here, now, "does not verify: unable to ");
    const struct wanted direct = {"Root", "a", name, good_key, root_key, false};
    expect(&direct, false, here, now, NULL);
    const struct wanted own = {"a", "a", name, good_key, good_key, false};
    expect(&own, false, here, now, "does not verify: self-signed certificate");
    const struct wanted forged = {"Link", "a", name, good_key, good_key, false};
    expect(&forged, true, here, now, "does not verify: ");
    const struct wanted short_one = {"Link", "a", name, short_key, link_key, false};
    expect(&short_one, true, here, now, ""); /* OpenSSL may refuse it before */
    const struct wanted curve = {"Link", "a", name, curve_key, link_key, false};
    expect(&curve, true, here, now, "the certificate holds no RSA key of 2048 bits");
    assert_fails(nl_sns_certificate("x", 1, here, ca_file, now, &found, &err), NL_NOPERM,
                 "there is no certificate at its SigningCertURL");
    assert_fails(nl_sns_certificate("x", 1, here, "/nowhere/ca.pem", now, &found, &err), NL_CONFIG,
                 "cannot read the authorities in /nowhere/ca.pem");
    assert_null(found);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_chains),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
