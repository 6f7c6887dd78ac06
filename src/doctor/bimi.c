/* BIMI: the logo that mail programs show next to our mail (draft-brand-indicators-for-message-
 * identification). */
#include "doctor/bimi_logo.h"
#include "doctor/checks.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

enum { LOGO_LIMIT = 256 * 1024, CERTIFICATE_LIMIT = 256 * 1024, WARN_SECONDS = 30 * 86400 };

#define find(doctor, level, ...)                                                                   \
    nl_findings_add((doctor)->out, NL_LEVEL_##level, "bimi", NULL, __VA_ARGS__)

/* ---- the logo ---- */

static void add_problem(const char *problem, void *ctx) {
    struct nl_buf *out = ctx;
    nl_buf_addf(out, "%s%s", out->len > 0 ? "; " : "", problem);
}

static enum nl_status examine_logo(struct nl_doctor *doctor, const char *url,
                                   struct nl_error *err) {
    struct nl_buf logo = {0};
    struct nl_buf problem = {0};
    struct nl_buf faults = {0};
    enum nl_status status = nl_doctor_fetch(doctor, url, LOGO_LIMIT, &logo, &problem, err);
    if (status == NL_OK && problem.len > 0) {
        find(doctor, ERROR, "the logo of BIMI cannot be fetched: %s", nl_buf_text(&problem));
    } else if (status == NL_OK) {
        nl_bimi_logo_check(nl_buf_text(&logo), logo.len, add_problem, &faults);
        if (faults.len > 0)
            find(doctor, ERROR, "the logo %s is not SVG Tiny PS, so nobody shows it: %s", url,
                 nl_buf_text(&faults));
        else
            find(doctor, GOOD, "the logo %s is SVG Tiny PS", url);
    }
    nl_buf_free(&logo);
    nl_buf_free(&problem);
    nl_buf_free(&faults);
    return status;
}

/* ---- the mark certificate ---- */

static bool is_for_marks(X509 *certificate) {
    static const char brand_indicator[] = "1.3.6.1.5.5.7.3.31";
    EXTENDED_KEY_USAGE *uses = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
    bool found = false;
    for (int i = 0; i < sk_ASN1_OBJECT_num(uses); i++) {
        char name[64];
        OBJ_obj2txt(name, sizeof name, sk_ASN1_OBJECT_value(uses, i), 1);
        found = found || strcmp(name, brand_indicator) == 0;
    }
    sk_ASN1_OBJECT_pop_free(uses, ASN1_OBJECT_free);
    return found;
}

static void judge_certificate(struct nl_doctor *doctor, const char *url, const char *domain,
                              X509 *certificate) {
    char date[16] = "";
    struct tm tm = {0};
    int64_t end = ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) == 1 ? timegm(&tm) : 0;
    int64_t now = nl_env_now(&nl_env_system);
    strftime(date, sizeof date, "%Y-%m-%d", &tm);
    if (!is_for_marks(certificate))
        find(doctor, ERROR, "%s is not a mark certificate (VMC or CMC)", url);
    else if (X509_check_host(certificate, domain, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) !=
             1)
        find(doctor, ERROR, "the mark certificate %s is not for %s", url, domain);
    else if (end < now)
        find(doctor, ERROR, "the mark certificate %s expired on %s: get a new one", url, date);
    else if (end - now < WARN_SECONDS)
        find(doctor, WARNING, "the mark certificate %s expires on %s: get a new one", url, date);
    else
        find(doctor, GOOD, "the mark certificate %s is for %s, until %s", url, domain, date);
}

static enum nl_status examine_certificate(struct nl_doctor *doctor, const char *url,
                                          const char *domain, struct nl_error *err) {
    struct nl_buf pem = {0};
    struct nl_buf problem = {0};
    enum nl_status status = nl_doctor_fetch(doctor, url, CERTIFICATE_LIMIT, &pem, &problem, err);
    BIO *bio = status == NL_OK && problem.len == 0 && pem.len > 0
                   ? BIO_new_mem_buf(pem.data, (int)pem.len)
                   : NULL;
    X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    if (status == NL_OK && problem.len > 0)
        find(doctor, ERROR, "the mark certificate of BIMI cannot be fetched: %s",
             nl_buf_text(&problem));
    else if (status == NL_OK && certificate == NULL)
        find(doctor, ERROR, "%s holds no certificate in PEM", url);
    else if (status == NL_OK)
        judge_certificate(doctor, url, domain, certificate);
    ERR_clear_error();
    X509_free(certificate);
    BIO_free(bio);
    nl_buf_free(&pem);
    nl_buf_free(&problem);
    return status;
}

/* ---- the record ---- */

static enum nl_status judge_record(struct nl_doctor *doctor, const char *domain, const char *record,
                                   struct nl_error *err) {
    struct nl_buf logo = {0};
    struct nl_buf certificate = {0};
    enum nl_status status = NL_OK;
    nl_tag_value(record, "l", &logo);
    nl_tag_value(record, "a", &certificate);
    if (logo.len == 0 && certificate.len == 0) {
        find(doctor, GOOD, "default._bimi.%s says that there is no logo", domain);
    } else {
        if (!doctor->dmarc_enforced)
            find(doctor, ERROR,
                 "BIMI of %s has no effect: DMARC must say p=quarantine or p=reject, for all mail "
                 "(no pct below 100, no sp=none)",
                 domain);
        if (logo.len == 0)
            find(doctor, ERROR, "default._bimi.%s names no logo: add l=https://...", domain);
        else
            status = examine_logo(doctor, nl_buf_text(&logo), err);
        if (status == NL_OK && certificate.len == 0)
            find(doctor, WARNING,
                 "BIMI of %s has no mark certificate (a=): Gmail and Apple Mail show no logo "
                 "without one",
                 domain);
        else if (status == NL_OK)
            status = examine_certificate(doctor, nl_buf_text(&certificate), domain, err);
    }
    nl_buf_free(&logo);
    nl_buf_free(&certificate);
    return status;
}

enum nl_status nl_doctor_bimi(struct nl_doctor *doctor, const char *from_domain,
                              struct nl_error *err) {
    enum nl_status status = NL_OK;
    size_t count = 0;
    for (const char *domain = from_domain; status == NL_OK && count == 0;) {
        struct nl_answers answers = {0};
        const char *record = NULL;
        const char *dot = strchr(domain, '.');
        status = nl_doctor_txt(doctor, "default._bimi.", domain, &answers, err);
        if (status == NL_TEMPFAIL) { /* earlier questions have reported it */
            nl_error_free(err);
            return NL_OK;
        }
        for (size_t i = 0; i < answers.count; i++)
            if (nl_tag_is_record(answers.items[i], "BIMI1")) {
                record = answers.items[i];
                count++;
            }
        if (count > 1)
            find(doctor, ERROR, "default._bimi.%s has %zu BIMI records, so none counts: leave one",
                 domain, count);
        else if (count == 1)
            status = judge_record(doctor, domain, record, err);
        nl_answers_free(&answers);
        if (dot == NULL || strchr(dot + 1, '.') == NULL)
            break;
        domain = dot + 1;
    }
    if (status == NL_OK && count == 0)
        find(doctor, GOOD,
             "%s has no BIMI record, which is optional: mail programs would show your logo",
             from_domain);
    return status;
}
