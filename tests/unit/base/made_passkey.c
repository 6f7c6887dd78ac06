#include "base/made_passkey.h"

#include "newsletter/base/base64.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>

static const char *or_else(const char *text, const char *usual) {
    return text != NULL ? text : usual;
}

static void add_client(const struct made_passkey *passkey, const struct nl_passkey_asked *asked,
                       const char *type, struct nl_buf *out) {
    nl_buf_addf(out, "{\"type\":\"%s\",\"challenge\":\"", or_else(passkey->type, type));
    nl_base64url_add(out, passkey->challenge, strlen(passkey->challenge));
    nl_buf_addf(out, "\",\"origin\":\"%s\"%s}", or_else(passkey->origin, asked->origin),
                or_else(passkey->more_client, ""));
}

static void add_byte(struct nl_buf *out, unsigned byte) {
    const char one = (char)byte;
    nl_buf_add(out, &one, 1);
}

/* Authenticator data, section 6.1 of Web Authentication. */
static void add_head(const struct made_passkey *passkey, const struct nl_passkey_asked *asked,
                     unsigned flags, struct nl_buf *out) {
    unsigned char hash[NL_DIGEST_LEN];
    const char *rp_id = or_else(passkey->rp_id, asked->rp_id);
    nl_digest(rp_id, strlen(rp_id), hash);
    nl_buf_add(out, (const char *)hash, sizeof hash);
    add_byte(out, passkey->flags != 0 ? passkey->flags : flags);
    for (int shift = 24; shift >= 0; shift -= 8)
        add_byte(out, passkey->count >> shift & 0xff);
}

static void add_coordinate(EVP_PKEY *key, const char *name, struct nl_buf *out) {
    unsigned char data[32];
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);
    assert_int_equal(BN_bn2binpad(number, data, sizeof data), (int)sizeof data);
    nl_buf_add(out, (const char *)data, sizeof data);
    BN_free(number);
}

/* A COSE_Key (RFC 9053). */
static void add_key(EVP_PKEY *key, struct nl_buf *out) {
    unsigned char raw[32];
    size_t len = sizeof raw;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
        nl_buf_add(out, "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", 10);
        add_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, out);
        nl_buf_add(out, "\x22\x58\x20", 3);
        add_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, out);
        return;
    }
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, raw, &len), 1);
    nl_buf_add(out, "\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20", 10);
    nl_buf_add(out, (const char *)raw, len);
}

static const char *id_of(const struct made_passkey *passkey) {
    return or_else(passkey->id, "credential");
}

void made_passkey_register(const struct made_passkey *passkey, const struct nl_passkey_asked *asked,
                           struct passkey_answer *out) {
    static const char model[16] = "";
    struct nl_buf client = {0};
    struct nl_buf data = {0};
    struct nl_buf attestation = {0};
    const char *format = or_else(passkey->format, "none");
    *out = (struct passkey_answer){0};
    add_client(passkey, asked, "webauthn.create", &client);
    add_head(passkey, asked, MADE_PRESENT | MADE_VERIFIED | MADE_KEY, &data);
    nl_buf_add(&data, model, sizeof model);
    add_byte(&data, (unsigned)strlen(id_of(passkey)) >> 8);
    add_byte(&data, (unsigned)strlen(id_of(passkey)) & 0xff);
    nl_buf_adds(&data, id_of(passkey));
    add_key(passkey->key, &data);
    nl_buf_adds(&data, or_else(passkey->more_data, ""));
    nl_buf_addf(&attestation,
                "\xa3\x63"
                "fmt%c%s\x67"
                "attStmt\xa0\x68"
                "authData\x59",
                (int)(0x60 + strlen(format)), format);
    add_byte(&attestation, (unsigned)data.len >> 8);
    add_byte(&attestation, (unsigned)data.len & 0xff);
    nl_buf_add(&attestation, data.data, data.len);
    nl_base64url_add(&out->client, client.data, client.len);
    nl_base64url_add(&out->attestation, attestation.data, attestation.len);
    nl_buf_free(&client);
    nl_buf_free(&data);
    nl_buf_free(&attestation);
}

void made_passkey_sign(const struct made_passkey *passkey, const struct nl_passkey_asked *asked,
                       struct passkey_answer *out) {
    unsigned char hash[NL_DIGEST_LEN];
    unsigned char signature[256];
    size_t len = sizeof signature;
    struct nl_buf client = {0};
    struct nl_buf data = {0};
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ec = EVP_PKEY_get_base_id(passkey->key) == EVP_PKEY_EC;
    *out = (struct passkey_answer){0};
    add_client(passkey, asked, "webauthn.get", &client);
    add_head(passkey, asked, MADE_PRESENT | MADE_VERIFIED, &data);
    nl_buf_adds(&data, or_else(passkey->more_data, ""));
    nl_base64url_add(&out->data, data.data, data.len);
    nl_digest(client.data, client.len, hash);
    nl_buf_add(&data, (const char *)hash, sizeof hash);
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, ec ? EVP_sha256() : NULL, NULL, passkey->key),
                     1);
    assert_int_equal(
        EVP_DigestSign(ctx, signature, &len, (const unsigned char *)data.data, data.len), 1);
    EVP_MD_CTX_free(ctx);
    nl_base64url_add(&out->client, client.data, client.len);
    nl_base64url_add(&out->signature, signature, len);
    nl_base64url_add(&out->id, id_of(passkey), strlen(id_of(passkey)));
    nl_buf_free(&client);
    nl_buf_free(&data);
}

void passkey_answer_free(struct passkey_answer *answer) {
    nl_buf_free(&answer->client);
    nl_buf_free(&answer->attestation);
    nl_buf_free(&answer->data);
    nl_buf_free(&answer->signature);
    nl_buf_free(&answer->id);
}
