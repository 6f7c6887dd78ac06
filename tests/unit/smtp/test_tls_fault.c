/* The words for a TLS connection that fails: in reports, and for those who look after the relay. */
#include "support.h"

#include "smtp/tls_fault.h"

#include <openssl/x509_vfy.h>

static void test_faults_of_tls(void **state) {
    static const struct {
        CURLcode code;
        bool tls;
    } rows[] = {
        {CURLE_OK, false},
        {CURLE_COULDNT_CONNECT, false},
        {CURLE_OPERATION_TIMEDOUT, false},
        {CURLE_LOGIN_DENIED, false},
        {CURLE_USE_SSL_FAILED, false},
        {CURLE_PEER_FAILED_VERIFICATION, true},
        {CURLE_SSL_CONNECT_ERROR, true},
        {CURLE_SSL_ISSUER_ERROR, true},
        {CURLE_SSL_CERTPROBLEM, true},
        {CURLE_SSL_CIPHER, true},
    };
    (void)state;
    for_each_row (i, rows, curl_easy_strerror(rows[i].code))
        assert_int_equal(nl_tls_is_fault(rows[i].code), rows[i].tls);
}

static void test_types_by_words(void **state) {
    static const struct {
        const char *detail, *type;
    } rows[] = {
        {"certificate has expired", "certificate-expired"},
        {"Certificate EXPIRED", "certificate-expired"},
        {"hostname mismatch", "certificate-host-mismatch"},
        {"name does not match", "certificate-host-mismatch"},
        {"SSL: no alternative certificate subject name matches target host name 'a'",
         "certificate-host-mismatch"},
        {"unable to get local issuer certificate", "certificate-not-trusted"},
        {"self-signed certificate", "certificate-not-trusted"},
        {"self signed certificate in chain", "certificate-not-trusted"},
        {"wrong version number", "validation-failure"},
        {"", "validation-failure"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].detail) {
        assert_string_equal(
            nl_tls_result_type(CURLE_PEER_FAILED_VERIFICATION, rows[i].detail, NULL), rows[i].type);
        assert_string_equal(nl_tls_result_type(CURLE_USE_SSL_FAILED, rows[i].detail, NULL),
                            "starttls-not-supported");
    }
}

/* The result that OpenSSL has found counts more than words. */
static void test_types_by_what_was_found(void **state) {
    static const struct {
        long result;
        const char *type;
    } rows[] = {
        {X509_V_ERR_HOSTNAME_MISMATCH, "certificate-host-mismatch"},
        {X509_V_ERR_IP_ADDRESS_MISMATCH, "certificate-host-mismatch"},
        {X509_V_ERR_CERT_HAS_EXPIRED, "certificate-expired"},
        {X509_V_ERR_CERT_NOT_YET_VALID, "certificate-expired"},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "certificate-not-trusted"},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "certificate-not-trusted"},
        {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "certificate-not-trusted"},
        {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "certificate-not-trusted"},
        {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "certificate-not-trusted"},
        {X509_V_ERR_CERT_REVOKED, "validation-failure"},
        {X509_V_OK, "validation-failure"},
    };
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    (void)state;
    assert_non_null(ssl);
    for_each_row (i, rows, rows[i].type) {
        SSL_set_verify_result(ssl, rows[i].result);
        assert_string_equal(nl_tls_result_type(CURLE_PEER_FAILED_VERIFICATION, "odd", ssl),
                            rows[i].type);
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
}

static void test_advice(void **state) {
    static const struct {
        const char *error, *advice;
    } rows[] = {
        {"tlsv1 alert protocol version", "it speaks no TLS 1.2 or newer"},
        {"unsupported version packet", "it speaks no TLS 1.2 or newer"},
        {"OpenSSL: Wrong Version Number", "there is no TLS at this port"},
        {"An unexpected TLS packet was received", "there is no TLS at this port"},
        {"handshake failure", "TLS cannot be started"},
        {"", "TLS cannot be started"},
    };
    struct nl_error err = {0};
    struct nl_tls *tls = NULL;
    const struct nl_smtp_server server = {.verify = false};
    (void)state;
    assert_ok(nl_tls_new(&server, &tls, &err));
    for_each_row (i, rows, rows[i].error) {
        struct nl_buf out = {0};
        nl_tls_explain(tls, CURLE_SSL_CONNECT_ERROR, rows[i].error, "mx.example", 0, &out);
        assert_non_null(strstr(nl_buf_text(&out), rows[i].advice));
        nl_buf_clear(&out);
        /* a certificate that nobody has seen */
        nl_tls_explain(tls, CURLE_PEER_FAILED_VERIFICATION, rows[i].error, "mx.example", 0, &out);
        assert_string_equal(nl_buf_text(&out),
                            ": its certificate is not trusted: name the authority in smtp.ca_file");
        nl_buf_clear(&out);
        nl_tls_explain(tls, CURLE_SSL_ISSUER_ERROR, rows[i].error, "mx.example", 0, &out);
        assert_non_null(strstr(nl_buf_text(&out), "is not trusted"));
        nl_buf_free(&out);
    }
    nl_tls_free(tls);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_of_tls),
        cmocka_unit_test(test_types_by_words),
        cmocka_unit_test(test_types_by_what_was_found),
        cmocka_unit_test(test_advice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
