#include "smime/smime_certificate.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/file.h"
#include "newsletter/base/memory.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FILE_LIMIT = 256 * 1024, CHAIN_MOST = 8, DAY = 86400, WARN_DAYS = 30 };

/* OpenSSL would ask at the terminal for the passphrase of a key, and sets the type.
 * NOLINTNEXTLINE(readability-non-const-parameter) */
static int no_passphrase(char *out, int size, int writing, void *ctx) {
    (void)out, (void)size, (void)writing, (void)ctx;
    return -1;
}

/* The first certificate of `certificate_file` is the office's; all others are of the chain. */
static enum nl_status read_certificates(struct nl_smime *smime, const char *path,
                                        struct nl_error *err) {
    struct nl_buf pem = {0};
    enum nl_status status = nl_file_read(path, FILE_LIMIT, &pem, err);
    BIO *bio = status == NL_OK ? BIO_new_mem_buf(nl_buf_text(&pem), (int)pem.len) : NULL;
    X509 *one = NULL;
    size_t count = 0;
    if (status == NL_OK && bio == NULL)
        status = nl_error_nomem(err);
    while (status == NL_OK && (one = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
        count++;
        if (smime->certificate == NULL)
            smime->certificate = one;
        else if (X509_self_signed(one, 0) == 1)
            X509_free(one);
        else if (sk_X509_num(smime->chain) == CHAIN_MOST || sk_X509_push(smime->chain, one) == 0) {
            X509_free(one);
            status = nl_error_set(err, NL_CONFIG, "%s: a chain has at most %d certificates", path,
                                  CHAIN_MOST);
        }
    }
    if (status == NL_OK && count == 0)
        status = nl_error_set(err, NL_CONFIG,
                              "%s holds no certificate in PEM: 'openssl pkcs12 -nokeys -in FILE' "
                              "takes it out of a .p12 file",
                              path);
    ERR_clear_error(); /* that there are no more is not an error */
    BIO_free(bio);
    nl_buf_free(&pem);
    return status;
}

static enum nl_status read_key(struct nl_smime *smime, const char *path, struct nl_error *err) {
    struct nl_buf pem = {0};
    struct stat info;
    enum nl_status status = nl_file_read(path, FILE_LIMIT, &pem, err);
    if (status == NL_OK && stat(path, &info) == 0 && nl_file_is_exposed(path, &info))
        status =
            nl_error_set(err, NL_CONFIG, "others may read the S/MIME key %s: chmod 600 it", path);
    if (status == NL_OK) {
        BIO *bio = BIO_new_mem_buf(nl_buf_text(&pem), (int)pem.len);
        smime->key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
        BIO_free(bio);
        if (smime->key == NULL)
            status = nl_error_set(err, NL_CONFIG,
                                  "%s holds no private key in PEM without a passphrase: 'openssl "
                                  "pkey -in FILE -out %s' writes one",
                                  path, path);
    }
    if (pem.data != NULL)
        OPENSSL_cleanse(pem.data, pem.len);
    nl_buf_free(&pem);
    return status;
}

/* Whether mail from this address is to be signed. */
static bool is_chosen(const struct nl_config *config, const char *from) {
    const char *at = config->smime.from;
    size_t len = strlen(from);
    if (config->smime.certificate_file == NULL || at == NULL)
        return config->smime.certificate_file != NULL;
    while (*at != '\0') {
        at += strspn(at, ", ");
        size_t one = strcspn(at, ", ");
        if (one == len && strncasecmp(at, from, len) == 0)
            return true;
        at += one;
    }
    return false;
}

static enum nl_status read_files(struct nl_smime *smime, const struct nl_config *config,
                                 struct nl_error *err) {
    smime->path = nl_strdup(config->smime.certificate_file);
    smime->chain = sk_X509_new_null();
    if (smime->chain == NULL)
        return nl_error_nomem(err);
    enum nl_status status = read_certificates(smime, smime->path, err);
    if (status == NL_OK) {
        smime->not_after = nl_smime_time(X509_get0_notAfter(smime->certificate));
        status = read_key(smime, config->smime.key_file, err);
    }
    if (status == NL_OK && config->smime.chain_file != NULL)
        status = read_certificates(smime, config->smime.chain_file, err);
    return status;
}

enum nl_status nl_smime_open(const struct nl_config *config, const char *from, int64_t now,
                             struct nl_smime **out, struct nl_error *err) {
    *out = NULL;
    if (!is_chosen(config, from))
        return NL_OK;
    struct nl_smime *smime = nl_calloc(1, sizeof *smime);
    enum nl_status status = read_files(smime, config, err);
    if (status == NL_OK)
        status = nl_smime_check(smime, config, from, now, err);
    if (status == NL_OK)
        status = nl_smime_make_template(smime, now, err);
    if (status != NL_OK) {
        nl_smime_close(smime);
        return status;
    }
    *out = smime;
    return NL_OK;
}

void nl_smime_close(struct nl_smime *smime) {
    if (smime == NULL)
        return;
    X509_free(smime->certificate);
    EVP_PKEY_free(smime->key);
    sk_X509_pop_free(smime->chain, X509_free);
    free(smime->form.der);
    free(smime->form.lines);
    free(smime->path);
    free(smime);
}

enum nl_status nl_smime_examine(const struct nl_config *config, const char *from, int64_t now,
                                struct nl_findings *findings, int64_t *until,
                                struct nl_error *err) {
    struct nl_smime *smime = NULL;
    char date[16];
    enum nl_status status = nl_smime_open(config, from, now, &smime, err);
    if (until != NULL)
        *until = 0;
    if (status == NL_OS)
        return status;
    if (status != NL_OK) {
        nl_findings_add(findings, NL_LEVEL_ERROR, "smime", NULL,
                        NL_TEXT("no mail goes out with an S/MIME signature: %s"),
                        nl_error_text(err));
        nl_error_free(err);
        return NL_OK;
    }
    if (smime == NULL)
        return NL_OK;
    int64_t days = (smime->not_after - now) / DAY;
    nl_smime_date(smime->not_after, date);
    if (days < WARN_DAYS)
        nl_findings_add(findings, NL_LEVEL_WARNING, "smime", NULL,
                        NL_TEXT("the S/MIME certificate %s expires on %s, and no mail goes out "
                                "with it afterwards: get a new one"),
                        smime->path, date);
    if (until != NULL)
        *until = smime->not_after;
    nl_smime_close(smime);
    return NL_OK;
}
