#include "newsletter/base/token.h"
#include "newsletter/base/memory.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

void nl_token_new(const struct nl_env *env, struct nl_token *token) {
    unsigned char bytes[16];
    env->random(env->ctx, bytes);
    token->issue = 0;
    uuid_unparse_lower(bytes, token->text);
}

bool nl_token_parse(const char *text, struct nl_token *token) {
    uuid_t bytes;
    if (strlen(text) != NL_TOKEN_LEN || uuid_parse(text, bytes) != 0)
        return false;
    token->issue = 0;
    uuid_unparse_lower(bytes, token->text);
    return true;
}

bool nl_token_digest(const char *text, unsigned char out[NL_DIGEST_LEN]) {
    struct nl_token token;
    if (!nl_token_parse(text, &token))
        return false;
    nl_digest(token.text, NL_TOKEN_LEN, out);
    return true;
}

void nl_token_link(const struct nl_token *token, char out[NL_LINK_TOKEN_LEN + 1]) {
    if (token->issue > 0)
        snprintf(out, NL_LINK_TOKEN_LEN + 1, "%s-%" PRId64, token->text, token->issue);
    else
        snprintf(out, NL_LINK_TOKEN_LEN + 1, "%s", token->text);
}

void nl_digest(const void *data, size_t len, unsigned char out[NL_DIGEST_LEN]) {
    EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL);
}

void nl_hex(const unsigned char digest[NL_DIGEST_LEN], char out[NL_HEX_LEN]) {
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < NL_DIGEST_LEN; i++) {
        out[2 * i] = hex[digest[i] >> 4];
        out[2 * i + 1] = hex[digest[i] & 15];
    }
    out[NL_HEX_LEN - 1] = '\0';
}

void nl_digest_hex(const void *data, size_t len, char out[NL_HEX_LEN]) {
    unsigned char digest[NL_DIGEST_LEN];
    nl_digest(data, len, digest);
    nl_hex(digest, out);
}

void nl_hmac(const unsigned char *key, size_t key_len, const void *data, size_t len,
             unsigned char out[NL_DIGEST_LEN]) {
    unsigned written = 0;
    HMAC(EVP_sha256(), key, (int)key_len, data, len, out, &written);
}

/* Each purpose has a key of its own, so that a MAC made for one is not valid for another. */
static unsigned int key_for(const char *key, const char *use,
                            unsigned char keyed[EVP_MAX_MD_SIZE]) {
    unsigned int len = 0;
    HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)use, strlen(use), keyed, &len);
    return len;
}

static void write_mac(const unsigned char *digest, char out[NL_MAC_TEXT_LEN + 1]) {
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint64_t bits = 0;
    int held = 0;
    for (size_t in = 0, at = 0; at < NL_MAC_TEXT_LEN; at++) {
        while (held < 5) {
            bits = bits << 8 | digest[in++];
            held += 8;
        }
        held -= 5;
        out[at] = alphabet[bits >> held & 31];
    }
    out[NL_MAC_TEXT_LEN] = '\0';
}

void nl_mac(const char *key, const char *use, const char *text, char out[NL_MAC_TEXT_LEN + 1]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char keyed[EVP_MAX_MD_SIZE];
    unsigned int len = key_for(key, use, keyed);
    HMAC(EVP_sha256(), keyed, (int)len, (const unsigned char *)text, strlen(text), digest, &len);
    write_mac(digest, out);
}

struct nl_mac_key {
    EVP_MAC *algorithm;
    EVP_MAC_CTX *context;
};

struct nl_mac_key *nl_mac_key_new(const char *key, const char *use) {
    unsigned char keyed[EVP_MAX_MD_SIZE];
    unsigned int len = key_for(key, use, keyed);
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                                 OSSL_PARAM_construct_end()};
    struct nl_mac_key *made = nl_calloc(1, sizeof *made);
    made->algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    made->context = EVP_MAC_CTX_new(made->algorithm);
    if (made->context == NULL || EVP_MAC_init(made->context, keyed, len, params) != 1) {
        nl_mac_key_free(made);
        made = NULL;
    }
    OPENSSL_cleanse(keyed, sizeof keyed);
    return made;
}

static void digest_with(struct nl_mac_key *key, const char *text,
                        unsigned char digest[EVP_MAX_MD_SIZE]) {
    size_t len = 0;
    EVP_MAC_init(key->context, NULL, 0, NULL); /* the same key again */
    EVP_MAC_update(key->context, (const unsigned char *)text, strlen(text));
    EVP_MAC_final(key->context, digest, &len, EVP_MAX_MD_SIZE);
}

void nl_mac_with(struct nl_mac_key *key, const char *text, char out[NL_MAC_TEXT_LEN + 1]) {
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    digest_with(key, text, digest);
    write_mac(digest, out);
}

/* SHA-256 gives 256 bits, and each of them takes 80. */
void nl_mac_pair(struct nl_mac_key *key, const char *text, char one[NL_MAC_TEXT_LEN + 1],
                 char two[NL_MAC_TEXT_LEN + 1]) {
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    digest_with(key, text, digest);
    write_mac(digest, one);
    write_mac(digest + NL_MAC_TEXT_LEN * 5 / 8, two);
}

void nl_mac_key_free(struct nl_mac_key *key) {
    if (key == NULL)
        return;
    EVP_MAC_CTX_free(key->context);
    EVP_MAC_free(key->algorithm);
    free(key);
}

bool nl_token_equal(const char *a, const char *b) {
    size_t len = strlen(a);
    return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}
