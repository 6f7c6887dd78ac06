/* The words for certificates that fail: the time, the name, the authority, in that order. The chain
 * is made; src/smtp/tls.c is replaced. */
#include "support.h"

#include "smtp/tls_fault.h"

#include <openssl/x509v3.h>

enum { NOW = 1800000000, DAY = 86400 }; /* 2027-01-15 */

static struct {
    STACK_OF(X509) * chain;
    bool trusted;
} made;
static const struct nl_tls *const tls = (const struct nl_tls *)(const void *)&made;

const STACK_OF(X509) * nl_tls_chain(const struct nl_tls *of, bool *trusted) {
    assert_ptr_equal(of, tls);
    *trusted = made.trusted;
    return made.chain;
}

struct certificate {
    const char *common,
        *issuer;       /* NULL: none; the issuer's organisation where it begins with "O=" */
    const char *names; /* subjectAltName, as OpenSSL's configuration has it */
    int from, until;   /* seconds from now */
};

static void add_name(X509_NAME *name, const char *text) {
    bool organisation = strncmp(text, "O=", 2) == 0;
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, organisation ? "O" : "CN", MBSTRING_UTF8,
                                   (const unsigned char *)text + (organisation ? 2 : 0), -1, -1, 0),
        1);
}

static X509 *make(const struct certificate *as) {
    X509 *out = X509_new();
    if (as->common != NULL)
        add_name(X509_get_subject_name(out), as->common);
    if (as->issuer != NULL)
        add_name(X509_get_issuer_name(out), as->issuer);
    if (as->names != NULL) {
        X509_EXTENSION *extension =
            X509V3_EXT_nconf_nid(NULL, NULL, NID_subject_alt_name, as->names);
        assert_non_null(extension);
        assert_int_equal(X509_add_ext(out, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(out), NOW + as->from));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(out), NOW + as->until));
    return out;
}

static void assert_words(const struct certificate *own, const struct certificate *issuer,
                         bool trusted, const char *host, const char *words) {
    struct nl_buf out = {0};
    made.trusted = trusted;
    made.chain = sk_X509_new_null();
    if (own != NULL)
        sk_X509_push(made.chain, make(own));
    if (issuer != NULL)
        sk_X509_push(made.chain, make(issuer));
    nl_tls_explain(tls, CURLE_PEER_FAILED_VERIFICATION, "expired", host, NOW, &out);
    assert_string_equal(nl_buf_text(&out), words);
    nl_buf_clear(&out);
    nl_tls_explain(tls, CURLE_SSL_ISSUER_ERROR, "", host, NOW, &out);
    assert_string_equal(nl_buf_text(&out), words);
    sk_X509_pop_free(made.chain, X509_free);
    nl_buf_free(&out);
}

/* ---- the time ---- */

static void test_times(void **state) {
    static const char EXPIRED[] =
        ": its certificate expired on 2027-01-14: its operator must renew "
        "it (or this machine's clock is wrong)";
    static const char EARLY[] =
        ": its certificate is not valid before 2027-01-16: check this machine's clock";
    static const char UNTRUSTED[] = ": its certificate was issued by an authority that is not "
                                    "trusted here, Root: name that authority's certificate in "
                                    "smtp.ca_file";
    static const struct {
        const char *name;
        struct certificate own;
        const char *words;
    } rows[] = {
        {"expired", {"mx", "Root", "DNS:mx.example", -9 * DAY, -DAY}, EXPIRED},
        {"early", {"mx", "Root", "DNS:mx.example", DAY, 9 * DAY}, EARLY},
        {"until now", {"mx", "Root", "DNS:mx.example", -DAY, 1}, UNTRUSTED},
        {"from now", {"mx", "Root", "DNS:mx.example", -1, DAY}, UNTRUSTED},
        /* A name that is wrong, too, is told once the time is right. */
        {"another name", {"mx", "Root", "DNS:other.example", -9 * DAY, -DAY}, EXPIRED},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name)
        assert_words(&rows[i].own, NULL, false, "mx.example", rows[i].words);
    const struct certificate good = {"mx", "Root", "DNS:mx.example", -DAY, DAY};
    const struct certificate old = {"Root", "Root", NULL, -9 * DAY, -DAY};
    assert_words(&good, &old, false, "mx.example",
                 ": a certificate of its issuer expired on 2027-01-14: its operator must renew it "
                 "(or this machine's clock is wrong)");
}

/* ---- the name ---- */

#define NOT_FOR ", not for mx.example: set smtp.host to the name in the certificate"
#define LONG_50 "a2345678901234567890123456789012345678901234567890"

static void test_names(void **state) {
    static const struct {
        const char *common, *names, *words;
    } rows[] = {
        {"cn.example", "DNS:a.example", "a.example"},
        {"cn.example", "DNS:a.example,DNS:b.example", "a.example, b.example"},
        {"cn.example", NULL, "cn.example"},
        {"c n\x7f.example", NULL, "c?n?.example"},
        {NULL, NULL, "no name at all"},
        {"cn.example", "email:a@example.org", "cn.example"},
        {"cn.example", "email:a@example.org,DNS:a.example", "a.example"},
        {"cn.example", "IP:192.0.2.7", "192.0.2.7"},
        {"cn.example", "IP:2001:db8::7", "an IPv6 address"},
        {"cn.example", "DNS:a.example,IP:192.0.2.7", "a.example, 192.0.2.7"},
        {"cn.example",
         "DNS:1.example,DNS:2.example,DNS:3.example,DNS:4.example,DNS:5.example,DNS:6.example",
         "1.example, 2.example, 3.example, 4.example, 5.example"},
        {"cn.example", "DNS:" LONG_50 LONG_50, LONG_50 LONG_50},
        {"cn.example", "DNS:" LONG_50 LONG_50 "x", LONG_50 LONG_50},
    };
    (void)state;
    for_each_row (i, rows, rows[i].words) {
        const struct certificate own = {rows[i].common, "Root", rows[i].names, -DAY, DAY};
        struct nl_buf words = {0};
        nl_buf_addf(&words, ": its certificate is for %s" NOT_FOR, rows[i].words);
        assert_words(&own, NULL, true, "mx.example", nl_buf_text(&words));
        nl_buf_free(&words);
    }
}

/* A trusted chain of the right name is no reason. */
static void test_the_right_name(void **state) {
    static const struct {
        const char *names, *host;
    } rows[] = {{"DNS:mx.example", "mx.example"},
                {"DNS:*.them.example", "mx.them.example"},
                {"IP:192.0.2.7", "192.0.2.7"},
                {"IP:2001:db8::7", "2001:db8::7"}};
    (void)state;
    for_each_row (i, rows, rows[i].names) {
        const struct certificate own = {"cn", "Root", rows[i].names, -DAY, DAY};
        assert_words(&own, NULL, true, rows[i].host, "");
    }
}

/* ---- the authority ---- */

static void test_authorities(void **state) {
    static const struct {
        const char *common, *issuer, *words;
    } rows[] = {
        {"mx", "mx",
         ": its certificate is self-signed and so not trusted: get the certificate from its "
         "operator and name it in smtp.ca_file"},
        {"mx", "Our Root",
         ": its certificate was issued by an authority that is not trusted here, Our Root: name "
         "that authority's certificate in smtp.ca_file"},
        {"mx", "O=Our\tOffice",
         ": its certificate was issued by an authority that is not trusted here, Our?Office: name "
         "that authority's certificate in smtp.ca_file"},
        {"mx", NULL,
         ": its certificate was issued by an authority that is not trusted here, an authority "
         "without a name: name that authority's certificate in smtp.ca_file"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].words) {
        const struct certificate own = {rows[i].common, rows[i].issuer, "DNS:mx.example", -DAY,
                                        DAY};
        struct nl_buf both = {0};
        assert_words(&own, NULL, false, "mx.example", rows[i].words);
        nl_buf_addf(&both,
                    ": its certificate is for mx.example, not for b.example: set smtp.host to the "
                    "name in the certificate; and it is not trusted%s",
                    rows[i].words);
        assert_words(&own, NULL, false, "b.example", nl_buf_text(&both));
        nl_buf_free(&both);
    }
    assert_words(NULL, NULL, false, "mx.example",
                 ": its certificate is not trusted: name the authority in smtp.ca_file");
}

/* ---- TLS that cannot be started ---- */

static void test_other_faults(void **state) {
    static const struct {
        const char *error, *words;
    } rows[] = {
        {"SSL: unsupported protocol version", "it speaks no TLS 1.2 or newer"},
        {"An UNSUPPORTED version packet was received", "it speaks no TLS 1.2 or newer"},
        {"An unexpected TLS packet was received", "there is no TLS at this port"},
        {"error:0A00010B:SSL routines::wrong version number", "there is no TLS at this port"},
        {"handshake failure", "TLS cannot be started: check smtp.port and smtp.security"},
        {"expired", "TLS cannot be started"},
    };
    (void)state;
    for_each_row (i, rows, rows[i].error) {
        struct nl_buf out = {0};
        nl_tls_explain(tls, CURLE_SSL_CONNECT_ERROR, rows[i].error, "mx.example", NOW, &out);
        assert_non_null(strstr(nl_buf_text(&out), rows[i].words));
        nl_buf_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),          cmocka_unit_test(test_names),
        cmocka_unit_test(test_the_right_name), cmocka_unit_test(test_authorities),
        cmocka_unit_test(test_other_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
