#include "smime/smime_certificate.h"

#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { LEAST_RSA_BITS = 2048 };

int64_t nl_smime_time(const ASN1_TIME *time) {
    struct tm tm = {0};
    return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

void nl_smime_date(int64_t time, char out[16]) {
    struct tm tm = {0};
    time_t seconds = (time_t)time;
    if (gmtime_r(&seconds, &tm) == NULL || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
        out[0] = '\0';
}

static enum nl_status check_time(const struct nl_smime *smime, int64_t now, struct nl_error *err) {
    char date[16];
    int64_t not_before = nl_smime_time(X509_get0_notBefore(smime->certificate));
    nl_smime_date(now < not_before ? not_before : smime->not_after, date);
    if (now < not_before)
        return nl_error_set(err, NL_CONFIG,
                            "the S/MIME certificate %s is valid from %s on: wait until then, or "
                            "use the earlier one",
                            smime->path, date);
    if (now > smime->not_after)
        return nl_error_set(err, NL_CONFIG,
                            "the S/MIME certificate %s expired on %s: get a new one, or remove "
                            "'smime' from the configuration",
                            smime->path, date);
    return NL_OK;
}

/* RFC 8550 section 3: the address stands in the certificate. Its part before the @ is compared
 * without case, as mail programs do. */
static enum nl_status check_address(const struct nl_smime *smime, const char *from,
                                    struct nl_error *err) {
    STACK_OF(OPENSSL_STRING) *addresses = X509_get1_email(smime->certificate);
    struct nl_buf listed = {0};
    bool found = false;
    for (int i = 0; i < sk_OPENSSL_STRING_num(addresses); i++) {
        const char *address = sk_OPENSSL_STRING_value(addresses, i);
        found = found || strcasecmp(address, from) == 0;
        nl_buf_addf(&listed, "%s%.200s", i > 0 ? ", " : "", address);
    }
    X509_email_free(addresses);
    if (!found)
        nl_error_set(
            err, NL_CONFIG,
            "the S/MIME certificate %s is for %s, not for %s: get one for that address, or "
            "let smime.from name those whose mail is to be signed",
            smime->path, listed.len > 0 ? nl_buf_text(&listed) : "no address", from);
    nl_buf_free(&listed);
    return found ? NL_OK : NL_CONFIG;
}

/* RFC 8550 section 4.4.2 and 4.4.4. A certificate that names no use is for any. */
static enum nl_status check_use(const struct nl_smime *smime, struct nl_error *err) {
    uint32_t usage = X509_get_key_usage(smime->certificate);
    uint32_t further = X509_get_extended_key_usage(smime->certificate);
    bool good = (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0 &&
                (further & (XKU_SMIME | XKU_ANYEKU)) != 0;
    return good ? NL_OK
                : nl_error_set(err, NL_CONFIG,
                               "the certificate %s is not for signing mail: ask its authority for "
                               "an S/MIME certificate",
                               smime->path);
}

/* Mail programs know neither Ed25519 (RFC 8419) nor RSA-PSS keys in certificates. */
static enum nl_status check_key(const struct nl_smime *smime, const char *key_file,
                                struct nl_error *err) {
    int type = EVP_PKEY_id(smime->key);
    bool good = (type == EVP_PKEY_RSA && EVP_PKEY_bits(smime->key) >= LEAST_RSA_BITS) ||
                (type == EVP_PKEY_EC && EVP_PKEY_bits(smime->key) >= 256);
    if (!good)
        return nl_error_set(err, NL_CONFIG,
                            "%s: mail programs take S/MIME signatures of RSA keys of %d bits or "
                            "more, and of elliptic curves of 256 (ECDSA)",
                            key_file, LEAST_RSA_BITS);
    return X509_check_private_key(smime->certificate, smime->key) == 1
               ? NL_OK
               : nl_error_set(err, NL_CONFIG, "the key %s does not belong to the certificate %s",
                              key_file, smime->path);
}

static bool has_issued(X509 *issuer, X509 *subject) {
    return X509_check_issued(issuer, subject) == X509_V_OK &&
           X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
}

/* A chain that does not fit is a mistake; without one, mail programs may know the issuer. */
static enum nl_status check_chain(const struct nl_smime *smime, const char *chain_file, int64_t now,
                                  struct nl_error *err) {
    bool issued =
        sk_X509_num(smime->chain) == 0 || has_issued(smime->certificate, smime->certificate);
    for (int i = 0; i < sk_X509_num(smime->chain); i++) {
        X509 *link = sk_X509_value(smime->chain, i);
        if (now > nl_smime_time(X509_get0_notAfter(link)))
            return nl_error_set(err, NL_CONFIG,
                                "%s: certificate %d of the chain has expired: get the present one "
                                "from the authority",
                                chain_file, i + 1);
        issued = issued || has_issued(link, smime->certificate);
    }
    return issued ? NL_OK
                  : nl_error_set(err, NL_CONFIG, "%s does not hold the certificate that issued %s",
                                 chain_file, smime->path);
}

enum nl_status nl_smime_check(const struct nl_smime *smime, const struct nl_config *config,
                              const char *from, int64_t now, struct nl_error *err) {
    const char *chain_file =
        config->smime.chain_file != NULL ? config->smime.chain_file : smime->path;
    enum nl_status status = check_key(smime, config->smime.key_file, err);
    if (status == NL_OK)
        status = check_time(smime, now, err);
    if (status == NL_OK)
        status = check_address(smime, from, err);
    if (status == NL_OK)
        status = check_use(smime, err);
    return status == NL_OK ? check_chain(smime, chain_file, now, err) : status;
}
