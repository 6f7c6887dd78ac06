#include "support.h"

#include "newsletter/smime/smime.h"

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

enum { NOW = 1800000000, DAY = 86400, COPIES = 6 };

/* Writes a certificate that signs itself, for press@example.org, and its key. */
static void make_files(const char *folder, EVP_PKEY *key, struct nl_config *config) {
    X509 *certificate = X509_new();
    X509_EXTENSION *address =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "email:press@example.org");
    struct nl_buf paths[2] = {{0}};
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    ASN1_TIME_set(X509_getm_notBefore(certificate), NOW - DAY);
    ASN1_TIME_set(X509_getm_notAfter(certificate), NOW + DAY);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"Press", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_set_pubkey(certificate, key);
    X509_add_ext(certificate, address, -1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    nl_buf_addf(&paths[0], "%s/certificate.pem", folder);
    nl_buf_addf(&paths[1], "%s/key.pem", folder);
    FILE *out = fopen(nl_buf_text(&paths[0]), "w");
    PEM_write_X509(out, certificate);
    fclose(out);
    out = fopen(nl_buf_text(&paths[1]), "w");
    PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
    fclose(out);
    chmod(nl_buf_text(&paths[1]), 0600);
    config->smime.certificate_file = nl_buf_take(&paths[0]);
    config->smime.key_file = nl_buf_take(&paths[1]);
    X509_EXTENSION_free(address);
    X509_free(certificate);
}

static void free_files(struct nl_config *config) {
    free(config->smime.certificate_file);
    free(config->smime.key_file);
}

/* Checks the mail with OpenSSL's own reader of S/MIME. */
static bool holds(const struct nl_buf *mail) {
    BIO *in = BIO_new_mem_buf(nl_buf_text(mail), (int)mail->len);
    BIO *content = NULL;
    CMS_ContentInfo *cms = SMIME_read_CMS(in, &content);
    bool good =
        cms != NULL && CMS_verify(cms, NULL, NULL, content, NULL, CMS_NO_SIGNER_CERT_VERIFY) == 1;
    CMS_ContentInfo_free(cms);
    BIO_free(content);
    BIO_free(in);
    return good;
}

static void compose(struct nl_buf *out, int number) {
    nl_buf_clear(out);
    nl_buf_adds(out, "Subject: News\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n"
                     "MIME-Version: 1.0\r\n\r\n");
    for (int i = 0; i < 100; i++)
        nl_buf_adds(out, "The same words for all.\r\n");
    nl_buf_addf(out, "You are reader %d.\r\n%s", number, number % 2 == 0 ? "\r\n\r\n" : "No end");
}

/* Copies that share a beginning, with one among them that does not. */
static void check_copies(const char *folder, EVP_PKEY *key) {
    struct nl_config config = {0};
    struct nl_error err = {0};
    struct nl_smime *smime = NULL;
    struct nl_buf mail = {0};
    struct nl_smime_content *known = nl_smime_content_new();
    make_files(folder, key, &config);
    assert_ok(nl_smime_open(&config, "Press@example.org", NOW, &smime, &err));
    for (int i = 0; i < COPIES; i++) {
        compose(&mail, i);
        if (i == 3)
            *strstr(mail.data + mail.len / 2, "words") = 'W';
        assert_ok(nl_smime_sign(smime, known, &mail, NOW + i, &err));
        assert_true(holds(&mail));
        assert_memory_equal(nl_buf_text(&mail), "Subject: News\r\nMIME-Version: 1.0\r\n", 34);
        mail.data[mail.len / 4]++;
        assert_false(holds(&mail));
    }
    compose(&mail, 0);
    assert_fails(nl_smime_sign(smime, known, &mail, NOW + 2 * DAY, &err), NL_CONFIG, "expired");
    nl_buf_clear(&mail);
    nl_buf_adds(&mail, "Subject: no end");
    assert_fails(nl_smime_sign(smime, known, &mail, NOW, &err), NL_INTERNAL, "header");
    nl_smime_content_free(known);
    nl_smime_close(smime);
    nl_buf_free(&mail);
    free_files(&config);
}

static void test_copies_of_rsa(void **state) {
    struct fixture *fixture = *state;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    check_copies(fixture->folder, key);
    EVP_PKEY_free(key);
}

static void test_copies_of_a_curve(void **state) {
    struct fixture *fixture = *state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    check_copies(fixture->folder, key);
    EVP_PKEY_free(key);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_copies_of_rsa, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_copies_of_a_curve, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
