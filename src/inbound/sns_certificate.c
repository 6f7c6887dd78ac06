#include "inbound/sns.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum { LINKS = 10, FETCHES = 3, CERTIFICATE_LIMIT = 64 * 1024, LEAST_BITS = 2048 };

/* Whom the certificates are made out to; %s is the region. Regions differ. */
static const char *const names[] = {"sns.amazonaws.com",
                                    "sns.%s.amazonaws.com",
                                    "sns-%s.amazonaws.com",
                                    "sns-signing.%s.amazonaws.com",
                                    "sns.%s.amazonaws.com.cn",
                                    "sns-%s.amazonaws.com.cn",
                                    "sns-signing.%s.amazonaws.com.cn"};

/* The certificates of a PEM text, in order. NULL without one. */
static STACK_OF(X509) * read_chain(const char *pem, size_t len) {
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *next = NULL;
    while (bio != NULL && chain != NULL && sk_X509_num(chain) < LINKS &&
           (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
        if (sk_X509_push(chain, next) == 0)
            X509_free(next);
    BIO_free(bio);
    if (chain != NULL && sk_X509_num(chain) > 0)
        return chain;
    sk_X509_pop_free(chain, X509_free);
    return NULL;
}

static X509_STORE *trust(const char *ca_file) {
    X509_STORE *store = X509_STORE_new();
    bool ready = store != NULL && (ca_file != NULL ? X509_STORE_load_file(store, ca_file)
                                                   : X509_STORE_set_default_paths(store)) == 1;
    if (!ready) {
        X509_STORE_free(store);
        return NULL;
    }
    return store;
}

/* Adds the names to check. */
static bool expect_names(X509_VERIFY_PARAM *param, const char *topic) {
    char name[160];
    const char *region = strstr(topic, ":sns:");
    bool added = region != NULL;
    for (size_t i = 0; added && i < sizeof names / sizeof names[0]; i++) {
        const char *hole = strstr(names[i], "%s");
        size_t before = hole != NULL ? (size_t)(hole - names[i]) : strlen(names[i]);
        size_t len = strcspn(region + sizeof ":sns:" - 1, ":");
        snprintf(name, sizeof name, "%.*s%.*s%s", (int)before, names[i],
                 hole != NULL ? (int)len : 0, region + sizeof ":sns:" - 1,
                 hole != NULL ? hole + 2 : "");
        added = X509_VERIFY_PARAM_add1_host(param, name, 0) == 1;
    }
    return added;
}

/* Verifies the first certificate of the chain with the others as links. *missing is the one whose
 * issuer was not found; borrowed from the chain. */
static int verify(X509_STORE *store, STACK_OF(X509) * chain, const char *topic, int64_t now,
                  X509 **missing) {
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    int code = X509_V_ERR_UNSPECIFIED;
    *missing = NULL;
    if (context != NULL &&
        X509_STORE_CTX_init(context, store, sk_X509_value(chain, 0), chain) == 1) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
        X509_VERIFY_PARAM_set_time(param, (time_t)now);
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        if (expect_names(param, topic) && X509_verify_cert(context) == 1)
            code = X509_V_OK;
        else
            code = X509_STORE_CTX_get_error(context);
        if (code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
            code == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE)
            *missing = X509_STORE_CTX_get_current_cert(context);
        if (code == X509_V_OK && X509_STORE_CTX_get0_chain(context) == NULL)
            code = X509_V_ERR_UNSPECIFIED;
    }
    X509_STORE_CTX_free(context);
    return code;
}

/* Fetches the issuer of a certificate from where it says (RFC 5280 section 4.2.2.1) and adds it to
 * the links. It needs no trust: its own chain is verified. */
static bool add_issuer(X509 *certificate, STACK_OF(X509) * chain) {
    AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);
    struct nl_buf der = {0};
    struct nl_error ignored = {0};
    X509 *issuer = NULL;
    for (int i = 0; access != NULL && issuer == NULL && i < sk_ACCESS_DESCRIPTION_num(access);
         i++) {
        const ACCESS_DESCRIPTION *entry = sk_ACCESS_DESCRIPTION_value(access, i);
        if (OBJ_obj2nid(entry->method) != NID_ad_ca_issuers || entry->location->type != GEN_URI)
            continue;
        const ASN1_IA5STRING *uri = entry->location->d.uniformResourceIdentifier;
        const char *url = (const char *)ASN1_STRING_get0_data(uri);
        nl_buf_clear(&der);
        if (strlen(url) == (size_t)ASN1_STRING_length(uri) && nl_sns_is_authority(url) &&
            nl_sns_fetch(NULL, url, CERTIFICATE_LIMIT, &der, &ignored) == NL_OK) {
            const unsigned char *at = (const unsigned char *)nl_buf_text(&der);
            issuer = d2i_X509(NULL, &at, (long)der.len);
        }
    }
    bool added = issuer != NULL && sk_X509_push(chain, issuer) > 0;
    if (!added)
        X509_free(issuer);
    AUTHORITY_INFO_ACCESS_free(access);
    nl_buf_free(&der);
    nl_error_free(&ignored);
    return added;
}

enum nl_status nl_sns_certificate(const char *pem, size_t len, const char *topic,
                                  const char *ca_file, int64_t now, EVP_PKEY **out,
                                  struct nl_error *err) {
    STACK_OF(X509) *chain = read_chain(pem, len);
    X509_STORE *store = trust(ca_file);
    X509 *missing = NULL;
    enum nl_status status = NL_OK;
    *out = NULL;
    if (store == NULL)
        status = nl_error_set(err, NL_CONFIG, "cannot read the authorities in %s",
                              ca_file != NULL ? ca_file : "this machine's trust store");
    else if (chain == NULL)
        status = nl_error_set(err, NL_NOPERM, "there is no certificate at its SigningCertURL");
    int code = status == NL_OK ? verify(store, chain, topic, now, &missing) : X509_V_OK;
    for (int i = 0; missing != NULL && i < FETCHES && add_issuer(missing, chain); i++)
        code = verify(store, chain, topic, now, &missing);
    if (status == NL_OK && code != X509_V_OK)
        status = nl_error_set(err, NL_NOPERM,
                              "the certificate that it is signed with does not "
                              "verify: %s",
                              X509_verify_cert_error_string(code));
    if (status == NL_OK)
        *out = X509_get_pubkey(sk_X509_value(chain, 0));
    if (status == NL_OK && (*out == NULL || EVP_PKEY_get_base_id(*out) != EVP_PKEY_RSA ||
                            EVP_PKEY_get_bits(*out) < LEAST_BITS)) {
        EVP_PKEY_free(*out);
        *out = NULL;
        status =
            nl_error_set(err, NL_NOPERM, "the certificate holds no RSA key of %d bits", LEAST_BITS);
    }
    X509_STORE_free(store);
    sk_X509_pop_free(chain, X509_free);
    return status;
}
