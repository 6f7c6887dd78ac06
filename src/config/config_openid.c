#include "config/config_policy.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/network.h"
#include "newsletter/base/text.h"

#include <string.h>

static enum nl_status refuse(const struct nl_config *config, const char *what,
                             struct nl_error *err) {
    return nl_error_set(err, NL_CONFIG, "%s: %s", config->path, what);
}

/* The issuer is https, or this machine itself. Its query and fragment would get lost (OpenID
 * Connect Discovery 1.0 section 3). */
static bool is_issuer(const char *issuer) {
    static const char plain[] = "http://";
    struct nl_buf host = {0};
    if (!nl_text_is_http_url(issuer) || strpbrk(issuer, "?#@") != NULL)
        return false;
    if (strncmp(issuer, plain, sizeof plain - 1) != 0)
        return true;
    const char *at = issuer + sizeof plain - 1;
    nl_buf_add(&host, at, strcspn(at, ":/"));
    bool loopback = nl_host_is_loopback(nl_buf_text(&host));
    nl_buf_free(&host);
    return loopback;
}

static bool is_role(const char *role) {
    static const char *const roles[] = {"none", "viewer", "author", "sender", "people"};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(roles[i], role) == 0)
            return true;
    return false;
}

enum nl_status nl_config_check_openid(const struct nl_config *config, struct nl_error *err) {
    struct nl_networks networks = {0};
    bool email = strcmp(config->openid.claim, "email") == 0;
    if (config->openid.issuer == NULL)
        return config->openid.client_id == NULL
                   ? NL_OK
                   : refuse(config, "openid.client_id needs openid.issuer: name the provider", err);
    if (!is_issuer(config->openid.issuer))
        return refuse(config, "openid.issuer is not an https URL", err);
    if (config->openid.client_id == NULL)
        return refuse(config, "openid.issuer needs openid.client_id, as the provider knows us",
                      err);
    if (config->staff.url == NULL)
        return refuse(
            config, "openid.issuer needs staff.url, to which the provider sends people back", err);
    if (email != (config->openid.domain != NULL))
        return refuse(config,
                      email ? "openid.claim email needs openid.domain, the domain of the addresses"
                            : "openid.domain is for openid.claim email",
                      err);
    if (config->openid.role != NULL && !is_role(config->openid.role))
        return refuse(config, "openid.role must be none, viewer, author, sender or people", err);
    enum nl_status status = nl_networks_parse(config->openid.allow_networks, &networks, err);
    nl_networks_free(&networks);
    return status == NL_DATA ? nl_error_context(err, "%s: openid.allow_networks", config->path)
                             : status;
}
