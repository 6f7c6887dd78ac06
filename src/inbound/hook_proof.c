#include "inbound/hook_proof.h"

#include "newsletter/base/base64.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/text.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TOKEN_LIMIT = 200, SIGNATURE_LIMIT = 200 };

bool nl_hook_is_timely(int64_t at, int64_t now, int64_t max_age) {
    return at >= now - max_age && at <= now + NL_HOOK_AHEAD;
}

/* Both texts are digested first, so that the comparison tells nothing of length or content. */
static bool same(const void *a, size_t a_len, const void *b, size_t b_len) {
    unsigned char digests[2][NL_DIGEST_LEN];
    nl_digest(a, a_len, digests[0]);
    nl_digest(b, b_len, digests[1]);
    return CRYPTO_memcmp(digests[0], digests[1], NL_DIGEST_LEN) == 0;
}

bool nl_hook_login_is(const char *authorization, const char *username, const char *secret) {
    unsigned char *login = NULL;
    size_t len = 0;
    struct nl_buf expected = {0};
    bool found = false;
    const char *blank = authorization != NULL ? strchr(authorization, ' ') : NULL;
    const char *given = blank != NULL ? blank + strspn(blank, " ") : "";
    nl_buf_addf(&expected, "%s:%s", username, secret);
    if (blank != NULL && strncasecmp(authorization, "Bearer ", 7) == 0)
        found = same(given, strlen(given), secret, strlen(secret));
    else if (blank != NULL && strncasecmp(authorization, "Basic ", 6) == 0 &&
             nl_base64_decode(given, strlen(given), NL_BASE64_PROOF, &login, &len))
        found = same(login, len, nl_buf_text(&expected), expected.len);
    if (login != NULL)
        OPENSSL_cleanse(login, len);
    if (expected.data != NULL)
        OPENSSL_cleanse(expected.data, expected.len);
    free(login);
    nl_buf_free(&expected);
    return found;
}

/* ---- SendGrid ---- */

enum nl_status nl_sendgrid_key(const char *text, EVP_PKEY **out, struct nl_error *err) {
    unsigned char *der = NULL;
    size_t len = 0;
    char group[32] = "";
    *out = NULL;
    if (nl_base64_decode(text, strlen(text), NL_BASE64_PROOF, &der, &len)) {
        const unsigned char *at = der;
        *out = d2i_PUBKEY(NULL, &at, (long)len);
    }
    free(der);
    if (*out != NULL && EVP_PKEY_get_group_name(*out, group, sizeof group, NULL) == 1 &&
        strcmp(group, "prime256v1") == 0)
        return NL_OK;
    EVP_PKEY_free(*out);
    *out = NULL;
    return nl_error_set(err, NL_CONFIG,
                        "the key is not an ECDSA key in base64: copy the verification key from "
                        "SendGrid's settings of the event webhook");
}

static bool signature_fits(EVP_PKEY *key, const struct nl_hook_report *report,
                           const unsigned char *signature, size_t len) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool fits =
        context != NULL && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestVerifyUpdate(context, report->timestamp, strlen(report->timestamp)) == 1 &&
        EVP_DigestVerifyUpdate(context, report->body, report->len) == 1 &&
        EVP_DigestVerifyFinal(context, signature, len) == 1;
    EVP_MD_CTX_free(context);
    return fits;
}

enum nl_status nl_sendgrid_verify(EVP_PKEY *key, const struct nl_hook_report *report, int64_t now,
                                  int64_t max_age, struct nl_error *err) {
    unsigned char *signature = NULL;
    size_t len = 0;
    int64_t at = 0;
    if (report->signature == NULL || report->timestamp == NULL)
        return nl_error_set(err, NL_NOPERM,
                            "it is not signed: switch the signed event webhook on at SendGrid");
    bool fits = strlen(report->signature) <= SIGNATURE_LIMIT &&
                nl_base64_decode(report->signature, strlen(report->signature), NL_BASE64_PROOF,
                                 &signature, &len) &&
                signature_fits(key, report, signature, len);
    free(signature);
    if (!fits)
        return nl_error_set(err, NL_NOPERM, "its signature is not SendGrid's");
    if (!nl_text_integer(report->timestamp, &at) || !nl_hook_is_timely(at, now, max_age))
        return nl_error_set(err, NL_NOPERM, "it is too old, or our clock is wrong");
    return NL_OK;
}

/* ---- Mailgun ---- */

static bool mac_fits(const char *secret, const char *timestamp, const char *token,
                     const char *signature) {
    struct nl_buf text = {0};
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char hex[NL_HEX_LEN] = "";
    nl_buf_addf(&text, "%s%s", timestamp, token);
    bool made = HMAC(EVP_sha256(), secret, (int)strlen(secret),
                     (const unsigned char *)nl_buf_text(&text), text.len, mac, &len) != NULL;
    if (made)
        nl_hex(mac, hex);
    nl_buf_free(&text);
    return made && same(hex, NL_HEX_LEN - 1, signature, strlen(signature));
}

/* The timestamp is a text, or a number in what some libraries send. */
static const char *timestamp_of(const json_t *signature, char number[32]) {
    const json_t *value = json_object_get(signature, "timestamp");
    snprintf(number, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return json_is_integer(value) ? number : json_string_value(value);
}

enum nl_status nl_mailgun_verify(const char *secret, const struct nl_hook_report *report,
                                 int64_t now, int64_t max_age, char **token, struct nl_error *err) {
    json_error_t problem;
    char number[32];
    int64_t at = 0;
    *token = NULL;
    json_t *root = json_loadb(report->body, report->len, 0, &problem);
    if (root == NULL)
        return nl_error_set(err, NL_DATA, "no JSON: %s", problem.text);
    const json_t *signature = json_object_get(root, "signature");
    const char *given = json_string_value(json_object_get(signature, "signature"));
    const char *nonce = json_string_value(json_object_get(signature, "token"));
    const char *timestamp = timestamp_of(signature, number);
    enum nl_status status = NL_OK;
    if (given == NULL || nonce == NULL || timestamp == NULL || strlen(nonce) > TOKEN_LIMIT ||
        !mac_fits(secret, timestamp, nonce, given))
        status = nl_error_set(err, NL_NOPERM, "its signature is not Mailgun's");
    else if (!nl_text_integer(timestamp, &at) || !nl_hook_is_timely(at, now, max_age))
        status = nl_error_set(err, NL_NOPERM, "it is too old, or our clock is wrong");
    else
        *token = nl_strdup(nonce);
    json_decref(root);
    return status;
}
