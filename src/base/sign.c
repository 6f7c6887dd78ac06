#include "newsletter/base/sign.h"
#include "newsletter/base/memory.h"

#include "base/token_key.h"
#include "newsletter/base/catalog.h"
#include "newsletter/base/file.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { KEY_FILE_LIMIT = 16 * 1024 };

struct nl_sign_key {
    EVP_PKEY *pkey;             /* NULL where it lies in a token */
    struct nl_token_key *token; /* NULL where it lies in a file */
    unsigned char public[NL_PUBLIC_KEY_LEN];
};

void nl_sign_key_free(struct nl_sign_key *key) {
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    nl_token_key_free(key->token);
    free(key);
}

/* Takes `pkey`. NULL if it is not an Ed25519 key. */
static struct nl_sign_key *wrap(EVP_PKEY *pkey) {
    struct nl_sign_key *key = pkey != NULL ? nl_calloc(1, sizeof *key) : NULL;
    size_t len = NL_PUBLIC_KEY_LEN;
    if (key == NULL || EVP_PKEY_id(pkey) != EVP_PKEY_ED25519 ||
        EVP_PKEY_get_raw_public_key(pkey, key->public, &len) != 1) {
        EVP_PKEY_free(pkey);
        free(key);
        return NULL;
    }
    key->pkey = pkey;
    return key;
}

bool nl_sign_key_in_token(const char *path) {
    return strncasecmp(path, "pkcs11:", 7) == 0;
}

static enum nl_status from_token(const char *uri,
                                 enum nl_status (*get)(const char *uri, struct nl_token_key **out,
                                                       unsigned char public[NL_PUBLIC_KEY_LEN],
                                                       struct nl_error *err),
                                 struct nl_sign_key **out, struct nl_error *err) {
    struct nl_sign_key *key = nl_calloc(1, sizeof *key);
    *out = NULL;
    enum nl_status status = get(uri, &key->token, key->public, err);
    if (status == NL_OK)
        *out = key;
    else
        free(key);
    return status;
}

enum nl_status nl_sign_key_make_in_token(const char *uri, struct nl_sign_key **out,
                                         struct nl_error *err) {
    return from_token(uri, nl_token_key_make, out, err);
}

enum nl_status nl_sign_key_replace(struct nl_sign_key *kept, struct nl_error *err) {
    return kept->token != NULL ? nl_token_key_remove_others(kept->token, err) : NL_OK;
}

enum nl_status nl_sign_key_read(const char *path, struct nl_sign_key **out, struct nl_error *err) {
    struct nl_buf pem = {0};
    struct stat info;
    *out = NULL;
    if (nl_sign_key_in_token(path))
        return from_token(path, nl_token_key_open, out, err);
    enum nl_status status = nl_file_read(path, KEY_FILE_LIMIT, &pem, err);
    if (status == NL_OK && stat(path, &info) == 0 && nl_file_is_exposed(path, &info))
        status = nl_error_set(err, NL_CONFIG,
                              NL_TEXT("others may read the signing key %s: chmod 600 it"), path);
    if (status == NL_OK) {
        BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
        *out = wrap(bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL);
        BIO_free(bio);
        if (*out == NULL)
            status = nl_error_set(
                err, NL_CONFIG,
                NL_TEXT("%s is not an Ed25519 key: make one with 'newsletter key make'"), path);
    }
    if (pem.data != NULL)
        OPENSSL_cleanse(pem.data, pem.len);
    nl_buf_free(&pem);
    return status;
}

enum nl_status nl_sign_key_new(struct nl_sign_key **out, struct nl_error *err) {
    *out = wrap(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
    return *out != NULL ? NL_OK : nl_error_nomem(err);
}

enum nl_status nl_sign_key_write(const struct nl_sign_key *key, const char *path,
                                 struct nl_error *err) {
    BIO *bio = BIO_new(BIO_s_secmem());
    char *pem = NULL;
    long len = 0;
    if (bio != NULL && PEM_write_bio_PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1)
        len = BIO_get_mem_data(bio, &pem);
    enum nl_status status =
        len > 0 ? nl_file_write(path, pem, (size_t)len, true, err) : nl_error_nomem(err);
    BIO_free(bio);
    return status;
}

void nl_sign_key_public(const struct nl_sign_key *key, unsigned char out[NL_PUBLIC_KEY_LEN]) {
    memcpy(out, key->public, NL_PUBLIC_KEY_LEN);
}

enum nl_status nl_sign(const struct nl_sign_key *key, const void *data, size_t len,
                       unsigned char out[NL_SIGNATURE_LEN], struct nl_error *err) {
    if (key->token != NULL)
        return nl_token_key_sign(key->token, data, len, out)
                   ? NL_OK
                   : nl_error_set(err, NL_CONFIG, "the token of signing.key_file does not sign");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t made = NL_SIGNATURE_LEN;
    bool good = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
                EVP_DigestSign(context, out, &made, data, len) == 1 && made == NL_SIGNATURE_LEN;
    EVP_MD_CTX_free(context);
    return good ? NL_OK : nl_error_nomem(err);
}

static EVP_PKEY *public_key(const unsigned char key[NL_PUBLIC_KEY_LEN]) {
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, NL_PUBLIC_KEY_LEN);
}

bool nl_sign_holds(const unsigned char key[NL_PUBLIC_KEY_LEN], const void *data, size_t len,
                   const unsigned char signature[NL_SIGNATURE_LEN]) {
    EVP_PKEY *pkey = public_key(key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool holds = pkey != NULL && context != NULL &&
                 EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
                 EVP_DigestVerify(context, signature, NL_SIGNATURE_LEN, data, len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
    return holds;
}

enum nl_status nl_public_key_pem(const unsigned char key[NL_PUBLIC_KEY_LEN], struct nl_buf *out,
                                 struct nl_error *err) {
    EVP_PKEY *pkey = public_key(key);
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;
    long len = 0;
    if (pkey != NULL && bio != NULL && PEM_write_bio_PUBKEY(bio, pkey) == 1)
        len = BIO_get_mem_data(bio, &pem);
    if (len > 0)
        nl_buf_add(out, pem, (size_t)len);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return len > 0 ? NL_OK : nl_error_nomem(err);
}

bool nl_public_key_from_pem(const char *text, size_t len, unsigned char out[NL_PUBLIC_KEY_LEN]) {
    BIO *bio = len < KEY_FILE_LIMIT ? BIO_new_mem_buf(text, (int)len) : NULL;
    struct nl_sign_key *key = wrap(bio != NULL ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL);
    BIO_free(bio);
    if (key == NULL)
        return false;
    memcpy(out, key->public, NL_PUBLIC_KEY_LEN);
    nl_sign_key_free(key);
    return true;
}
