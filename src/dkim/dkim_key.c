#include "dkim/dkim_key.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/file.h"
#include "newsletter/base/memory.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_FILE_LIMIT = 64 * 1024, LEAST_RSA_BITS = 1024 };

void nl_dkim_key_free(struct nl_dkim_key *key) {
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    free(key->domain);
    free(key->selector);
    free(key);
}

static EVP_PKEY *read_pem(const struct nl_buf *pem) {
    BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
    EVP_PKEY *pkey = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return pkey;
}

enum nl_status nl_dkim_key_read(const char *path, const char *domain, const char *selector,
                                struct nl_dkim_key **out, struct nl_error *err) {
    struct nl_buf pem = {0};
    struct stat info;
    *out = NULL;
    enum nl_status status = nl_file_read(path, KEY_FILE_LIMIT, &pem, err);
    if (status == NL_OK && stat(path, &info) == 0 && (info.st_mode & S_IROTH) != 0)
        status = nl_error_set(err, NL_CONFIG,
                              NL_TEXT("DKIM key %s can be read by anybody: chmod 600 it"), path);
    struct nl_dkim_key *key = status == NL_OK ? nl_calloc(1, sizeof *key) : NULL;
    if (status == NL_OK) {
        key->pkey = read_pem(&pem);
        key->domain = nl_strdup(domain);
        key->selector = nl_strdup(selector);
        key->ed25519 = key->pkey != NULL && EVP_PKEY_id(key->pkey) == EVP_PKEY_ED25519;
        bool rsa = key->pkey != NULL && EVP_PKEY_id(key->pkey) == EVP_PKEY_RSA &&
                   EVP_PKEY_bits(key->pkey) >= LEAST_RSA_BITS;
        if (!rsa && !key->ed25519)
            status = nl_error_set(
                err, NL_CONFIG,
                NL_TEXT("%s is not a private key for DKIM: make one with 'newsletter dkim keygen'"),
                path);
    }
    if (pem.data != NULL)
        OPENSSL_cleanse(pem.data, pem.len);
    nl_buf_free(&pem);
    if (status != NL_OK) {
        nl_dkim_key_free(key);
        return status;
    }
    *out = key;
    return NL_OK;
}

void nl_dkim_base64(struct nl_buf *out, const unsigned char *data, size_t len) {
    nl_buf_reserve(out, 4 * ((len + 2) / 3) + 1);
    out->len += (size_t)EVP_EncodeBlock((unsigned char *)out->data + out->len, data, (int)len);
}

/* RFC 6376 section 3.6.1. An Ed25519 key is given without an ASN.1 wrapper (RFC 8463 section 4.2).
 */
static bool add_record(EVP_PKEY *pkey, struct nl_buf *record) {
    unsigned char *der = NULL;
    unsigned char raw[32];
    size_t raw_len = sizeof raw;
    if (EVP_PKEY_id(pkey) == EVP_PKEY_ED25519) {
        if (EVP_PKEY_get_raw_public_key(pkey, raw, &raw_len) != 1)
            return false;
        nl_buf_adds(record, "v=DKIM1; k=ed25519; p=");
        nl_dkim_base64(record, raw, raw_len);
        return true;
    }
    int len = i2d_PUBKEY(pkey, &der);
    if (len <= 0)
        return false;
    nl_buf_adds(record, "v=DKIM1; k=rsa; p=");
    nl_dkim_base64(record, der, (size_t)len);
    OPENSSL_free(der);
    return true;
}

enum nl_status nl_dkim_record(const struct nl_dkim_key *key, struct nl_buf *record,
                              struct nl_error *err) {
    return add_record(key->pkey, record) ? NL_OK : nl_error_nomem(err);
}

enum nl_status nl_dkim_generate(const char *type, const char *path, struct nl_buf *record,
                                struct nl_error *err) {
    struct stat info;
    char *pem = NULL;
    enum nl_status status = NL_OK;
    if (stat(path, &info) == 0)
        return nl_error_set(err, NL_EXISTS, "%s is there already: name another file", path);
    EVP_PKEY *pkey = strcmp(type, "ed25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                     : strcmp(type, "rsa") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
                                                : NULL;
    if (pkey == NULL)
        return nl_error_set(err, NL_USAGE, "'%s' is not a type of key: use rsa or ed25519", type);
    BIO *bio = BIO_new(BIO_s_secmem());
    long len = 0;
    if (bio != NULL && PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1)
        len = BIO_get_mem_data(bio, &pem);
    if (len <= 0 || !add_record(pkey, record))
        status = nl_error_nomem(err);
    if (status == NL_OK)
        status = nl_file_write(path, pem, (size_t)len, true, err);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return status;
}
