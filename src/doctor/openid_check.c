/* Whether the identity provider answers, and in a way that is good for us. */
#include "doctor/checks.h"

#include "newsletter/base/secret.h"
#include "newsletter/openid/provider.h"

static enum nl_status try_secret(const struct nl_config *config, struct nl_error *err) {
    const struct nl_secret_source source = {config->openid.client_secret_file,
                                            config->openid.client_secret_command[0] != NULL
                                                ? config->openid.client_secret_command
                                                : NULL,
                                            NULL};
    char *secret = NULL;
    if (source.file == NULL && source.command == NULL)
        return NL_OK;
    enum nl_status status = nl_secret_read("openid.client_secret", &source, &secret, err);
    nl_secret_free(secret);
    return status;
}

void nl_doctor_openid(struct nl_doctor *doctor) {
    const struct nl_config *config = doctor->config;
    struct nl_openid_provider provider = {0};
    struct nl_error err = {0};
    size_t keys = 0;
    if (config->openid.issuer == NULL)
        return;
    enum nl_status status = nl_openid_discover(config, &provider, &err);
    if (status == NL_OK)
        status = nl_openid_count_keys(config, &provider, &keys, &err);
    if (status == NL_OK && keys == 0)
        status = nl_error_set(&err, NL_DATA, "it has no keys for RS256 or ES256");
    if (status == NL_OK)
        status = try_secret(config, &err);
    if (status == NL_OK)
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "openid", NULL,
                        "the identity provider %s answers", config->openid.issuer);
    else
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "openid", NULL,
                        "nobody can log in through the identity provider %s: %s",
                        config->openid.issuer, nl_error_text(&err));
    nl_openid_provider_free(&provider);
    nl_error_free(&err);
}
