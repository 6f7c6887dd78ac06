#include "config/config_policy.h"

#include "newsletter/base/address.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/network.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/base/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum nl_status nl_config_check_server(const struct nl_config *config, const char *section,
                                      const char *host, const char *username, int64_t security,
                                      struct nl_error *err) {
    if (strpbrk(host, " /@?#%\\") != NULL)
        return nl_error_set(err, NL_CONFIG, "%s: %s.host '%s' is not a host name", config->path,
                            section, host);
    if (username != NULL && security == NL_SMTP_PLAIN && !nl_host_is_loopback(host))
        return nl_error_set(err, NL_CONFIG,
                            "%s: %s.username with security: none would send the password in the "
                            "clear: use starttls or tls",
                            config->path, section);
    return NL_OK;
}

static enum nl_status check_relay(struct nl_config *config, struct nl_smtp_server *server,
                                  const char *section, struct nl_error *err) {
    static const int64_t default_ports[] = {587, 465, 25};
    if (server->weight == 0)
        server->weight = 1;
    if (server->port == 0)
        server->port = default_ports[server->security];
    return nl_config_check_server(config, section, server->host, server->username, server->security,
                                  err);
}

static enum nl_status check_relays(struct nl_config *config, struct nl_error *err) {
    enum nl_status status = check_relay(config, &config->server, "smtp", err);
    bool ended = false;
    for (size_t i = 0; status == NL_OK && i < NL_RELAYS; i++) {
        struct nl_smtp_server *server = &config->relays[i];
        char section[32];
        snprintf(section, sizeof section, "relays.%zu", i);
        bool given = server->host != NULL || server->port != 0 || server->username != NULL;
        if (given && (ended || server->host == NULL))
            status = nl_error_set(err, NL_CONFIG, "%s: %s has no host", config->path, section);
        else if (given)
            status = check_relay(config, server, section, err);
        ended = ended || !given;
    }
    return status;
}

/* Converts the domain to A-labels, as they stand in the envelope. */
static enum nl_status normalise(char **domain, struct nl_error *err) {
    struct nl_address address = {0};
    struct nl_buf text = {0};
    if (strcmp(*domain, "*") == 0)
        return NL_OK;
    nl_buf_addf(&text, "x@%s", *domain);
    enum nl_status status = nl_address_parse(nl_buf_text(&text), &address, err);
    if (status == NL_OK) {
        free(*domain);
        *domain = nl_strdup(strchr(address.envelope, '@') + 1);
    }
    nl_address_free(&address);
    nl_buf_free(&text);
    return status;
}

static enum nl_status check_domains(struct nl_config *config, struct nl_error *err) {
    struct nl_domain_limit *limits = config->limits.domains;
    for (size_t i = 0; i < NL_DOMAINS; i++) {
        bool given = limits[i].per_second != 0 || limits[i].connections != 0;
        if (limits[i].domain == NULL && given)
            return nl_error_set(err, NL_CONFIG, "%s: limits.domains.%zu has no domain",
                                config->path, i);
        if (limits[i].domain != NULL && normalise(&limits[i].domain, err) != NL_OK)
            return nl_error_set(err, NL_CONFIG,
                                "%s: limits.domains.%zu: '%s' is not a domain, nor *", config->path,
                                i, limits[i].domain);
    }
    return NL_OK;
}

static enum nl_status check_routes(struct nl_config *config, struct nl_error *err) {
    struct nl_networks networks = {0};
    for (size_t i = 0; i < NL_ROUTES; i++) {
        struct nl_route *route = &config->routes[i];
        if (route->domain == NULL && i + 1 < NL_ROUTES && config->routes[i + 1].domain != NULL)
            return nl_error_set(err, NL_CONFIG, "%s: routes.%zu has no domain", config->path, i);
        if (route->domain != NULL &&
            (strcmp(route->domain, "*") == 0 || normalise(&route->domain, err) != NL_OK))
            return nl_error_set(err, NL_CONFIG, "%s: routes.%zu: '%s' is not a domain",
                                config->path, i, route->domain);
        if (route->domain != NULL && route->dane && route->by != NL_DIRECTLY)
            return nl_error_set(err, NL_CONFIG, "%s: routes.%zu: dane is for by: direct",
                                config->path, i);
    }
    enum nl_status status = nl_networks_parse(config->direct.allow_networks, &networks, err);
    nl_networks_free(&networks);
    return status == NL_DATA ? nl_error_context(err, "%s: direct.allow_networks", config->path)
                             : status;
}

/* Gives the address the one form that it is known by. */
static enum nl_status check_source(const struct nl_config *config, struct nl_source *source,
                                   size_t which, struct nl_error *err) {
    struct nl_ip ip;
    char text[NL_IP_TEXT];
    if (!nl_ip_parse(source->address, &ip))
        return nl_error_set(err, NL_CONFIG, "%s: direct.sources.%zu.address '%s' is not an address",
                            config->path, which, source->address);
    if (source->helo != NULL &&
        (strchr(source->helo, '.') == NULL || strpbrk(source->helo, " /@?#%\\:\r\n") != NULL))
        return nl_error_set(err, NL_CONFIG,
                            "%s: direct.sources.%zu.helo '%s' is not a full host name",
                            config->path, which, source->helo);
    if (source->since != NULL && !nl_datetime_is_day(source->since))
        return nl_error_set(err, NL_CONFIG,
                            "%s: direct.sources.%zu.since '%s' is not a day such as 2026-12-01",
                            config->path, which, source->since);
    nl_ip_text(&ip, text);
    free(source->address);
    source->address = nl_strdup(text);
    if (source->weight == 0)
        source->weight = 1;
    return NL_OK;
}

static enum nl_status check_sources(struct nl_config *config, struct nl_error *err) {
    struct nl_source *sources = config->direct.sources;
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < NL_SOURCES; i++) {
        bool given = sources[i].address != NULL || sources[i].helo != NULL;
        if (given && (sources[i].address == NULL || (i > 0 && sources[i - 1].address == NULL)))
            return nl_error_set(err, NL_CONFIG, "%s: direct.sources.%zu has no address",
                                config->path, sources[i].address == NULL ? i : i - 1);
        if (given)
            status = check_source(config, &sources[i], i, err);
        for (size_t j = 0; status == NL_OK && given && j < i; j++)
            if (strcmp(sources[j].address, sources[i].address) == 0)
                status = nl_error_set(err, NL_CONFIG, "%s: direct.sources has %s twice",
                                      config->path, sources[i].address);
    }
    return status;
}

static enum nl_status check_providers(const struct nl_config *config, struct nl_error *err) {
    for (size_t i = 0; i < NL_PROVIDER_LIMITS; i++) {
        const struct nl_provider_limit *limit = &config->direct.providers[i];
        const struct nl_warm_up_plan *plan = &config->direct.warm_up[i];
        bool given = limit->connections != 0 || limit->messages != 0 || limit->per_minute != 0 ||
                     limit->per_hour != 0;
        if (given && limit->name == NULL)
            return nl_error_set(err, NL_CONFIG, "%s: direct.providers.%zu has no name",
                                config->path, i);
        if ((plan->provider != NULL) != (plan->days[0] != 0))
            return nl_error_set(err, NL_CONFIG,
                                "%s: direct.warm_up.%zu needs both provider and days", config->path,
                                i);
    }
    return NL_OK;
}

size_t nl_config_sources(const struct nl_config *config) {
    size_t count = 0;
    while (count < NL_SOURCES && config->direct.sources[count].address != NULL)
        count++;
    return count;
}

static bool goes(const struct nl_config *config, enum nl_delivery_way way) {
    for (size_t i = 0; i < NL_ROUTES && config->routes[i].domain != NULL; i++)
        if (config->routes[i].by == (int64_t)way)
            return true;
    return config->delivery == (int64_t)way;
}

bool nl_config_is_direct(const struct nl_config *config) {
    return goes(config, NL_DIRECTLY);
}

bool nl_config_uses_relay(const struct nl_config *config) {
    return goes(config, NL_BY_RELAY) || config->fallback == NL_FALLBACK_RELAY;
}

bool nl_config_needs_dane(const struct nl_config *config, const char *domain) {
    for (size_t i = 0; i < NL_ROUTES && config->routes[i].domain != NULL; i++)
        if (strcmp(config->routes[i].domain, domain) == 0)
            return config->routes[i].dane;
    return false;
}

enum nl_delivery_way nl_config_way(const struct nl_config *config, const char *domain) {
    for (size_t i = 0; i < NL_ROUTES && config->routes[i].domain != NULL; i++)
        if (strcmp(config->routes[i].domain, domain) == 0)
            return (enum nl_delivery_way)config->routes[i].by;
    return (enum nl_delivery_way)config->delivery;
}

static enum nl_status check_times(struct nl_config *config, struct nl_error *err) {
    const char *since = config->warm_up.since;
    struct nl_hours hours = {0};
    char text[32];
    int64_t at = 0;
    if ((since != NULL) != (config->warm_up.days[0] != 0))
        return nl_error_set(err, NL_CONFIG, "%s: warm_up needs both since and days", config->path);
    if (since != NULL) {
        snprintf(text, sizeof text, "%.20s 00:00", since);
        if (!nl_zone_time(text, NULL, &at))
            return nl_error_set(err, NL_CONFIG,
                                "%s: warm_up.since '%s' is not a day such as "
                                "2026-12-01",
                                config->path, since);
    }
    if (config->quiet.timezone != NULL && nl_zone_check(config->quiet.timezone, err) != NL_OK) {
        err->status = NL_CONFIG;
        return nl_error_context(err, "%s: quiet.timezone", config->path);
    }
    if (config->quiet.hours != NULL && !nl_hours_parse(config->quiet.hours, &hours))
        return nl_error_set(err, NL_CONFIG, "%s: quiet.hours '%s' are not like 22:00-07:00",
                            config->path, config->quiet.hours);
    return NL_OK;
}

enum nl_status nl_config_check_policy(struct nl_config *config, struct nl_error *err) {
    enum nl_status status = check_relays(config, err);
    if (status == NL_OK)
        status = check_domains(config, err);
    if (status == NL_OK)
        status = check_routes(config, err);
    if (status == NL_OK)
        status = check_sources(config, err);
    if (status == NL_OK)
        status = check_providers(config, err);
    return status == NL_OK ? check_times(config, err) : status;
}

const struct nl_smtp_server *nl_config_relays(const struct nl_config *config, size_t *count) {
    for (*count = 0; *count < NL_RELAYS && config->relays[*count].host != NULL;)
        ++*count;
    if (*count > 0)
        return config->relays;
    *count = 1;
    return &config->server;
}
