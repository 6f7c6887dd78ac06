#include "base/jwt_key.h"

#include "newsletter/base/jwt.h"
#include "newsletter/base/passkey.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

enum { NUMBER_MOST = 1024, COORDINATE = 32 }; /* bytes: RSA of 8192 bits; P-256 */

static const char *word(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

bool nl_jwt_key_fits(const json_t *key, const char *algorithm, const char *id) {
    bool rsa = strcmp(algorithm, "RS256") == 0;
    const json_t *use = json_object_get(key, "use");
    const json_t *alg = json_object_get(key, "alg");
    return strcmp(word(key, "kty"), rsa ? "RSA" : "EC") == 0 &&
           (rsa || strcmp(word(key, "crv"), "P-256") == 0) &&
           (use == NULL || strcmp(word(key, "use"), "sig") == 0) &&
           (alg == NULL || strcmp(word(key, "alg"), algorithm) == 0) &&
           (id == NULL || strcmp(word(key, "kid"), id) == 0);
}

/* ---- the key ---- */

static EVP_PKEY *key_of(const char *kind, OSSL_PARAM_BLD *parts) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(parts);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *rsa_key(const json_t *json) {
    unsigned char modulus[NUMBER_MOST];
    unsigned char exponent[8];
    size_t modulus_len = 0;
    size_t exponent_len = 0;
    EVP_PKEY *key = NULL;
    if (!nl_base64url(word(json, "n"), modulus, sizeof modulus, &modulus_len) ||
        !nl_base64url(word(json, "e"), exponent, sizeof exponent, &exponent_len) ||
        modulus_len == 0 || exponent_len == 0)
        return NULL;
    BIGNUM *n = BN_bin2bn(modulus, (int)modulus_len, NULL);
    BIGNUM *e = BN_bin2bn(exponent, (int)exponent_len, NULL);
    OSSL_PARAM_BLD *parts = OSSL_PARAM_BLD_new();
    if (n != NULL && e != NULL && parts != NULL && BN_num_bits(n) >= NL_JWT_RSA_BITS &&
        OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        key = key_of("RSA", parts);
    OSSL_PARAM_BLD_free(parts);
    BN_free(n);
    BN_free(e);
    return key;
}

static EVP_PKEY *ec_key(const json_t *json) {
    unsigned char point[1 + 2 * COORDINATE] = {POINT_CONVERSION_UNCOMPRESSED};
    size_t x = 0;
    size_t y = 0;
    EVP_PKEY *key = NULL;
    if (!nl_base64url(word(json, "x"), point + 1, COORDINATE, &x) ||
        !nl_base64url(word(json, "y"), point + 1 + COORDINATE, COORDINATE, &y) || x != COORDINATE ||
        y != COORDINATE)
        return NULL;
    OSSL_PARAM_BLD *parts = OSSL_PARAM_BLD_new();
    if (parts != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(parts, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(parts, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) == 1)
        key = key_of("EC", parts);
    OSSL_PARAM_BLD_free(parts);
    return key;
}

/* ---- the signature ---- */

static bool verify(EVP_PKEY *key, const char *data, size_t len, const unsigned char *signature,
                   size_t signature_len) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good =
        ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestVerify(ctx, signature, signature_len, (const unsigned char *)data, len) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

/* Two numbers of 32 bytes (RFC 7518 section 3.4), which OpenSSL wants in ASN.1. */
static bool verify_pair(EVP_PKEY *key, const char *data, size_t len, const unsigned char *signature,
                        size_t signature_len) {
    if (signature_len != (size_t)2 * COORDINATE)
        return false;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, COORDINATE, NULL);
    BIGNUM *s = BN_bin2bn(signature + COORDINATE, COORDINATE, NULL);
    unsigned char *der = NULL;
    bool good = false;
    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL; /* they are the pair's now */
        int der_len = i2d_ECDSA_SIG(pair, &der);
        good = der_len > 0 && verify(key, data, len, der, (size_t)der_len);
    }
    OPENSSL_free(der);
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return good;
}

bool nl_jwt_key_verifies(const json_t *key, const char *algorithm, const char *data, size_t len,
                         const unsigned char *signature, size_t signature_len) {
    bool rsa = strcmp(algorithm, "RS256") == 0;
    EVP_PKEY *made = rsa ? rsa_key(key) : ec_key(key);
    bool good =
        made != NULL && (rsa ? verify : verify_pair)(made, data, len, signature, signature_len);
    EVP_PKEY_free(made);
    return good;
}
