#include "config/config_check.h"

#include "config/config_approval.h"
#include "config/config_forms.h"
#include "config/config_hooks.h"
#include "config/config_policy.h"
#include "config/config_proof.h"
#include "config/config_seeds.h"
#include "newsletter/base/address.h"
#include "newsletter/base/endpoint.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/network.h"
#include "newsletter/base/text.h"

#include <stdlib.h>
#include <string.h>

static enum nl_status check_url(const struct nl_config *config, const char *name, const char *url,
                                struct nl_error *err) {
    if (url == NULL)
        return NL_OK;
    const char *mark = strstr(url, "{token}");
    if (mark == NULL || strstr(mark + 1, "{token}") != NULL || !nl_text_is_http_url(url))
        return nl_error_set(err, NL_CONFIG,
                            "%s: %s must be an http(s) URL that holds {token} once, such as "
                            "https://www.example.org/confirm?token={token}",
                            config->path, name);
    return NL_OK;
}

static enum nl_status check_fetch(struct nl_config *config, struct nl_error *err) {
    static const int64_t default_ports[2][3] = {{143, 993, 143}, {110, 995, 110}};
    if (config->fetch.port == 0)
        config->fetch.port = default_ports[config->fetch.protocol][config->fetch.security];
    const char *folders[] = {config->fetch.folder, config->fetch.processed, config->fetch.unknown};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (strpbrk(folders[i], "\"\\{}*%") != NULL)
            return nl_error_set(err, NL_CONFIG, "%s: fetch: '%s' is not the name of a folder",
                                config->path, folders[i]);
    if (config->fetch.username == NULL)
        return nl_error_set(err, NL_CONFIG, "%s: fetch.host needs fetch.username", config->path);
    return nl_config_check_server(config, "fetch", config->fetch.host, config->fetch.username,
                                  config->fetch.security, err);
}

/* The public keys lie next to the private one, unless they have a place of their own. */
static enum nl_status find_public_keys(struct nl_config *config, struct nl_error *err) {
    static const char ending[] = ".public";
    const char *key_file = config->signing.key_file;
    if (key_file == NULL || config->signing.public_keys != NULL)
        return NL_OK;
    if (strncmp(key_file, "pkcs11:", 7) == 0)
        return nl_error_set(err, NL_CONFIG,
                            "%s: signing.public_keys must name a file for the public keys, since "
                            "the key of signing.key_file lies in a token",
                            config->path);
    char *path = nl_malloc(strlen(key_file) + sizeof ending);
    stpcpy(stpcpy(path, key_file), ending);
    config->signing.public_keys = path;
    return NL_OK;
}

/* DKIM domains and selectors become part of a header field. */
static enum nl_status check_dkim(const struct nl_config *config, struct nl_error *err) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    const char *names[] = {config->dkim.domain, config->dkim.selector,
                           config->dkim.ed25519_selector};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i] != NULL && strspn(names[i], allowed) != strlen(names[i]))
            return nl_error_set(err, NL_CONFIG, "%s: dkim: '%s' is not a domain name or selector",
                                config->path, names[i]);
    if ((config->dkim.key_file != NULL) != (config->dkim.selector != NULL) ||
        (config->dkim.ed25519_key_file != NULL) != (config->dkim.ed25519_selector != NULL))
        return nl_error_set(err, NL_CONFIG, "%s: dkim: a key file and its selector go together",
                            config->path);
    return NL_OK;
}

static enum nl_status check_smime(const struct nl_config *config, struct nl_error *err) {
    bool certificate = config->smime.certificate_file != NULL;
    if (certificate != (config->smime.key_file != NULL))
        return nl_error_set(err, NL_CONFIG,
                            "%s: smime: a certificate_file and its key_file go together",
                            config->path);
    if (!certificate && (config->smime.chain_file != NULL || config->smime.from != NULL))
        return nl_error_set(err, NL_CONFIG, "%s: smime: the certificate_file is missing",
                            config->path);
    return NL_OK;
}

/* Fills in the address of a page of `serve`, unless the setting names another. */
static void default_url(const struct nl_config *config, const char *page, char **target) {
    struct nl_buf url = {0};
    if (*target != NULL || config->serve.url == NULL)
        return;
    nl_buf_addf(&url, "%s/%s?token={token}", config->serve.url, page);
    *target = nl_buf_take(&url);
}

/* Checks the URL of a site, removes its final slashes, and checks its two PEM files. */
static enum nl_status check_site(const struct nl_config *config, const char *section, char *url,
                                 const char *certificate, const char *key, struct nl_error *err) {
    if (url != NULL && (!nl_text_is_http_url(url) || strpbrk(url, "?#{}") != NULL))
        return nl_error_set(err, NL_CONFIG, "%s: %s.url '%s' is not an http(s) URL of a folder",
                            config->path, section, url);
    while (url != NULL && url[strlen(url) - 1] == '/')
        url[strlen(url) - 1] = '\0';
    if ((certificate != NULL) != (key != NULL))
        return nl_error_set(err, NL_CONFIG, "%s: %s.certificate and %s.key go together",
                            config->path, section, section);
    return NL_OK;
}

/* Pairs of an identifier and a list, with commas between them. */
static enum nl_status check_moved_lists(const struct nl_config *config, struct nl_error *err) {
    const char *at = config->serve.moved_lists != NULL ? config->serve.moved_lists : "";
    while (*at != '\0') {
        size_t pair = strcspn(at, ",");
        const char *sign = memchr(at, '=', pair);
        if (sign == NULL || sign == at || sign + 1 == at + pair)
            return nl_error_set(err, NL_CONFIG,
                                "%s: serve.moved_lists: '%.*s' is not IDENTIFIER=LIST",
                                config->path, (int)(pair < 80 ? pair : 80), at);
        at += pair;
        at += strspn(at, ", ");
    }
    return NL_OK;
}

/* The dashboard receives passwords: without TLS it may only listen on this machine, or sit behind a
 * proxy that speaks TLS. */
static enum nl_status check_staff(const struct nl_config *config, struct nl_error *err) {
    const char *listen = config->staff.listen;
    const char *url = config->staff.url;
    enum nl_status status = check_site(config, "staff", config->staff.url,
                                       config->staff.certificate, config->staff.key, err);
    if (status != NL_OK || listen == NULL || config->staff.certificate != NULL ||
        (url != NULL && strncmp(url, "https://", 8) == 0))
        return status;
    struct nl_endpoint at;
    return nl_endpoint_read(listen, &at) && nl_host_is_loopback(at.host)
               ? NL_OK
               : nl_error_set(err, NL_CONFIG,
                              "%s: staff.listen %s would take passwords in the clear: set "
                              "staff.certificate and staff.key, or staff.url to the https "
                              "address of a proxy before it",
                              config->path, listen);
}

static enum nl_status check_serve(struct nl_config *config, struct nl_error *err) {
    struct nl_networks networks = {0};
    enum nl_status status = check_site(config, "serve", config->serve.url,
                                       config->serve.certificate, config->serve.key, err);
    if (status == NL_OK)
        status = check_staff(config, err);
    if (status != NL_OK)
        return status;
    default_url(config, "confirm", &config->confirm_url);
    default_url(config, "unsubscribe", &config->unsubscribe_url);
    default_url(config, "preferences", &config->preferences_url);
    default_url(config, "page", &config->page_url);
    default_url(config, "address", &config->address_url);
    status = nl_networks_parse(config->serve.trusted_proxies, &networks, err);
    if (status == NL_DATA)
        nl_error_context(err, "%s: serve.trusted_proxies", config->path);
    if (status == NL_OK && networks.count == 0 &&
        (config->serve.proxy_protocol || config->staff.proxy_protocol))
        status = nl_error_set(err, NL_CONFIG,
                              "%s: proxy_protocol needs serve.trusted_proxies: name the proxies",
                              config->path);
    nl_networks_free(&networks);
    if (status != NL_OK)
        return status;
    status = check_moved_lists(config, err);
    if (status == NL_OK)
        status = nl_config_check_approval(config, err);
    if (status == NL_OK)
        status = nl_config_check_openid(config, err);
    if (status == NL_OK)
        status = nl_config_check_proof_groups(config, err);
    if (status == NL_OK)
        status = nl_config_check_seeds(config, err);
    if (status != NL_OK)
        return status;
    status = nl_networks_parse(config->webhooks.allow_networks, &networks, err);
    if (status == NL_DATA)
        nl_error_context(err, "%s: webhooks.allow_networks", config->path);
    nl_networks_free(&networks);
    if (status != NL_OK)
        return status;
    status = nl_networks_parse(config->serve.metrics, &networks, err);
    if (status == NL_DATA)
        nl_error_context(err, "%s: serve.metrics", config->path);
    nl_networks_free(&networks);
    return status;
}

/* The return path of a delivery is made from it: the token takes up to 36 of the 64 characters that
 * RFC 5321 section 4.5.3.1.1 allows before the @. */
static enum nl_status check_bounce_address(const struct nl_config *config, struct nl_error *err) {
    struct nl_address address = {0};
    enum nl_status status = nl_address_parse(config->bounce_address, &address, err);
    if (status == NL_OK && strchr(address.envelope, '@') - address.envelope > 28)
        status = nl_error_set(err, NL_CONFIG,
                              "more than 28 characters before the @ leave no room for the return "
                              "token");
    if (status == NL_OK && address.smtputf8)
        status = nl_error_set(err, NL_CONFIG, "use ASCII characters before the @");
    nl_address_free(&address);
    if (status != NL_OK)
        nl_error_context(err, "%s: bounce_address", config->path);
    return status;
}

static enum nl_status check_media(const struct nl_config *config, struct nl_error *err) {
    static const struct nl_medium none = {0};
    size_t count = NL_MEDIA;
    while (count > 0 && memcmp(&config->media[count - 1], &none, sizeof none) == 0)
        count--;
    for (size_t i = 0; i < count; i++) {
        const char *problem = nl_medium_problem(&config->media[i]);
        if (problem != NULL)
            return nl_error_set(err, NL_CONFIG, "%s: media: recording %zu: %s", config->path, i + 1,
                                problem);
    }
    return NL_OK;
}

enum nl_status nl_config_check(struct nl_config *config, struct nl_error *err) {
    enum nl_status status = check_serve(config, err);
    if (status == NL_OK)
        status = check_url(config, "confirm_url", config->confirm_url, err);
    if (status == NL_OK)
        status = check_url(config, "unsubscribe_url", config->unsubscribe_url, err);
    if (status == NL_OK)
        status = check_url(config, "preferences_url", config->preferences_url, err);
    if (status != NL_OK)
        return status;
    if (config->images_url != NULL && !nl_text_is_http_url(config->images_url))
        return nl_error_set(err, NL_CONFIG, "%s: images_url is not an http(s) URL", config->path);
    if (config->serve.websub != NULL && !nl_text_is_http_url(config->serve.websub))
        return nl_error_set(err, NL_CONFIG, "%s: serve.websub is not an http(s) URL", config->path);
    const char *program = NULL;
    if (config->archive.pdf != NULL && nl_config_pdf(config, &program) == NL_PDF_NONE)
        return nl_error_set(err, NL_CONFIG,
                            "%s: archive.pdf is '%s', expected weasyprint, chromium, or the "
                            "absolute path of Chromium or of a Python that has WeasyPrint",
                            config->path, config->archive.pdf);
    status = check_media(config, err);
    if (status == NL_OK)
        status = find_public_keys(config, err);
    if (status == NL_OK)
        status = check_dkim(config, err);
    if (status == NL_OK)
        status = check_smime(config, err);
    if (status == NL_OK)
        status = nl_config_check_forms(config, err);
    if (status == NL_OK)
        status = nl_config_check_hooks(config, err);
    if (status == NL_OK)
        status = nl_config_check_policy(config, err);
    if (status == NL_OK && config->fetch.host != NULL)
        status = check_fetch(config, err);
    if (status == NL_OK && config->bounce_address != NULL)
        status = check_bounce_address(config, err);
    return status == NL_DATA ? NL_CONFIG : status;
}
