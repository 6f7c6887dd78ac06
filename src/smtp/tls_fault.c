#include "smtp/tls_fault.h"

#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { NAMES_LIMIT = 5, NAME_LENGTH = 100 };

bool nl_tls_is_fault(CURLcode code) {
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR ||
           code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_CERTPROBLEM ||
           code == CURLE_SSL_CIPHER;
}

const char *nl_tls_result_type(CURLcode code, const char *detail, const SSL *ssl) {
    if (code == CURLE_USE_SSL_FAILED)
        return "starttls-not-supported";
    switch (ssl != NULL ? SSL_get_verify_result(ssl) : X509_V_OK) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "certificate-host-mismatch";
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "certificate-expired";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return "certificate-not-trusted";
    default:
        break;
    }
    if (strcasestr(detail, "expired") != NULL)
        return "certificate-expired";
    if (strcasestr(detail, "mismatch") != NULL || strcasestr(detail, "does not match") != NULL ||
        strcasestr(detail, "no alternative certificate subject name") != NULL)
        return "certificate-host-mismatch";
    if (strcasestr(detail, "issuer") != NULL || strcasestr(detail, "self-signed") != NULL ||
        strcasestr(detail, "self signed") != NULL)
        return "certificate-not-trusted";
    return "validation-failure";
}

/* Names come from strangers: only printable ASCII is shown. */
static void add_name(const char *text, size_t len, struct nl_buf *out) {
    for (size_t i = 0; i < len && i < NAME_LENGTH; i++)
        nl_buf_addc(out, text[i] > 0x20 && text[i] < 0x7f ? text[i] : '?');
}

static void add_alternative_name(const GENERAL_NAME *name, struct nl_buf *out) {
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    const unsigned char *data = ASN1_STRING_get0_data(value);
    if (type == GEN_DNS)
        add_name((const char *)data, (size_t)ASN1_STRING_length(value), out);
    else if (ASN1_STRING_length(value) == 4)
        nl_buf_addf(out, "%d.%d.%d.%d", data[0], data[1], data[2], data[3]);
    else
        nl_buf_adds(out, "an IPv6 address");
}

/* The names that a certificate is for: its subjectAltName (RFC 6125 section 6.4). */
static void add_names(X509 *certificate, struct nl_buf *out) {
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int shown = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && shown < NAMES_LIMIT; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS && name->type != GEN_IPADD)
            continue;
        nl_buf_adds(out, shown++ > 0 ? ", " : "");
        add_alternative_name(name, out);
    }
    char common[NAME_LENGTH] = "";
    if (shown == 0 && X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                                common, sizeof common) > 0)
        add_name(common, strlen(common), out);
    else if (shown == 0)
        nl_buf_adds(out, "no name at all");
    GENERAL_NAMES_free(names);
}

static void add_issuer(const X509 *certificate, struct nl_buf *out) {
    const X509_NAME *issuer = X509_get_issuer_name(certificate);
    static const int fields[] = {NID_commonName, NID_organizationName};
    for (size_t i = 0; i < 2; i++) {
        int at = X509_NAME_get_index_by_NID(issuer, fields[i], -1);
        if (at < 0)
            continue;
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(issuer, at));
        const char *text = (const char *)ASN1_STRING_get0_data(value);
        for (int j = 0; j < ASN1_STRING_length(value) && j < NAME_LENGTH; j++)
            nl_buf_addc(out, text[j] >= 0x20 && text[j] < 0x7f ? text[j] : '?');
        return;
    }
    nl_buf_adds(out, "an authority without a name");
}

static void add_day(const ASN1_TIME *time, struct nl_buf *out) {
    struct tm day = {0};
    if (ASN1_TIME_to_tm(time, &day) == 1)
        nl_buf_addf(out, "%04d-%02d-%02d", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
}

/* A certificate of the chain that is not valid at this time. */
static bool explain_time(const STACK_OF(X509) * chain, int64_t now, struct nl_buf *out) {
    time_t at = (time_t)now;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        const X509 *one = sk_X509_value(chain, i);
        const ASN1_TIME *from = X509_get0_notBefore(one);
        const ASN1_TIME *until = X509_get0_notAfter(one);
        bool expired = X509_cmp_time(until, &at) < 0;
        bool early = X509_cmp_time(from, &at) > 0;
        const char *which = i == 0 ? "its certificate" : "a certificate of its issuer";
        if (expired || early) {
            nl_buf_addf(out, ": %s %s ", which, expired ? "expired on" : "is not valid before");
            add_day(expired ? until : from, out);
            nl_buf_adds(out, expired ? ": its operator must renew it (or this machine's clock is "
                                       "wrong)"
                                     : ": check this machine's clock");
        }
        if (expired || early)
            return true;
    }
    return false;
}

static bool explain_name(X509 *own, const char *host, struct nl_buf *out) {
    if (X509_check_host(own, host, 0, 0, NULL) == 1 || X509_check_ip_asc(own, host, 0) == 1)
        return false;
    nl_buf_adds(out, ": its certificate is for ");
    add_names(own, out);
    nl_buf_addf(out, ", not for %s: set smtp.host to the name in the certificate", host);
    return true;
}

static void explain_authority(X509 *own, struct nl_buf *out) {
    bool self_signed = X509_NAME_cmp(X509_get_subject_name(own), X509_get_issuer_name(own)) == 0;
    if (self_signed) {
        nl_buf_adds(out, ": its certificate is self-signed and so not trusted: get the certificate "
                         "from its operator and name it in smtp.ca_file");
        return;
    }
    nl_buf_adds(out, ": its certificate was issued by an authority that is not trusted here, ");
    add_issuer(own, out);
    nl_buf_adds(out, ": name that authority's certificate in smtp.ca_file");
}

/* The authority is checked first, and the name after it. */
static void explain_certificate(const struct nl_tls *tls, const char *host, int64_t now,
                                struct nl_buf *out) {
    bool trusted = false;
    const STACK_OF(X509) *chain = nl_tls_chain(tls, &trusted);
    X509 *own = sk_X509_num(chain) > 0 ? sk_X509_value(chain, 0) : NULL;
    bool explained = explain_time(chain, now, out);
    if (own != NULL && (trusted || !explained)) {
        bool other_name = explain_name(own, host, out);
        if (!trusted && !explained) {
            if (other_name)
                nl_buf_adds(out, "; and it is not trusted");
            explain_authority(own, out);
        }
    } else if (!explained) {
        nl_buf_adds(out, ": its certificate is not trusted: name the authority in smtp.ca_file");
    }
}

void nl_tls_explain(const struct nl_tls *tls, CURLcode code, const char *error, const char *host,
                    int64_t now, struct nl_buf *out) {
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR)
        explain_certificate(tls, host, now, out);
    else if (strcasestr(error, "protocol version") != NULL ||
             strcasestr(error, "unsupported version packet") != NULL)
        nl_buf_adds(out, ": it speaks no TLS 1.2 or newer: its operator must update it");
    else if (strcasestr(error, "unexpected TLS packet") != NULL ||
             strcasestr(error, "wrong version number") != NULL)
        nl_buf_adds(out, ": there is no TLS at this port: check smtp.port and smtp.security "
                         "(starttls: mostly port 587; tls: port 465)");
    else
        nl_buf_adds(out, ": TLS cannot be started: check smtp.port and smtp.security, and that the "
                         "server offers TLS 1.2 or newer");
}
