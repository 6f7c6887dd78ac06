#include "newsletter/base/jwt.h"
#include "newsletter/base/memory.h"

#include "base/jwt_key.h"
#include "newsletter/base/passkey.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS_MOST = 32, SIGNATURE_MOST = 1024 };

#define TIME_MOST 1e12 /* seconds */

/* The three parts of a token. */
struct parts {
    char *text; /* of its own; the points within it have become NUL */
    char *payload, *signature;
    size_t signed_len; /* of header and payload, with their point */
};

static bool split(const char *token, struct parts *out) {
    size_t len = strnlen(token, NL_JWT_MOST + 1);
    out->text = len <= NL_JWT_MOST ? nl_strdup(token) : NULL;
    char *first = out->text != NULL ? strchr(out->text, '.') : NULL;
    char *second = first != NULL ? strchr(first + 1, '.') : NULL;
    if (second == NULL || strchr(second + 1, '.') != NULL)
        return false;
    out->signed_len = (size_t)(second - out->text);
    *first = *second = '\0';
    out->payload = first + 1;
    out->signature = second + 1;
    return true;
}

/* A JSON object in base64url; NULL for anything else, also where a member stands twice. */
static json_t *object_of(const char *text) {
    size_t len = strlen(text);
    unsigned char *bytes = nl_malloc(len + 1);
    json_t *object = NULL;
    if (nl_base64url(text, bytes, len, &len))
        object = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
    free(bytes);
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

/* ---- the signature ---- */

static enum nl_status refuse(const char *why, struct nl_error *err) {
    return nl_error_set(err, NL_DATA, "the token of the identity provider is refused: %s", why);
}

static bool is_signed(const char *token, const struct parts *parts, const json_t *keys,
                      const char *algorithm, const char *id) {
    const json_t *list = json_object_get(keys, "keys");
    unsigned char signature[SIGNATURE_MOST];
    size_t len = 0;
    size_t at = 0;
    json_t *key = NULL;
    if (!nl_base64url(parts->signature, signature, sizeof signature, &len))
        return false;
    json_array_foreach(list, at, key) {
        if (at >= KEYS_MOST)
            break;
        if (nl_jwt_key_fits(key, algorithm, id) &&
            nl_jwt_key_verifies(key, algorithm, token, parts->signed_len, signature, len))
            return true;
    }
    return false;
}

/* The algorithm is one of two whatever the header says: "none" and keyed ones are not signatures by
 * the provider (RFC 8725 section 3.1). */
static enum nl_status check_signature(const char *token, const struct parts *parts,
                                      const json_t *keys, struct nl_error *err) {
    json_t *header = object_of(parts->text);
    const char *algorithm = json_string_value(json_object_get(header, "alg"));
    const char *id = json_string_value(json_object_get(header, "kid"));
    enum nl_status status = NL_OK;
    if (algorithm == NULL || (strcmp(algorithm, "RS256") != 0 && strcmp(algorithm, "ES256") != 0))
        status = refuse("it is not signed by RS256 or ES256", err);
    else if (json_object_get(header, "crit") != NULL)
        status = refuse("its header has an extension", err);
    else if (!is_signed(token, parts, keys, algorithm, id))
        status = refuse("the signature is by none of the provider's keys", err);
    json_decref(header);
    return status;
}

/* ---- the claims ---- */

static bool is_word(const json_t *claims, const char *name, const char *expected) {
    const char *text = json_string_value(json_object_get(claims, name));
    return text != NULL && strcmp(text, expected) == 0;
}

/* One of several parties that a token is for must be named as the one that asked for it. */
static bool is_for(const json_t *claims, const char *audience) {
    const json_t *all = json_object_get(claims, "aud");
    size_t at = 0;
    json_t *one = NULL;
    bool named = is_word(claims, "aud", audience);
    json_array_foreach(all, at, one) named =
        named || (json_is_string(one) && strcmp(json_string_value(one), audience) == 0);
    return named && (json_array_size(all) <= 1 || json_object_get(claims, "azp") != NULL) &&
           (json_object_get(claims, "azp") == NULL || is_word(claims, "azp", audience));
}

/* A number may be too large for a time. */
static bool time_of(const json_t *claims, const char *name, int64_t *out) {
    double seconds = json_number_value(json_object_get(claims, name)); /* 0 for what is none */
    bool good = seconds > 0 && seconds < TIME_MOST;
    *out = good ? (int64_t)seconds : 0;
    return good;
}

static const char *problem_of_time(const json_t *claims, int64_t now) {
    int64_t expires = 0;
    int64_t issued = 0;
    int64_t begins = 0;
    if (!time_of(claims, "exp", &expires) || !time_of(claims, "iat", &issued))
        return "it does not say when it was made and ends";
    if (expires <= now - NL_JWT_SKEW)
        return "it has expired";
    if (issued > now + NL_JWT_SKEW)
        return "it was made in the future: compare the clocks";
    if (json_object_get(claims, "nbf") != NULL &&
        (!time_of(claims, "nbf", &begins) || begins > now + NL_JWT_SKEW))
        return "it is not valid yet";
    return NULL;
}

static enum nl_status check_claims(const json_t *claims, const struct nl_jwt_expected *expected,
                                   struct nl_error *err) {
    const char *subject = json_string_value(json_object_get(claims, "sub"));
    const char *problem = problem_of_time(claims, expected->now);
    if (!is_word(claims, "iss", expected->issuer))
        return refuse("it was made by another provider", err);
    if (!is_for(claims, expected->audience))
        return refuse("it is meant for another program", err);
    if (!is_word(claims, "nonce", expected->nonce))
        return refuse("it was not requested by this browser", err);
    if (subject == NULL || subject[0] == '\0')
        return refuse("it names nobody", err);
    return problem != NULL ? refuse(problem, err) : NL_OK;
}

enum nl_status nl_jwt_verify(const char *token, const json_t *keys,
                             const struct nl_jwt_expected *expected, json_t **claims,
                             struct nl_error *err) {
    struct parts parts = {0};
    *claims = NULL;
    enum nl_status status =
        split(token, &parts) ? NL_OK : refuse("it is not a token, or it is too large", err);
    if (status == NL_OK)
        status = check_signature(token, &parts, keys, err);
    if (status == NL_OK && (*claims = object_of(parts.payload)) == NULL)
        status = refuse("its claims are not a JSON object", err);
    if (status == NL_OK)
        status = check_claims(*claims, expected, err);
    if (status != NL_OK) {
        json_decref(*claims);
        *claims = NULL;
    }
    free(parts.text);
    return status;
}
