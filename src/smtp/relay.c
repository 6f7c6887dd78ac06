#include "smtp/relay_hosts.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/secret.h"
#include "newsletter/resolve/resolver.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void nl_relay_add_helo(struct nl_buf *url, const char *helo) {
    char host[256];
    if (helo == NULL && gethostname(host, sizeof host) == 0) {
        host[sizeof host - 1] = '\0';
        helo = host;
    }
    nl_buf_addc(url, '/');
    for (const char *p = helo != NULL ? helo : "localhost"; *p; p++)
        if (strchr("/?#%@\\ ", *p) == NULL)
            nl_buf_addc(url, *p);
}

void nl_relay_add_name(const struct nl_smtp_server *server, struct nl_buf *out) {
    bool literal = strchr(server->host, ':') != NULL;
    nl_buf_addf(out, literal ? "[%s]:%lld" : "%s:%lld", server->host, (long long)server->port);
}

static void name_host(const struct nl_config *config, struct relay_host *host) {
    struct nl_buf url = {0};
    struct nl_buf name = {0};
    nl_relay_add_name(host->server, &name);
    nl_buf_addf(&url, "%s://%s", host->server->security == NL_SMTP_TLS ? "smtps" : "smtp",
                nl_buf_text(&name));
    nl_relay_add_helo(&url, config->smtp.helo);
    host->url = nl_buf_take(&url);
    host->name = nl_buf_take(&name);
}

/* A place for one more host, zeroed. */
static struct relay_host *next_host(struct nl_relay *relay) {
    if (relay->all == relay->room) {
        size_t room = relay->room == 0 ? NL_RELAYS : 2 * relay->room;
        relay->hosts = nl_realloc(relay->hosts, room * sizeof *relay->hosts);
        relay->room = room;
    }
    relay->hosts[relay->all] = (struct relay_host){0};
    return &relay->hosts[relay->all++];
}

static enum nl_status add_host(struct nl_relay *relay, const struct nl_smtp_server *server,
                               const char *password_file, struct nl_error *err) {
    struct relay_host *host = next_host(relay);
    relay->count++;
    const struct nl_secret_source source = {
        .file = password_file != NULL ? password_file : server->password_file,
        .command = server->password_command,
        .env = server->password_env,
    };
    host->server = server;
    enum nl_status status = NL_OK;
    name_host(relay->config, host);
    if (server->username != NULL)
        status = nl_secret_read("SMTP", &source, &host->password, err);
    if (status == NL_OK && server->username != NULL && host->password == NULL)
        status = nl_error_set(err, NL_CONFIG,
                              "%s: there is a username for %s but no password: set password_file, "
                              "password_command or password_env",
                              relay->config->path, host->name);
    if (status == NL_OK && server->security != NL_SMTP_PLAIN)
        status = nl_tls_new(server, &host->tls, err);
    return status;
}

enum nl_status nl_relay_new(const struct nl_config *config, const char *password_file,
                            struct nl_relay **out, struct nl_error *err) {
    struct nl_relay *relay = nl_calloc(1, sizeof *relay);
    enum nl_status status = NL_OK;
    *out = NULL;
    relay->config = config;
    relay->shared = nl_calloc(1, sizeof *relay->shared);
    size_t count = 0;
    const struct nl_smtp_server *servers = nl_config_relays(config, &count);
    for (size_t i = 0; status == NL_OK && i < count; i++)
        status =
            add_host(relay, &servers[i], servers == &config->server ? password_file : NULL, err);
    if (status != NL_OK) {
        nl_relay_free(relay);
        return status;
    }
    *out = relay;
    return NL_OK;
}

static void free_host(struct relay_host *host) {
    free(host->url);
    free(host->name);
    nl_secret_free(host->password);
    nl_tls_free(host->tls);
    free(host->own);
    if (host->addresses != NULL) /* libcurl is opened by its first call */
        curl_slist_free_all(host->addresses);
    free(host->state);
}

void nl_relay_free(struct nl_relay *relay) {
    if (relay == NULL)
        return;
    for (size_t i = relay->borrowed; i < relay->all; i++)
        free_host(&relay->hosts[i]);
    if (!relay->branch && relay->shared != NULL) {
        nl_resolver_free(relay->shared->resolver);
        nl_tls_free(relay->shared->authorities);
        free(relay->shared);
    }
    free(relay->hosts);
    free(relay);
}

struct nl_relay *nl_relay_branch(const struct nl_relay *relay) {
    struct nl_relay *branch = nl_malloc(sizeof *branch);
    *branch = *relay;
    branch->branch = true;
    branch->borrowed = branch->all;
    branch->hosts = nl_malloc(branch->room * sizeof *branch->hosts);
    memcpy(branch->hosts, relay->hosts, relay->all * sizeof *branch->hosts);
    return branch;
}

/* "HOST:PORT:ADDRESS,ADDRESS": libcurl asks no name server, and tries IPv4 a moment after IPv6
 * (RFC 8305). */
static bool name_addresses(struct relay_host *host, const struct nl_mail_host *from) {
    struct nl_buf entry = {0};
    nl_buf_addf(&entry, "%s:%lld:", from->name, (long long)host->own->port);
    for (size_t i = 0; i < from->address_count; i++) {
        char text[NL_IP_TEXT];
        nl_ip_text(&from->addresses[i], text);
        bool six = strchr(text, ':') != NULL;
        *(six ? &host->has_six : &host->has_four) = true;
        nl_buf_addf(&entry, "%s%s%s%s", i > 0 ? "," : "", six ? "[" : "", text, six ? "]" : "");
    }
    host->addresses = curl_slist_append(NULL, nl_buf_text(&entry));
    nl_buf_free(&entry);
    return host->addresses != NULL;
}

/* The authorities are read once: they take four megabytes. */
static enum nl_status demand_name(const struct nl_relay *relay, struct relay_host *host,
                                  struct nl_error *err) {
    const struct nl_smtp_server any = {.verify = true, .ca_file = relay->config->direct.ca_file};
    struct shared *shared = relay->shared;
    enum nl_status status =
        shared->authorities != NULL ? NL_OK : nl_tls_new(&any, &shared->authorities, err);
    if (status == NL_OK)
        nl_tls_demand_trust(host->tls, shared->authorities);
    return status;
}

enum nl_status nl_relay_add_host(struct nl_relay *relay, const struct nl_mail_host *from,
                                 size_t *which, struct nl_error *err) {
    struct relay_host *host = next_host(relay);
    struct name {
        struct nl_smtp_server server;
        char host[NL_MAIL_NAME];
    } *name = nl_calloc(1, sizeof *name);
    memcpy(name->host, from->name, sizeof name->host);
    name->server = (struct nl_smtp_server){
        .host = name->host, .port = relay->config->direct.port, .security = NL_SMTP_STARTTLS};
    host->own = &name->server;
    host->server = host->own;
    host->state = nl_calloc(1, sizeof *host->state);
    host->demand = from->tls;
    *which = relay->all - 1;
    name_host(relay->config, host);
    enum nl_status status = nl_tls_new(host->server, &host->tls, err);
    if (status == NL_OK && from->tls == NL_HOST_TLS_DANE)
        nl_tls_demand_dane(host->tls, nl_dane_new(from));
    if (status == NL_OK && from->tls == NL_HOST_TLS_NAMED)
        status = demand_name(relay, host, err);
    if (status == NL_OK && !name_addresses(host, from))
        status = nl_error_nomem(err);
    return status;
}

bool nl_relay_is_host(const struct nl_relay *relay, size_t which) {
    return which >= relay->count;
}

enum nl_host_tls nl_relay_demand(const struct nl_relay *relay, size_t which) {
    return relay->hosts[which].demand;
}

void nl_relay_give_up_tls(const struct nl_relay *relay, size_t which, const char *how) {
    relay->hosts[which].state->in_the_clear = true;
    relay->hosts[which].state->tls_failure = how;
}

const char *nl_relay_tls_failure(const struct nl_relay *relay, size_t which) {
    const struct host_state *state = relay->hosts[which].state;
    return state != NULL && state->tls_failure != NULL ? state->tls_failure : "";
}

const struct nl_source *nl_relay_source(const struct nl_relay *relay, size_t which,
                                        const struct nl_transport_from *from) {
    const struct relay_host *host = &relay->hosts[which];
    const struct nl_source *four = host->has_four ? from->four : NULL;
    bool six = host->has_six && from->six != NULL && (!host->state->six_fails || four == NULL);
    return six ? from->six : four;
}

void nl_relay_give_up_six(const struct nl_relay *relay, size_t which) {
    relay->hosts[which].state->six_fails = true;
}

enum nl_status nl_relay_resolver(const struct nl_relay *relay, struct nl_resolver **out,
                                 struct nl_error *err) {
    const struct nl_config *config = relay->config;
    const struct nl_resolver_options options = {.servers = config->dns.servers,
                                                .trust_anchor = config->dns.trust_anchor,
                                                .allow_networks = config->direct.allow_networks,
                                                .port = config->direct.port};
    struct shared *shared = relay->shared;
    enum nl_status status =
        shared->resolver != NULL ? NL_OK : nl_resolver_new(&options, &shared->resolver, err);
    *out = shared->resolver;
    return status;
}

void nl_relay_set_trace(struct nl_relay *relay, const struct nl_relay_trace *trace) {
    relay->trace = *trace;
}

const struct nl_relay_trace *nl_relay_trace(const struct nl_relay *relay) {
    return &relay->trace;
}

size_t nl_relay_count(const struct nl_relay *relay) {
    return relay->count;
}

const char *nl_relay_name(const struct nl_relay *relay, size_t host) {
    return relay->hosts[host].name;
}

const struct nl_smtp_server *nl_relay_server(const struct nl_relay *relay, size_t host) {
    return relay->hosts[host].server;
}

const struct nl_tls *nl_relay_tls(const struct nl_relay *relay, size_t host) {
    return relay->hosts[host].tls;
}

int64_t nl_relay_timeout(const struct nl_relay *relay) {
    return relay->config->smtp.timeout;
}

int64_t nl_relay_window(const struct nl_relay *relay) {
    return relay->config->smtp.window > 0 ? relay->config->smtp.window : 1;
}

int64_t nl_relay_per_connection(const struct nl_relay *relay, size_t which) {
    int64_t most = relay->config->smtp.per_connection;
    int64_t own = relay->hosts[which].per_connection;
    return own > 0 && (most == 0 || own < most) ? own : most;
}

void nl_relay_set_per_connection(struct nl_relay *relay, size_t which, int64_t messages) {
    relay->hosts[which].per_connection = messages;
}
