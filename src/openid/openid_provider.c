#include "newsletter/base/memory.h"
#include "newsletter/openid/provider.h"

#include "newsletter/base/text.h"
#include "openid/openid_fetch.h"

#include <stdlib.h>
#include <string.h>

static const char *word(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

/* Whether a list of words has one; where there is no such list, `unsaid` is so. */
static bool has(const json_t *object, const char *name, const char *wanted, bool unsaid) {
    const json_t *list = json_object_get(object, name);
    size_t at = 0;
    json_t *one = NULL;
    if (!json_is_array(list))
        return unsaid;
    json_array_foreach(list, at, one) if (json_is_string(one) &&
                                          strcmp(json_string_value(one), wanted) == 0) return true;
    return false;
}

void nl_openid_provider_free(struct nl_openid_provider *provider) {
    free(provider->authorization);
    free(provider->token);
    free(provider->keys);
    free(provider->person);
    *provider = (struct nl_openid_provider){0};
}

static enum nl_status take_address(const struct nl_config *config, const json_t *said,
                                   const char *name, char **out, struct nl_error *err) {
    const char *url = word(said, name);
    if (!nl_openid_is_address(config, url))
        return nl_error_set(err, NL_DATA, "the provider's %s is not an https address", name);
    *out = nl_strdup(url);
    return NL_OK;
}

static enum nl_status check_abilities(const json_t *said, struct nl_error *err) {
    if (!has(said, "response_types_supported", "code", false))
        return nl_error_set(err, NL_DATA,
                            "the provider does not offer the authorization code flow");
    if (!has(said, "id_token_signing_alg_values_supported", "RS256", false) &&
        !has(said, "id_token_signing_alg_values_supported", "ES256", false))
        return nl_error_set(err, NL_DATA, "the provider signs with neither RS256 nor ES256");
    return has(said, "code_challenge_methods_supported", "S256", true)
               ? NL_OK
               : nl_error_set(err, NL_DATA, "the provider does not offer PKCE (S256)");
}

enum nl_status nl_openid_discover(const struct nl_config *config, struct nl_openid_provider *out,
                                  struct nl_error *err) {
    const char *issuer = config->openid.issuer;
    size_t len = strlen(issuer);
    struct nl_buf url = {0};
    json_t *said = NULL;
    *out = (struct nl_openid_provider){0};
    nl_buf_addf(&url, "%.*s/.well-known/openid-configuration",
                (int)(len > 0 && issuer[len - 1] == '/' ? len - 1 : len), issuer);
    const struct nl_openid_request request = {.url = nl_buf_text(&url)};
    enum nl_status status = nl_openid_fetch(config, &request, &said, err);
    if (status == NL_OK && strcmp(word(said, "issuer"), issuer) != 0)
        status = nl_error_set(err, NL_DATA,
                              "the provider calls itself '%.200s': openid.issuer must be that",
                              word(said, "issuer"));
    if (status == NL_OK)
        status = check_abilities(said, err);
    if (status == NL_OK)
        status = take_address(config, said, "authorization_endpoint", &out->authorization, err);
    if (status == NL_OK)
        status = take_address(config, said, "token_endpoint", &out->token, err);
    if (status == NL_OK)
        status = take_address(config, said, "jwks_uri", &out->keys, err);
    if (status == NL_OK && json_object_get(said, "userinfo_endpoint") != NULL)
        status = take_address(config, said, "userinfo_endpoint", &out->person, err);
    out->secret_in_form =
        !has(said, "token_endpoint_auth_methods_supported", "client_secret_basic", true);
    out->tells_issuer =
        json_is_true(json_object_get(said, "authorization_response_iss_parameter_supported"));
    json_decref(said);
    nl_buf_free(&url);
    if (status != NL_OK)
        nl_openid_provider_free(out);
    return status;
}

enum nl_status nl_openid_count_keys(const struct nl_config *config,
                                    const struct nl_openid_provider *provider, size_t *count,
                                    struct nl_error *err) {
    const struct nl_openid_request request = {.url = provider->keys};
    json_t *keys = NULL;
    size_t at = 0;
    json_t *key = NULL;
    enum nl_status status = nl_openid_fetch(config, &request, &keys, err);
    *count = 0;
    json_array_foreach(json_object_get(keys, "keys"), at, key) {
        const char *kind = word(key, "kty");
        *count += strcmp(kind, "RSA") == 0 ||
                  (strcmp(kind, "EC") == 0 && strcmp(word(key, "crv"), "P-256") == 0);
    }
    json_decref(keys);
    return status;
}
