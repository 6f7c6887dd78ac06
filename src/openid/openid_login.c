#include "newsletter/base/jwt.h"
#include "newsletter/base/secret.h"
#include "newsletter/base/text.h"
#include "newsletter/openid/provider.h"
#include "openid/openid_fetch.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST = 32 }; /* bytes of SHA-256 */

/* ---- secrets of a login ---- */

/* 32 bytes in base64url without padding are 43 letters. */
static void encode(const unsigned char digest[DIGEST], char out[NL_OPENID_SECRET]) {
    unsigned char text[4 * ((DIGEST + 2) / 3) + 1];
    EVP_EncodeBlock(text, digest, DIGEST);
    for (size_t i = 0; i < NL_OPENID_SECRET - 1; i++)
        out[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
    out[NL_OPENID_SECRET - 1] = '\0';
}

static void derive(const char *secret, const char *use, const char *browser,
                   char out[NL_OPENID_SECRET]) {
    unsigned char digest[DIGEST] = {0};
    unsigned len = 0;
    struct nl_buf text = {0};
    nl_buf_addf(&text, "%s %s", use, browser);
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)nl_buf_text(&text),
         text.len, digest, &len);
    nl_buf_free(&text);
    encode(digest, out);
}

void nl_openid_login_of(const char *secret, const char *browser, struct nl_openid_login *out) {
    derive(secret, "openid nonce", browser, out->nonce);
    derive(secret, "openid verifier", browser, out->verifier);
}

/* ---- to the provider ---- */

static void add_field(struct nl_buf *out, const char *name, const char *value) {
    nl_buf_addf(out, "%s%s=", out->len > 0 ? "&" : "", name);
    nl_text_encode_percent(out, value);
}

static void add_back(const struct nl_config *config, struct nl_buf *out) {
    struct nl_buf back = {0};
    nl_buf_addf(&back, "%s" NL_OPENID_BACK, config->staff.url);
    add_field(out, "redirect_uri", nl_buf_text(&back));
    nl_buf_free(&back);
}

void nl_openid_address(const struct nl_config *config, const struct nl_openid_provider *provider,
                       const struct nl_openid_login *login, struct nl_buf *out) {
    unsigned char digest[DIGEST] = {0};
    char challenge[NL_OPENID_SECRET];
    struct nl_buf query = {0};
    bool email = strcmp(config->openid.claim, "email") == 0;
    EVP_Digest(login->verifier, strlen(login->verifier), digest, NULL, EVP_sha256(), NULL);
    encode(digest, challenge);
    add_field(&query, "response_type", "code");
    add_field(&query, "client_id", config->openid.client_id);
    add_field(&query, "scope", email ? "openid email" : "openid profile");
    add_back(config, &query);
    add_field(&query, "state", login->state);
    add_field(&query, "nonce", login->nonce);
    add_field(&query, "code_challenge", challenge);
    add_field(&query, "code_challenge_method", "S256");
    nl_buf_addf(out, "%s%s%s", provider->authorization,
                strchr(provider->authorization, '?') != NULL ? "&" : "?", nl_buf_text(&query));
    nl_buf_free(&query);
}

/* ---- the code ---- */

static enum nl_status read_secret(const struct nl_config *config, char **out,
                                  struct nl_error *err) {
    const struct nl_secret_source source = {config->openid.client_secret_file,
                                            config->openid.client_secret_command[0] != NULL
                                                ? config->openid.client_secret_command
                                                : NULL,
                                            NULL};
    *out = NULL;
    return source.file != NULL || source.command != NULL
               ? nl_secret_read("openid.client_secret", &source, out, err)
               : NL_OK;
}

/* Both are form-encoded first (RFC 6749 section 2.3.1). */
static enum nl_status exchange(const struct nl_config *config,
                               const struct nl_openid_provider *provider,
                               const struct nl_openid_login *login, const char *code, json_t **out,
                               struct nl_error *err) {
    struct nl_buf form = {0};
    struct nl_buf user = {0};
    struct nl_buf password = {0};
    char *secret = NULL;
    enum nl_status status = read_secret(config, &secret, err);
    bool basic = secret != NULL && !provider->secret_in_form;
    add_field(&form, "grant_type", "authorization_code");
    add_field(&form, "code", code);
    add_field(&form, "code_verifier", login->verifier);
    add_back(config, &form);
    if (!basic)
        add_field(&form, "client_id", config->openid.client_id);
    if (secret != NULL && !basic)
        add_field(&form, "client_secret", secret);
    nl_text_encode_percent(&user, config->openid.client_id);
    nl_text_encode_percent(&password, secret != NULL ? secret : "");
    const struct nl_openid_request request = {provider->token, nl_buf_text(&form),
                                              basic ? nl_buf_text(&user) : NULL,
                                              basic ? nl_buf_text(&password) : NULL, NULL};
    if (status == NL_OK)
        status = nl_openid_fetch(config, &request, out, err);
    nl_secret_free(secret);
    OPENSSL_cleanse(form.data, form.data != NULL ? form.len : 0);
    OPENSSL_cleanse(password.data, password.data != NULL ? password.len : 0);
    nl_buf_free(&form);
    nl_buf_free(&user);
    nl_buf_free(&password);
    return status;
}

/* ---- the account ---- */

/* Some providers tell only who it is in the token, and the rest where that is asked for (section
 * 5.3). The answer is about the same person, or it does not count (section 5.3.2). */
static enum nl_status add_claims(const struct nl_config *config,
                                 const struct nl_openid_provider *provider, const json_t *answer,
                                 json_t *claims, struct nl_error *err) {
    const struct nl_openid_request request = {
        .url = provider->person,
        .bearer = json_string_value(json_object_get(answer, "access_token"))};
    json_t *person = NULL;
    if (json_object_get(claims, config->openid.claim) != NULL || provider->person == NULL ||
        request.bearer == NULL)
        return NL_OK;
    enum nl_status status = nl_openid_fetch(config, &request, &person, err);
    if (status == NL_OK &&
        !json_equal(json_object_get(person, "sub"), json_object_get(claims, "sub")))
        status = nl_error_set(err, NL_DATA, "the provider's answer is about another person");
    if (status == NL_OK)
        json_object_update_missing(claims, person);
    json_decref(person);
    return status;
}

/* "Ann.Lee@Example.org" is ann.lee, where the provider has verified it and the domain is ours. */
static bool name_of_email(const struct nl_config *config, const json_t *claims, const char *email,
                          char account[NL_OPENID_ACCOUNT + 1]) {
    const char *at = strrchr(email, '@');
    if (at == NULL || !json_is_true(json_object_get(claims, "email_verified")) ||
        strcasecmp(at + 1, config->openid.domain) != 0)
        return false;
    size_t len = (size_t)(at - email);
    memcpy(account, email, len);
    account[len] = '\0';
    for (char *p = account; *p != '\0'; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p);
    return true;
}

static enum nl_status find_account(const struct nl_config *config, const json_t *claims,
                                   char account[NL_OPENID_ACCOUNT + 1], struct nl_error *err) {
    const char *claim = config->openid.claim;
    const char *value = json_string_value(json_object_get(claims, claim));
    account[0] = '\0';
    if (value == NULL || value[0] == '\0' || strlen(value) > NL_OPENID_ACCOUNT)
        return nl_error_set(err, NL_DATA, "the provider gives no '%s' for the person", claim);
    if (strcmp(claim, "email") != 0)
        memcpy(account, value, strlen(value) + 1);
    else if (!name_of_email(config, claims, value, account))
        return nl_error_set(err, NL_DATA,
                            "the provider has not verified the person's address, or it is not in "
                            "the domain %s",
                            config->openid.domain);
    return NL_OK;
}

enum nl_status nl_openid_account(const struct nl_config *config,
                                 const struct nl_openid_provider *provider,
                                 const struct nl_openid_login *login, const char *code, int64_t now,
                                 char account[NL_OPENID_ACCOUNT + 1], struct nl_error *err) {
    const struct nl_openid_request keys_wanted = {.url = provider->keys};
    const struct nl_jwt_expected expected = {config->openid.issuer, config->openid.client_id,
                                             login->nonce, now};
    json_t *answer = NULL;
    json_t *keys = NULL;
    json_t *claims = NULL;
    enum nl_status status = exchange(config, provider, login, code, &answer, err);
    const char *token = json_string_value(json_object_get(answer, "id_token"));
    if (status == NL_OK && token == NULL)
        status = nl_error_set(err, NL_DATA, "the provider's answer has no id_token");
    if (status == NL_OK)
        status = nl_openid_fetch(config, &keys_wanted, &keys, err);
    if (status == NL_OK)
        status = nl_jwt_verify(token, keys, &expected, &claims, err);
    if (status == NL_OK)
        status = add_claims(config, provider, answer, claims, err);
    if (status == NL_OK)
        status = find_account(config, claims, account, err);
    json_decref(answer);
    json_decref(keys);
    json_decref(claims);
    return status;
}
