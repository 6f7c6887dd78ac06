#include "doctor/checks.h"

#include "newsletter/inbound/hook.h"
#include "newsletter/inbound/provider.h"

#include <string.h>

/* Whether a relay is this provider's. */
static bool sends_through(const struct nl_config *config, int64_t provider) {
    size_t count = 0;
    const struct nl_smtp_server *relays = nl_config_relays(config, &count);
    for (size_t i = 0; i < count; i++)
        if (relays[i].provider == provider)
            return true;
    return false;
}

static bool reports_to_us(const struct nl_config *config, int64_t provider) {
    for (size_t i = 0; i < config->hook_count; i++)
        if (config->hooks[i].provider == provider)
            return true;
    return false;
}

/* A hook works with its secret only, over https, and for mail that carries its token. */
static void examine_hook(struct nl_doctor *doctor, const struct nl_hook_config *config) {
    const struct nl_provider_guide *provider = nl_provider_guide(config->provider);
    const char *url = doctor->config->serve.url;
    const char *name = nl_provider_names[config->provider];
    struct nl_error err = {0};
    struct nl_hook *hook = NULL;
    size_t before = doctor->out->count;
    if (nl_hook_new(config, &hook, &err) != NL_OK)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "hooks", NULL, "%s", nl_error_text(&err));
    if (url == NULL)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "hooks", NULL,
                        "hooks.%s: serve.url is not set, where %s is to report", config->name,
                        provider->title);
    else if (strncmp(url, "https://", 8) != 0)
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, "hooks", NULL,
                        "hooks.%s: serve.url is not https: %s", config->name,
                        provider->by_login ? "its secret can be read in transit"
                                           : "addresses can be read in transit");
    if (!sends_through(doctor->config, config->provider))
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "hooks", NULL,
                        "hooks.%s: no relay has 'provider: %s': its reports may lack our "
                        "token, and then end no subscription",
                        config->name, name);
    if (doctor->out->count == before)
        nl_findings_add(doctor->out, NL_LEVEL_GOOD, "hooks", NULL,
                        "hooks.%s takes the reports of %s", config->name, provider->title);
    nl_hook_free(hook);
    nl_error_free(&err);
}

static void examine_provider(struct nl_doctor *doctor, int64_t provider) {
    const struct nl_provider_guide *guide = nl_provider_guide(provider);
    const struct nl_config *config = doctor->config;
    if (!reports_to_us(config, provider))
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "hooks", NULL,
                        "mail goes out through %s, but no hook takes its reports: bounces and "
                        "complaints are not seen. See newsletter help hooks",
                        guide->title);
    if (guide->rewrites && (config->dkim.key_file != NULL || config->dkim.ed25519_key_file != NULL))
        nl_findings_add(doctor->out, NL_LEVEL_WARNING, "hooks", NULL,
                        "%s replaces Message-ID and Date, which breaks our DKIM signature: let it "
                        "sign, and remove 'dkim' from the configuration",
                        guide->title);
}

void nl_doctor_hooks(struct nl_doctor *doctor) {
    for (size_t i = 0; i < doctor->config->hook_count; i++)
        examine_hook(doctor, &doctor->config->hooks[i]);
    for (int64_t provider = NL_PROVIDER_NONE + 1; provider < NL_PROVIDERS; provider++)
        if (sends_through(doctor->config, provider))
            examine_provider(doctor, provider);
}
