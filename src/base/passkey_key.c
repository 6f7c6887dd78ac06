#include "base/passkey_key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

enum { KTY = 1, ALG = 3, CRV = -1, X = -2, Y = -3, OKP = 1, EC2 = 2, P256 = 1, ED25519 = 6 };
enum { COORDINATE = 32, MEMBERS = 16 };

/* The members of a COSE_Key that are read. */
struct cose {
    int64_t kty, alg, crv;
    struct nl_cbor_item x, y;
};

static bool read_number(struct nl_cbor *reader, int64_t *out) {
    struct nl_cbor_item item;
    bool read = nl_cbor_take(reader, &item) && item.kind == NL_CBOR_NUMBER;
    *out = item.number;
    return read;
}

static bool read_member(struct nl_cbor *reader, struct cose *out) {
    int64_t label = 0;
    if (!read_number(reader, &label))
        return false;
    if (label == KTY)
        return read_number(reader, &out->kty);
    if (label == ALG)
        return read_number(reader, &out->alg);
    if (label == CRV)
        return read_number(reader, &out->crv);
    if (label == X)
        return nl_cbor_take(reader, &out->x);
    return label == Y ? nl_cbor_take(reader, &out->y) : nl_cbor_skip(reader);
}

static bool is_coordinate(const struct nl_cbor_item *item) {
    return item->kind == NL_CBOR_BYTES && item->len == COORDINATE;
}

/* A point that is not on the curve makes no key. */
static EVP_PKEY *new_p256(const struct nl_passkey *key) {
    unsigned char point[1 + NL_PASSKEY_KEY] = {4}; /* uncompressed */
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY *made = NULL;
    memcpy(point + 1, key->key, NL_PASSKEY_KEY);
    if (builder != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ==
            1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) ==
            1)
        parameters = OSSL_PARAM_BLD_to_param(builder);
    if (context == NULL || parameters == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        made = NULL;
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    return made;
}

static EVP_PKEY *new_key(const struct nl_passkey *key) {
    return key->algorithm == NL_PASSKEY_ES256
               ? new_p256(key)
               : EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->key, key->key_len);
}

static bool is_usable(const struct nl_passkey *key) {
    EVP_PKEY *made = new_key(key);
    EVP_PKEY_CTX *context = made != NULL ? EVP_PKEY_CTX_new(made, NULL) : NULL;
    bool good = context != NULL &&
                (key->algorithm != NL_PASSKEY_ES256 || EVP_PKEY_public_check(context) == 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(made);
    return good;
}

bool nl_passkey_read_key(struct nl_cbor *reader, struct nl_passkey *out) {
    struct nl_cbor_item map;
    struct cose cose = {0};
    if (!nl_cbor_take(reader, &map) || map.kind != NL_CBOR_MAP || map.len > MEMBERS)
        return false;
    for (size_t i = 0; i < map.len; i++)
        if (!read_member(reader, &cose))
            return false;
    bool ec = cose.kty == EC2 && cose.alg == NL_PASSKEY_ES256 && cose.crv == P256 &&
              is_coordinate(&cose.x) && is_coordinate(&cose.y);
    bool ed = cose.kty == OKP && cose.alg == NL_PASSKEY_EDDSA && cose.crv == ED25519 &&
              is_coordinate(&cose.x);
    if (!ec && !ed)
        return false;
    out->algorithm = ec ? NL_PASSKEY_ES256 : NL_PASSKEY_EDDSA;
    memcpy(out->key, cose.x.data, COORDINATE);
    if (ec)
        memcpy(out->key + COORDINATE, cose.y.data, COORDINATE);
    out->key_len = ec ? NL_PASSKEY_KEY : COORDINATE;
    return is_usable(out);
}

bool nl_passkey_signed(const struct nl_passkey *key, const unsigned char *message, size_t len,
                       const unsigned char *signature, size_t signature_len) {
    EVP_PKEY *made = new_key(key);
    EVP_MD_CTX *context = made != NULL ? EVP_MD_CTX_new() : NULL;
    const EVP_MD *digest = key->algorithm == NL_PASSKEY_ES256 ? EVP_sha256() : NULL;
    bool good = context != NULL && EVP_DigestVerifyInit(context, NULL, digest, NULL, made) == 1 &&
                EVP_DigestVerify(context, signature, signature_len, message, len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(made);
    return good;
}
