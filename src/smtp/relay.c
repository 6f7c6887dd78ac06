#include "smtp/relay_handle.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/secret.h"
#include "newsletter/resolve/resolver.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECT_SECONDS = 60, HOST_CONNECT_SECONDS = 30 };

struct host {
    char *url;
    char *name;
    char *password;
    struct nl_tls *tls; /* NULL: in the clear */
    const struct nl_smtp_server *server;
    /* For recipients' mail hosts: */
    struct nl_smtp_server *own;
    struct curl_slist *addresses; /* for CURLOPT_RESOLVE */
    bool *in_the_clear;           /* TLS has failed */
    enum nl_host_tls demand;
    int64_t per_connection; /* messages; 0: as the configuration says */
};

/* A relay and its branches have this together, made when it is first needed. */
struct shared {
    struct nl_resolver *resolver;
    struct nl_tls *authorities; /* that MTA-STS trusts */
};

struct nl_relay {
    const struct nl_config *config;
    struct host *hosts;
    size_t count; /* of the relay itself */
    size_t all;   /* with recipients' mail hosts */
    size_t room;
    size_t borrowed; /* so many of the hosts belong to another relay */
    struct shared *shared;
    bool branch;
    struct nl_relay_trace trace;
};

static void add_helo(struct nl_buf *url, const char *helo) {
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

static enum nl_status name_host(const struct nl_config *config, struct host *host,
                                struct nl_error *err) {
    struct nl_buf url = {0};
    struct nl_buf name = {0};
    nl_relay_add_name(host->server, &name);
    nl_buf_addf(&url, "%s://%s", host->server->security == NL_SMTP_TLS ? "smtps" : "smtp",
                nl_buf_text(&name));
    add_helo(&url, config->smtp.helo);
    host->url = nl_buf_take(&url);
    host->name = nl_buf_take(&name);
    return host->url != NULL && host->name != NULL ? NL_OK : nl_error_nomem(err);
}

/* A place for one more host, zeroed; NULL without memory. */
static struct host *next_host(struct nl_relay *relay) {
    if (relay->all == relay->room) {
        size_t room = relay->room == 0 ? NL_RELAYS : 2 * relay->room;
        struct host *grown = realloc(relay->hosts, room * sizeof *grown);
        if (grown == NULL)
            return NULL;
        relay->hosts = grown;
        relay->room = room;
    }
    relay->hosts[relay->all] = (struct host){0};
    return &relay->hosts[relay->all++];
}

static enum nl_status add_host(struct nl_relay *relay, const struct nl_smtp_server *server,
                               const char *password_file, struct nl_error *err) {
    struct host *host = next_host(relay);
    if (host == NULL)
        return nl_error_nomem(err);
    relay->count++;
    const struct nl_secret_source source = {
        .file = password_file != NULL ? password_file : server->password_file,
        .command = server->password_command,
        .env = server->password_env,
    };
    host->server = server;
    enum nl_status status = name_host(relay->config, host, err);
    if (status == NL_OK && server->username != NULL)
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
    struct nl_relay *relay = calloc(1, sizeof *relay);
    enum nl_status status = NL_OK;
    *out = NULL;
    if (relay == NULL)
        return nl_error_nomem(err);
    relay->config = config;
    relay->shared = calloc(1, sizeof *relay->shared);
    if (relay->shared == NULL)
        status = nl_error_nomem(err);
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

static void free_host(struct host *host) {
    free(host->url);
    free(host->name);
    nl_secret_free(host->password);
    nl_tls_free(host->tls);
    free(host->own);
    if (host->addresses != NULL) /* libcurl is opened by its first call */
        curl_slist_free_all(host->addresses);
    free(host->in_the_clear);
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

enum nl_status nl_relay_branch(const struct nl_relay *relay, struct nl_relay **out,
                               struct nl_error *err) {
    struct nl_relay *branch = malloc(sizeof *branch);
    *out = NULL;
    if (branch == NULL)
        return nl_error_nomem(err);
    *branch = *relay;
    branch->branch = true;
    branch->borrowed = branch->all;
    branch->hosts = malloc(branch->room * sizeof *branch->hosts);
    if (branch->hosts == NULL) {
        free(branch);
        return nl_error_nomem(err);
    }
    memcpy(branch->hosts, relay->hosts, relay->all * sizeof *branch->hosts);
    *out = branch;
    return NL_OK;
}

/* "HOST:PORT:ADDRESS,ADDRESS": libcurl asks no name server, and tries IPv4 a moment after IPv6
 * (RFC 8305). */
static bool name_addresses(struct host *host, const struct nl_mail_host *from) {
    struct nl_buf entry = {0};
    nl_buf_addf(&entry, "%s:%lld:", from->name, (long long)host->own->port);
    for (size_t i = 0; i < from->address_count; i++) {
        char text[NL_IP_TEXT];
        nl_ip_text(&from->addresses[i], text);
        bool six = strchr(text, ':') != NULL;
        nl_buf_addf(&entry, "%s%s%s%s", i > 0 ? "," : "", six ? "[" : "", text, six ? "]" : "");
    }
    host->addresses = entry.failed ? NULL : curl_slist_append(NULL, nl_buf_text(&entry));
    nl_buf_free(&entry);
    return host->addresses != NULL;
}

static enum nl_status demand_dane(struct host *host, const struct nl_mail_host *from,
                                  struct nl_error *err) {
    struct nl_dane *dane = nl_dane_new(from);
    if (dane == NULL)
        return nl_error_nomem(err);
    nl_tls_demand_dane(host->tls, dane);
    return NL_OK;
}

/* The authorities are read once: they take four megabytes. */
static enum nl_status demand_name(const struct nl_relay *relay, struct host *host,
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
    struct host *host = next_host(relay);
    struct name {
        struct nl_smtp_server server;
        char host[NL_MAIL_NAME];
    } *name = calloc(1, sizeof *name);
    if (host == NULL || name == NULL) {
        free(name);
        return nl_error_nomem(err);
    }
    memcpy(name->host, from->name, sizeof name->host);
    name->server = (struct nl_smtp_server){
        .host = name->host, .port = relay->config->direct.port, .security = NL_SMTP_STARTTLS};
    host->own = &name->server;
    host->server = host->own;
    host->in_the_clear = calloc(1, sizeof(bool));
    host->demand = from->tls;
    *which = relay->all - 1;
    enum nl_status status = name_host(relay->config, host, err);
    if (status == NL_OK)
        status = nl_tls_new(host->server, &host->tls, err);
    if (status == NL_OK && from->tls == NL_HOST_TLS_DANE)
        status = demand_dane(host, from, err);
    if (status == NL_OK && from->tls == NL_HOST_TLS_NAMED)
        status = demand_name(relay, host, err);
    if (status == NL_OK && (host->in_the_clear == NULL || !name_addresses(host, from)))
        status = nl_error_nomem(err);
    return status;
}

bool nl_relay_is_host(const struct nl_relay *relay, size_t which) {
    return which >= relay->count;
}

enum nl_host_tls nl_relay_demand(const struct nl_relay *relay, size_t which) {
    return relay->hosts[which].demand;
}

void nl_relay_give_up_tls(const struct nl_relay *relay, size_t which) {
    *relay->hosts[which].in_the_clear = true;
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

static bool set_login(CURL *handle, const struct host *host, const struct nl_login *login) {
    struct nl_buf options = {0};
    if (host->server->username == NULL)
        return true;
    curl_easy_setopt(handle, CURLOPT_USERNAME, host->server->username);
    curl_easy_setopt(
        handle, host->server->auth == NL_AUTH_XOAUTH2 ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD,
        host->password);
    nl_login_options(login, host->server, &options);
    bool done = !options.failed;
    curl_easy_setopt(handle, CURLOPT_LOGIN_OPTIONS, nl_buf_text(&options));
    curl_easy_setopt(handle, CURLOPT_SASL_IR, 1L);
    nl_buf_free(&options);
    return done;
}

CURL *nl_relay_handle(const struct nl_relay *relay, size_t which, const struct nl_login *login,
                      struct nl_tls_link *link) {
    const struct host *host = &relay->hosts[which];
    int64_t timeout = relay->config->smtp.timeout;
    int64_t most = host->own != NULL ? HOST_CONNECT_SECONDS : CONNECT_SECONDS;
    bool opportunistic =
        host->own != NULL && host->demand == NL_HOST_TLS_IF_OFFERED && !*host->in_the_clear;
    bool needed = host->own != NULL ? host->demand != NL_HOST_TLS_IF_OFFERED
                                    : host->server->security == NL_SMTP_STARTTLS;
    CURL *handle = curl_easy_init();
    *link = (struct nl_tls_link){0};
    if (handle == NULL)
        return NULL;
    curl_easy_setopt(handle, CURLOPT_URL, host->url);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    /* libcurl connects, sends EHLO, starts TLS and logs in. session.c does the rest, because
     * libcurl 7.88 lets all other connections wait while it awaits the reply to a final dot. */
    curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, (long)(timeout < most ? timeout : most));
    curl_easy_setopt(handle, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)timeout);
    curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
    if (opportunistic)
        curl_easy_setopt(handle, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
    else if (needed)
        curl_easy_setopt(handle, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    if (host->addresses != NULL)
        curl_easy_setopt(handle, CURLOPT_RESOLVE, host->addresses);
    if ((host->tls != NULL && !nl_tls_apply(host->tls, link, handle)) ||
        !set_login(handle, host, login)) {
        curl_easy_cleanup(handle);
        return NULL;
    }
    return handle;
}
