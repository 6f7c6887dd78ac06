/* Tokens of an identity provider: by whose key they may be signed, and what they must claim. */
#include "support.h"

#include "newsletter/base/base64.h"
#include "newsletter/base/jwt.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

enum { NOW = 1795724405 };

static EVP_PKEY *rsa, *other_rsa, *short_rsa, *curve;

static int set_up(void **state) {
    (void)state;
    rsa = EVP_RSA_gen(2048);
    other_rsa = EVP_RSA_gen(2048);
    short_rsa = EVP_RSA_gen(2040);
    curve = EVP_EC_gen("P-256");
    return rsa != NULL && other_rsa != NULL && short_rsa != NULL && curve != NULL ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(other_rsa);
    EVP_PKEY_free(short_rsa);
    EVP_PKEY_free(curve);
    return 0;
}

/* ---- keys ---- */

static void add_number(struct nl_buf *out, const char *name, EVP_PKEY *key, const char *part,
                       int bytes) {
    unsigned char data[512];
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, part, &number), 1);
    int len = bytes != 0 ? bytes : BN_num_bytes(number);
    assert_int_equal(BN_bn2binpad(number, data, len), len);
    nl_buf_addf(out, ",\"%s\":\"", name);
    nl_base64url_add(out, data, (size_t)len);
    nl_buf_adds(out, "\"");
    BN_free(number);
}

/* Appends a key as a member of a JWK Set; `more` holds further members of it. */
static void add_key(struct nl_buf *out, EVP_PKEY *key, const char *more) {
    bool is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    nl_buf_addf(out, "{\"kty\":\"%s\"%s", is_rsa ? "RSA" : "EC", more);
    if (is_rsa) {
        add_number(out, "n", key, OSSL_PKEY_PARAM_RSA_N, 0);
        add_number(out, "e", key, OSSL_PKEY_PARAM_RSA_E, 0);
    } else {
        add_number(out, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, 32);
        add_number(out, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    }
    nl_buf_adds(out, "}");
}

static json_t *set_of(EVP_PKEY *key, const char *more) {
    struct nl_buf text = {0};
    nl_buf_adds(&text, "{\"keys\":[");
    add_key(&text, key, more);
    nl_buf_adds(&text, "]}");
    json_t *keys = json_loads(nl_buf_text(&text), 0, NULL);
    assert_non_null(keys);
    nl_buf_free(&text);
    return keys;
}

/* ---- tokens ---- */

/* The two numbers of an ECDSA signature, as a token has them. */
static size_t pair_of(const unsigned char *der, size_t len, unsigned char out[64]) {
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
    assert_non_null(pair);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32), 32);
    ECDSA_SIG_free(pair);
    return 64;
}

static void add_signature(struct nl_buf *token, EVP_PKEY *key) {
    unsigned char signature[512];
    unsigned char pair[64];
    size_t len = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(
        EVP_DigestSign(ctx, signature, &len, (const unsigned char *)nl_buf_text(token), token->len),
        1);
    EVP_MD_CTX_free(ctx);
    bool is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    if (!is_rsa)
        len = pair_of(signature, len, pair);
    nl_buf_adds(token, ".");
    nl_base64url_add(token, is_rsa ? signature : pair, len);
}

static void sign(struct nl_buf *out, const char *header, const char *claims, EVP_PKEY *key) {
    nl_base64url_add(out, header, strlen(header));
    nl_buf_adds(out, ".");
    nl_base64url_add(out, claims, strlen(claims));
    if (key != NULL)
        add_signature(out, key);
}

#define RS256 "{\"alg\":\"RS256\",\"kid\":\"one\"}"
#define ES256 "{\"alg\":\"ES256\",\"kid\":\"one\"}"
#define KID ",\"kid\":\"one\""
#define ISSUER "\"iss\":\"https://id.example\","
#define AUDIENCE "\"aud\":\"us\","
#define NONCE "\"nonce\":\"n1\","
#define SUBJECT "\"sub\":\"ann\","
#define TIMES "\"exp\":1795724705,\"iat\":1795724405"
#define GOOD "{" ISSUER AUDIENCE NONCE SUBJECT TIMES "}"

static const struct nl_jwt_expected expected = {"https://id.example", "us", "n1", NOW};

/* Verifies a token; `words` is in the reason for which it is refused, NULL where it is not. */
static void check(const char *token, const json_t *keys, const char *words) {
    struct nl_error err = {0};
    json_t *claims = json_null();
    enum nl_status status = nl_jwt_verify(token, keys, &expected, &claims, &err);
    if (words != NULL) {
        assert_null(claims);
        assert_fails(status, NL_DATA, words);
        return;
    }
    assert_ok(status);
    assert_string_equal(json_string_value(json_object_get(claims, "sub")), "ann");
    json_decref(claims);
}

static void check_signed(const char *header, const char *claims, EVP_PKEY *key, const json_t *keys,
                         const char *words) {
    struct nl_buf token = {0};
    sign(&token, header, claims, key);
    check(nl_buf_text(&token), keys, words);
    nl_buf_free(&token);
}

/* ---- by whom it is signed ---- */

#define BY_NONE "by none of the provider's keys"
#define OTHERWISE "not signed by RS256 or ES256"

static void test_headers(void **state) {
    static const struct {
        const char *header;
        const char *words; /* NULL: accepted, with the key "one" */
    } rows[] = {
        {RS256, NULL},
        {"{\"alg\":\"RS256\"}", NULL}, /* any key */
        {"{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"one\"}", NULL},
        {"{\"alg\":\"RS256\",\"kid\":7}", NULL},
        {"{\"alg\":\"RS256\",\"kid\":\"two\"}", BY_NONE},
        {"{\"alg\":\"RS256\",\"kid\":\"\"}", BY_NONE},
        {ES256, BY_NONE},
        {"{\"alg\":\"none\"}", OTHERWISE},
        {"{\"alg\":\"None\",\"kid\":\"one\"}", OTHERWISE},
        {"{\"alg\":\"HS256\",\"kid\":\"one\"}", OTHERWISE},
        {"{\"alg\":\"RS384\",\"kid\":\"one\"}", OTHERWISE},
        {"{\"alg\":\"rs256\",\"kid\":\"one\"}", OTHERWISE},
        {"{\"alg\":256}", OTHERWISE},
        {"{\"kid\":\"one\"}", OTHERWISE},
        {"[\"RS256\"]", OTHERWISE},
        {"RS256", OTHERWISE},
        {"", OTHERWISE},
        {"{\"alg\":\"RS256\",\"crit\":[\"b64\"],\"b64\":false}", "has an extension"},
        {"{\"alg\":\"RS256\",\"crit\":null}", "has an extension"},
        {"{\"alg\":\"RS256\",\"alg\":\"RS256\"}", OTHERWISE}, /* twice */
    };
    json_t *keys = set_of(rsa, KID);
    (void)state;
    for_each_row (i, rows, rows[i].header)
        check_signed(rows[i].header, GOOD, rsa, keys, rows[i].words);
    json_decref(keys);
}

/* A key set tells for what each of its keys is. */
static void test_keys(void **state) {
    const struct {
        const char *name, *header;
        EVP_PKEY *told, *signer;
        const char *more;
        bool good;
    } rows[] = {
        {"RSA", RS256, rsa, rsa, KID, true},
        {"P-256", ES256, curve, curve, KID ",\"crv\":\"P-256\"", true},
        {"for signatures", RS256, rsa, rsa, KID ",\"use\":\"sig\",\"alg\":\"RS256\"", true},
        {"by another key", RS256, rsa, other_rsa, KID, false},
        {"for encryption", RS256, rsa, rsa, KID ",\"use\":\"enc\"", false},
        {"for another algorithm", RS256, rsa, rsa, KID ",\"alg\":\"PS256\"", false},
        {"use is no text", RS256, rsa, rsa, KID ",\"use\":1", false},
        {"without its name", RS256, rsa, rsa, "", false},
        {"another name", RS256, rsa, rsa, ",\"kid\":\"One\"", false},
        {"another curve", ES256, curve, curve, KID ",\"crv\":\"P-384\"", false},
        {"no curve", ES256, curve, curve, KID, false},
        {"too short", RS256, short_rsa, short_rsa, KID, false},
        {"a curve for RSA", RS256, curve, curve, KID ",\"crv\":\"P-256\"", false},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        json_t *keys = set_of(rows[i].told, rows[i].more);
        check_signed(rows[i].header, GOOD, rows[i].signer, keys, rows[i].good ? NULL : BY_NONE);
        json_decref(keys);
    }
}

/* Members that a key lacks, or that are not numbers of its length. */
static void test_damaged_keys(void **state) {
    static const struct {
        const char *name, *value; /* NULL: it is missing */
        bool curve;
    } rows[] = {
        {"n", NULL, false},    {"n", "", false},
        {"n", "AQAB", false},  {"n", "!", false},
        {"e", NULL, false},    {"e", "", false},
        {"e", "Aw", false},    {"e", "AQABAQABAQABA", false},
        {"x", NULL, true},     {"x", "AQAB", true},
        {"x", "!", true},      {"y", NULL, true},
        {"y", "AQAB", true},   {"kty", NULL, false},
        {"kty", "oct", false}, {"crv", "p-256", true},
    };
    (void)state;
    for_each_row (i, rows, rows[i].name) {
        EVP_PKEY *key = rows[i].curve ? curve : rsa;
        json_t *keys = set_of(key, rows[i].curve ? ",\"crv\":\"P-256\"" : "");
        json_t *one = json_array_get(json_object_get(keys, "keys"), 0);
        const char *header = rows[i].curve ? "{\"alg\":\"ES256\"}" : "{\"alg\":\"RS256\"}";
        check_signed(header, GOOD, key, keys, NULL);
        if (rows[i].value != NULL)
            json_object_set_new(one, rows[i].name, json_string(rows[i].value));
        else
            json_object_del(one, rows[i].name);
        check_signed(header, GOOD, key, keys, BY_NONE);
        json_decref(keys);
    }
}

/* A coordinate that ends with zeros is not cut: its length says which number it is. */
static void test_cut_coordinates(void **state) {
    static const char *const names[] = {"x", "y"};
    (void)state;
    for_each_row (i, names, names[i]) {
        EVP_PKEY *key = NULL;
        unsigned char data[32] = {1};
        for (data[31] = 1; data[31] != 0;) {
            BIGNUM *number = NULL;
            EVP_PKEY_free(key);
            key = EVP_EC_gen("P-256");
            assert_int_equal(
                EVP_PKEY_get_bn_param(
                    key, i == 0 ? OSSL_PKEY_PARAM_EC_PUB_X : OSSL_PKEY_PARAM_EC_PUB_Y, &number),
                1);
            assert_int_equal(BN_bn2binpad(number, data, 32), 32);
            BN_free(number);
        }
        struct nl_buf cut = {0};
        json_t *keys = set_of(key, ",\"crv\":\"P-256\"");
        check_signed("{\"alg\":\"ES256\"}", GOOD, key, keys, NULL);
        nl_base64url_add(&cut, data, 31);
        json_object_set_new(json_array_get(json_object_get(keys, "keys"), 0), names[i],
                            json_string(nl_buf_text(&cut)));
        check_signed("{\"alg\":\"ES256\"}", GOOD, key, keys, BY_NONE);
        nl_buf_free(&cut);
        json_decref(keys);
        EVP_PKEY_free(key);
    }
}

/* The last of so many keys is looked at, one more is not; and what is not a key is passed over. */
static void test_many_keys(void **state) {
    enum { MOST = 32 };
    (void)state;
    for (int before = MOST - 1; before <= MOST; before++) {
        struct nl_buf text = {0};
        nl_buf_adds(&text, "{\"keys\":[7");
        for (int i = 1; i < before; i++) {
            nl_buf_adds(&text, ",");
            add_key(&text, i < 3 ? other_rsa : rsa, i < 3 ? KID : ",\"kid\":\"another\"");
        }
        nl_buf_adds(&text, ",");
        add_key(&text, rsa, KID);
        nl_buf_adds(&text, "]}");
        json_t *keys = json_loads(nl_buf_text(&text), 0, NULL);
        check_signed(RS256, GOOD, rsa, keys, before < MOST ? NULL : BY_NONE);
        json_decref(keys);
        nl_buf_free(&text);
    }
    static const char *const sets[] = {"{}", "[]", "{\"keys\":{}}", "{\"keys\":[]}"};
    for_each_row (i, sets, sets[i]) {
        json_t *keys = json_loads(sets[i], 0, NULL);
        check_signed(RS256, GOOD, rsa, keys, BY_NONE);
        json_decref(keys);
    }
}

/* A public key is not secret: a MAC with it is not a signature. */
static void test_a_mac_with_the_public_key(void **state) {
    struct nl_buf token = {0};
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    json_t *keys = set_of(rsa, KID);
    const char *modulus =
        json_string_value(json_object_get(json_array_get(json_object_get(keys, "keys"), 0), "n"));
    (void)state;
    sign(&token, RS256, GOOD, NULL);
    assert_non_null(HMAC(EVP_sha256(), modulus, (int)strlen(modulus),
                         (const unsigned char *)nl_buf_text(&token), token.len, mac, &len));
    nl_buf_adds(&token, ".");
    nl_base64url_add(&token, mac, len);
    check(nl_buf_text(&token), keys, BY_NONE);
    nl_buf_free(&token);
    json_decref(keys);
}

/* Each letter of a token counts, as far as its bits are used. */
static void test_changed_tokens(void **state) {
    const struct {
        const char *header;
        EVP_PKEY *key;
        const char *more;
    } rows[] = {{RS256, rsa, KID}, {ES256, curve, KID ",\"crv\":\"P-256\""}};
    (void)state;
    for_each_row (i, rows, rows[i].header) {
        struct nl_buf token = {0};
        struct nl_error err = {0};
        json_t *claims = NULL;
        json_t *keys = set_of(rows[i].key, rows[i].more);
        sign(&token, rows[i].header, GOOD, rows[i].key);
        check(nl_buf_text(&token), keys, NULL);
        for (size_t at = 0; at < token.len; at++) {
            char old = token.data[at];
            token.data[at] = old == 'A' ? 'B' : 'A';
            if (nl_jwt_verify(nl_buf_text(&token), keys, &expected, &claims, &err) != NL_DATA)
                fail_msg("accepted with a change at %zu of %zu", at, token.len);
            assert_null(claims);
            token.data[at] = old;
        }
        nl_error_free(&err);
        check(nl_buf_text(&token), keys, NULL);
        nl_buf_adds(&token, "AA"); /* a byte more */
        check(nl_buf_text(&token), keys, BY_NONE);
        json_decref(keys);
        nl_buf_free(&token);
    }
}

/* ---- its form ---- */

static void test_forms(void **state) {
    static const char *const rows[] = {"", ".", "a.b", "a.b.c.d", "...", "a..b.c"};
    struct nl_buf token = {0};
    json_t *keys = set_of(rsa, KID);
    (void)state;
    for_each_row (i, rows, rows[i])
        check(rows[i], keys, "it is not a token, or it is too large");
    check("..", keys, OTHERWISE);
    sign(&token, RS256, GOOD, rsa);
    nl_buf_adds(&token, ".");
    check(nl_buf_text(&token), keys, "it is not a token, or it is too large");
    nl_buf_clear(&token);
    sign(&token, RS256, GOOD, NULL);
    nl_buf_adds(&token, ".");
    check(nl_buf_text(&token), keys, BY_NONE); /* an empty signature */
    nl_buf_adds(&token, "!");
    check(nl_buf_text(&token), keys, BY_NONE);
    nl_buf_free(&token);
    json_decref(keys);
}

/* The longest token is one; one byte more is refused before it is read. */
static void test_lengths(void **state) {
    static const char head[] = "{" ISSUER AUDIENCE NONCE SUBJECT TIMES ",\"x\":\"";
    struct nl_buf claims = {0};
    struct nl_buf token = {0};
    json_t *keys = set_of(rsa, KID);
    bool reached = false;
    (void)state;
    for (size_t fill = 0; fill < 4 && !reached; fill++) {
        /* Three quarters of what header, points and signature (342 letters) leave. */
        size_t room = (NL_JWT_MOST - 2 - 342 - (strlen(RS256) * 4 + 2) / 3) * 3 / 4;
        nl_buf_clear(&claims);
        nl_buf_adds(&claims, head);
        while (claims.len < room - 5 + fill)
            nl_buf_adds(&claims, "x");
        nl_buf_adds(&claims, "\"}");
        nl_buf_clear(&token);
        sign(&token, RS256, nl_buf_text(&claims), rsa);
        check(nl_buf_text(&token), keys, token.len <= NL_JWT_MOST ? NULL : "it is none, or too");
        reached = token.len == NL_JWT_MOST;
    }
    assert_true(reached);
    nl_buf_adds(&token, "A");
    check(nl_buf_text(&token), keys, "it is not a token, or it is too large");
    nl_buf_free(&token);
    nl_buf_free(&claims);
    json_decref(keys);
}

/* ---- what it claims ---- */

#define FOR_ANOTHER "it is meant for another program"
#define WITHOUT_TIME "does not say when it was made and ends"
#define WITH_AUDIENCE(text) "{" ISSUER NONCE SUBJECT TIMES "," text "}"
#define WITH_TIMES(text) "{" ISSUER AUDIENCE NONCE SUBJECT text "}"
#define WITH_NBF(text) WITH_TIMES(TIMES ",\"nbf\":" text)

static void test_claims(void **state) {
    static const struct {
        const char *claims;
        const char *words; /* NULL: accepted */
    } rows[] = {
        {GOOD, NULL},
        {"[]", "not a JSON object"},
        {"\"ann\"", "not a JSON object"},
        {"{", "not a JSON object"},
        {"{" SUBJECT ISSUER AUDIENCE NONCE SUBJECT TIMES "}", "not a JSON object"}, /* twice */
        {"{" AUDIENCE NONCE SUBJECT TIMES "}", "another provider"},
        {"{\"iss\":\"https://id.example/\"," AUDIENCE NONCE SUBJECT TIMES "}", "another provider"},
        {"{\"iss\":[\"https://id.example\"]," AUDIENCE NONCE SUBJECT TIMES "}", "another provider"},
        {"{" ISSUER AUDIENCE SUBJECT TIMES "}", "not requested by this browser"},
        {"{" ISSUER AUDIENCE "\"nonce\":\"\"," SUBJECT TIMES "}", "not requested by this browser"},
        {"{" ISSUER AUDIENCE "\"nonce\":\"n11\"," SUBJECT TIMES "}",
         "not requested by this browser"},
        {"{" ISSUER AUDIENCE NONCE TIMES "}", "it names nobody"},
        {"{" ISSUER AUDIENCE NONCE "\"sub\":\"\"," TIMES "}", "it names nobody"},
        {"{" ISSUER AUDIENCE NONCE "\"sub\":1," TIMES "}", "it names nobody"},
        {WITH_AUDIENCE("\"aud\":\"us\",\"azp\":\"us\""), NULL},
        {WITH_AUDIENCE("\"aud\":[\"us\"]"), NULL},
        {WITH_AUDIENCE("\"aud\":[\"us\"],\"azp\":\"us\""), NULL},
        {WITH_AUDIENCE("\"aud\":[\"us\",\"them\"],\"azp\":\"us\""), NULL},
        {WITH_AUDIENCE("\"aud\":[1,\"them\",\"us\"],\"azp\":\"us\""), NULL},
        {WITH_AUDIENCE("\"aud\":\"them\""), FOR_ANOTHER},
        {WITH_AUDIENCE("\"x\":1"), FOR_ANOTHER},
        {WITH_AUDIENCE("\"azp\":\"us\""), FOR_ANOTHER},
        {WITH_AUDIENCE("\"aud\":[],\"azp\":\"us\""), FOR_ANOTHER},
        {WITH_AUDIENCE("\"aud\":[\"them\"],\"azp\":\"us\""), FOR_ANOTHER},
        {WITH_AUDIENCE("\"aud\":[\"us\",\"them\"]"), FOR_ANOTHER},
        {WITH_AUDIENCE("\"aud\":[\"us\",\"them\"],\"azp\":\"them\""), FOR_ANOTHER},
        {WITH_AUDIENCE("\"aud\":\"us\",\"azp\":\"them\""), FOR_ANOTHER},
        {WITH_AUDIENCE("\"aud\":\"us\",\"azp\":null"), FOR_ANOTHER},
        {WITH_AUDIENCE("\"aud\":{\"us\":\"us\"}"), FOR_ANOTHER},
        /* Times: NOW is 1795724405, and clocks may differ by two minutes. */
        {WITH_TIMES("\"exp\":1795724286,\"iat\":1"), NULL},
        {WITH_TIMES("\"exp\":1795724285,\"iat\":1"), "it has expired"},
        {WITH_TIMES("\"exp\":1795724286.9,\"iat\":1.5"), NULL},
        {WITH_TIMES("\"exp\":1,\"iat\":1"), "it has expired"},
        {WITH_TIMES("\"exp\":1795724705,\"iat\":1795724525"), NULL},
        {WITH_TIMES("\"exp\":1795724705,\"iat\":1795724526"), "made in the future"},
        {WITH_TIMES("\"exp\":1795724705"), WITHOUT_TIME},
        {WITH_TIMES("\"iat\":1795724405"), WITHOUT_TIME},
        {WITH_TIMES("\"exp\":\"1795724705\",\"iat\":1795724405"), WITHOUT_TIME},
        {WITH_TIMES("\"exp\":1795724705,\"iat\":true"), WITHOUT_TIME},
        {WITH_TIMES("\"exp\":1795724705,\"iat\":0"), WITHOUT_TIME},
        {WITH_TIMES("\"exp\":1795724705,\"iat\":-1"), WITHOUT_TIME},
        {WITH_TIMES("\"exp\":-1795724705,\"iat\":1"), WITHOUT_TIME},
        {WITH_TIMES("\"exp\":999999999999,\"iat\":1"), NULL},
        {WITH_TIMES("\"exp\":1000000000000,\"iat\":1"), WITHOUT_TIME},
        {WITH_TIMES("\"exp\":1e300,\"iat\":1"), WITHOUT_TIME},
        {WITH_NBF("1"), NULL},
        {WITH_NBF("1795724525"), NULL},
        {WITH_NBF("1795724526"), "it is not valid yet"},
        {WITH_NBF("null"), "it is not valid yet"},
        {WITH_NBF("\"1\""), "it is not valid yet"},
        {WITH_NBF("0"), "it is not valid yet"},
    };
    json_t *keys = set_of(rsa, KID);
    (void)state;
    for_each_row (i, rows, rows[i].claims)
        check_signed(RS256, rows[i].claims, rsa, keys, rows[i].words);
    json_decref(keys);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_damaged_keys),   cmocka_unit_test(test_cut_coordinates),
        cmocka_unit_test(test_many_keys),      cmocka_unit_test(test_a_mac_with_the_public_key),
        cmocka_unit_test(test_changed_tokens), cmocka_unit_test(test_forms),
        cmocka_unit_test(test_lengths),        cmocka_unit_test(test_claims),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
