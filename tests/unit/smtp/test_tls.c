/* TLS with a relay and with mail hosts: which certificates are accepted, and what is said of the
 * others. */
#include "smtp/made_server.h"

#include "smtp/connection.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { DAY = 86400 };

static const char offers[] = "250-made\r\n250 STARTTLS\r\n";

/* ---- certificates ---- */

static EVP_PKEY *key; /* of all of them: whose they are does not matter here */

struct wanted {
    const char *issuer, *field, *subject; /* "CN" or "O" of both; issuer NULL: itself */
    const char *names;                    /* subjectAltName; NULL: none */
    int from, until;                      /* days from now */
};

static void add_name(X509_NAME *out, const char *field, const char *text) {
    if (text[0] != '\0')
        assert_int_equal(X509_NAME_add_entry_by_txt(out, field, MBSTRING_ASC,
                                                    (const unsigned char *)text, -1, -1, 0),
                         1);
}

static X509 *make_certificate(const struct wanted *wanted, bool authority) {
    X509 *made = X509_new();
    X509V3_CTX ctx;
    static long serial;
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made), (long)wanted->from * DAY);
    X509_gmtime_adj(X509_getm_notAfter(made), (long)wanted->until * DAY);
    X509_set_pubkey(made, key);
    add_name(X509_get_subject_name(made), "CN", wanted->subject);
    add_name(X509_get_issuer_name(made), wanted->issuer != NULL ? wanted->field : "CN",
             wanted->issuer != NULL ? wanted->issuer : wanted->subject);
    X509V3_set_ctx(&ctx, made, made, NULL, NULL, 0);
    if (wanted->names != NULL) {
        X509_EXTENSION *names =
            X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, wanted->names);
        X509_add_ext(made, names, -1);
        X509_EXTENSION_free(names);
    }
    if (authority) {
        X509_EXTENSION *basic =
            X509V3_EXT_conf_nid(NULL, &ctx, NID_basic_constraints, "critical,CA:TRUE");
        X509_add_ext(made, basic, -1);
        X509_EXTENSION_free(basic);
    }
    assert_true(X509_sign(made, key, EVP_sha256()) > 0);
    return made;
}

/* ---- the server ---- */

static struct made_route route;
static char ca_file[] = "/tmp/newsletter-unit-ca-XXXXXX";

static int set_up(void **state) {
    (void)state;
    const struct wanted authority = {.subject = "Our CA", .from = -100, .until = 100};
    route = (struct made_route){.encrypted = true};
    key = EVP_EC_gen("P-256");
    X509 *own = make_certificate(&authority, true);
    snprintf(ca_file, sizeof ca_file, "/tmp/newsletter-unit-ca-XXXXXX");
    FILE *out = fdopen(mkstemp(ca_file), "w");
    assert_non_null(out);
    PEM_write_X509(out, own);
    fclose(out);
    X509_free(own);
    route.settings = (struct nl_smtp_server){.verify = true, .ca_file = ca_file};
    route.config.direct.ca_file = ca_file;
    return 0;
}

static int tear_down(void **state) {
    row_report(state);
    SSL_CTX *tls = route.server.tls;
    made_route_close(&route);
    SSL_CTX_free(tls);
    EVP_PKEY_free(key);
    unlink(ca_file);
    return 0;
}

/* A server with this certificate. */
static void serve(const struct wanted *wanted) {
    X509 *own = make_certificate(wanted, false);
    SSL_CTX_free(route.server.tls);
    route.server.tls = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(route.server.tls, own), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(route.server.tls, key), 1);
    X509_free(own);
    made_route_renew(&route, offers, NULL);
}

static void expect_words(const char *words) {
    if (strstr(route.event.text, words) == NULL)
        fail_msg("'%s' does not hold '%s'", route.event.text, words);
}

#define OURS .issuer = "Our CA", .field = "CN"
#define LIVES .from = -10, .until = 10
#define LOCAL .names = "IP:127.0.0.1"

/* ---- a relay ---- */

static void test_relay(void **state) {
    static const struct {
        struct wanted wanted;
        const char *words; /* NULL: it is accepted */
    } cases[] = {
        {{OURS, .subject = "a", LOCAL, LIVES}, NULL},
        {{OURS, .subject = "a", .names = "DNS:a.example,IP:127.0.0.1", LIVES}, NULL},
        {{OURS, .subject = "a", .names = "DNS:a.example,email:x@a.example,DNS:b.example", LIVES},
         ": its certificate is for a.example, b.example, not for 127.0.0.1: set smtp.host"},
        {{OURS, .subject = "a", .names = "IP:192.0.2.1", LIVES}, " is for 192.0.2.1, not for "},
        {{OURS, .subject = "a", .names = "IP:2001:db8::1", LIVES}, " is for an IPv6 address, not"},
        {{OURS, .subject = "a", .names = "DNS:a b", LIVES}, " is for a?b, not for "},
        {{OURS, .subject = "cn.example", LIVES}, " is for cn.example, not for 127.0.0.1"},
        {{OURS, .subject = "", LIVES}, " is for no name at all, not for 127.0.0.1"},
        {{.subject = "a", LOCAL, LIVES}, ": its certificate is self-signed and so not trusted"},
        {{.subject = "a", .names = "DNS:a.example", LIVES},
         ", not for 127.0.0.1: set smtp.host to the name in the certificate; and it is not "
         "trusted: its certificate is self-signed"},
        {{.issuer = "Other CA", .field = "CN", .subject = "a", LOCAL, LIVES},
         ": its certificate was issued by an authority that is not trusted here, Other CA: name"},
        {{.issuer = "Org", .field = "O", .subject = "a", LOCAL, LIVES}, " trusted here, Org: name"},
        {{.issuer = "", .field = "O", .subject = "a", LOCAL, LIVES},
         " trusted here, an authority without a name: name"},
        {{OURS, .subject = "a", LOCAL, .from = -10, .until = -1}, ": its certificate expired on 2"},
        {{OURS, .subject = "a", LOCAL, .from = 2, .until = 10},
         ": its certificate is not valid before 2"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].words) {
        serve(&cases[i].wanted);
        assert_true(nl_transport_connect(route.transport));
        if (cases[i].words == NULL) {
            made_route_until_open(&route, 1);
            assert_string_equal(nl_transport_leg(route.transport, 0)->tls, "TLSv1.3");
            assert_string_not_equal(nl_transport_leg(route.transport, 0)->cipher, "");
            made_route_begin(&route, 0, 7);
            made_route_end(&route, 0, 7);
        } else {
            made_route_expect(&route, NL_TRANSPORT_REFUSED);
            assert_int_equal(route.event.stage, NL_STAGE_STARTTLS);
            assert_true(route.event.permanent);
            expect_words(cases[i].words);
        }
    }
}

/* The day is told at which it expired, or will be valid. */
static void test_days(void **state) {
    (void)state;
    for (int early = 0; early < 2; early++) {
        const struct wanted wanted = {OURS, .subject = "a", LOCAL, .from = early ? 3 : -9,
                                      .until = early ? 9 : -3};
        time_t at = time(NULL) + (early ? 3 : -3) * DAY;
        struct tm utc;
        char day[16];
        gmtime_r(&at, &utc);
        strftime(day, sizeof day, " %Y-%m-%d", &utc);
        serve(&wanted);
        assert_true(nl_transport_connect(route.transport));
        made_route_expect(&route, NL_TRANSPORT_REFUSED);
        expect_words(day);
        expect_words(early ? ": check this machine's clock"
                           : ": its operator must renew it (or this machine's clock is wrong)");
    }
}

/* Without verification any will do; an old version does not. */
static void test_other_settings(void **state) {
    const struct wanted own = {.subject = "a", LIVES};
    (void)state;
    route.settings = (struct nl_smtp_server){0};
    serve(&own);
    made_route_connect(&route, 0, NULL);
    assert_string_equal(nl_transport_leg(route.transport, 0)->tls, "TLSv1.3");
    serve(&own);
    SSL_CTX_set_max_proto_version(route.server.tls, TLS1_2_VERSION);
    made_route_connect(&route, 0, NULL);
    assert_string_equal(nl_transport_leg(route.transport, 0)->tls, "TLSv1.2");
    /* TLS from the first byte, at a port without. */
    route.settings.security = NL_SMTP_TLS;
    made_route_renew(&route, offers, NULL);
    assert_true(nl_transport_connect(route.transport));
    made_route_expect(&route, NL_TRANSPORT_REFUSED);
    expect_words(": there is no TLS at this port: check smtp.port and smtp.security");
}

/* Further connections resume the session of the first, and read what came with it. */
static void test_resumed(void **state) {
    const struct wanted wanted = {OURS, .subject = "a", LOCAL, LIVES};
    (void)state;
    serve(&wanted);
    for (size_t i = 0; i < 2; i++) {
        made_route_connect(&route, 0, NULL);
        assert_int_equal(SSL_session_reused(route.transport->connections[i].link.ssl), i);
        made_route_begin(&route, i, 7);
        made_route_end(&route, i, 7);
    }
}

/* A file of authorities that there is none of, or that holds none. */
static void test_authorities(void **state) {
    struct nl_error err = {0};
    struct nl_relay *relay = NULL;
    (void)state;
    made_route_renew(&route, offers, NULL);
    route.config.relays[0].ca_file = (char *)"/nowhere/ca.pem";
    assert_fails(nl_relay_new(&route.config, NULL, &relay, &err), NL_CONFIG,
                 "ca_file /nowhere/ca.pem cannot be read");
    route.config.relays[0].ca_file = (char *)"/dev/null";
    assert_fails(nl_relay_new(&route.config, NULL, &relay, &err), NL_CONFIG,
                 "ca_file /dev/null holds no certificate");
}

/* ---- mail hosts ---- */

/* A host of recipients has to show nothing, or its name by MTA-STS. */
static void test_hosts(void **state) {
    static const struct {
        struct wanted wanted;
        enum nl_host_tls demand;
        const char *failure; /* NULL: it is accepted, with TLS */
    } cases[] = {
        {{.subject = "a", LIVES}, NL_HOST_TLS_IF_OFFERED, NULL},
        {{.subject = "a", .from = -9, .until = -3}, NL_HOST_TLS_IF_OFFERED, NULL},
        {{.subject = "a", LIVES}, NL_HOST_TLS_ALWAYS, NULL},
        {{OURS, .subject = "a", .names = "DNS:mx.example", LIVES}, NL_HOST_TLS_NAMED, NULL},
        {{OURS, .subject = "a", .names = "DNS:other.example", LIVES},
         NL_HOST_TLS_NAMED,
         "certificate-host-mismatch"},
        {{OURS, .subject = "a", .names = "DNS:mx.example", .from = -9, .until = -3},
         NL_HOST_TLS_NAMED,
         "certificate-expired"},
        {{.issuer = "Other CA", .field = "CN", .subject = "a", .names = "DNS:mx.example", LIVES},
         NL_HOST_TLS_NAMED,
         "certificate-not-trusted"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].failure) {
        serve(&cases[i].wanted);
        size_t host = made_route_add_host(&route, cases[i].demand, "127.0.0.1");
        assert_true(nl_transport_connect_to(route.transport, host, NULL));
        if (cases[i].failure == NULL) {
            made_route_until_open(&route, 1);
            assert_string_equal(nl_transport_leg(route.transport, 0)->tls, "TLSv1.3");
            assert_string_equal(nl_transport_leg(route.transport, 0)->policy,
                                cases[i].demand == NL_HOST_TLS_NAMED ? "MTA-STS" : "");
            assert_string_equal(nl_relay_tls_failure(route.relay, host), "");
        } else {
            made_route_expect(&route, NL_TRANSPORT_REFUSED);
            assert_string_equal(route.event.tls_failure, cases[i].failure);
            expect_words(": the domain's MTA-STS policy (RFC 8461) demands TLS");
        }
        assert_int_equal(route.server.accepted, 1);
    }
}

/* "3 1 1" and the digest of the key. */
static void test_dane(void **state) {
    const struct wanted wanted = {.subject = "a", LIVES};
    unsigned char *encoded = NULL;
    unsigned char digest[32];
    char tlsa[80] = "3 1 1 ";
    (void)state;
    int len = i2d_PUBKEY(key, &encoded);
    assert_int_equal(EVP_Digest(encoded, (size_t)len, digest, NULL, EVP_sha256(), NULL), 1);
    OPENSSL_free(encoded);
    for (int wrong = 0; wrong < 2; wrong++) {
        digest[0] ^= (unsigned char)wrong;
        for (size_t i = 0; i < sizeof digest; i++)
            snprintf(tlsa + 6 + 2 * i, 3, "%02x", digest[i]);
        serve(&wanted);
        size_t host = made_route_add_dane_host(&route, tlsa);
        assert_true(nl_transport_connect_to(route.transport, host, NULL));
        if (!wrong) {
            made_route_until_open(&route, 1);
            assert_string_equal(nl_transport_leg(route.transport, 0)->policy, "DANE");
        } else {
            made_route_expect(&route, NL_TRANSPORT_REFUSED);
            assert_string_equal(route.event.tls_failure, "validation-failure");
            expect_words(": its TLSA records (DANE, RFC 7672) demand TLS with the certificate");
        }
    }
}

#define tls_test(test)                                                                             \
    { #test, test, set_up, tear_down, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        tls_test(test_relay),   tls_test(test_days),        tls_test(test_other_settings),
        tls_test(test_resumed), tls_test(test_authorities), tls_test(test_hosts),
        tls_test(test_dane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
