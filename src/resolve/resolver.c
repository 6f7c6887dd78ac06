#include "newsletter/resolve/resolver.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/clock.h"
#include "newsletter/base/endpoint.h"
#include "newsletter/base/text.h"
#include "resolve/lookup.h"

#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POLICY_EARLIER = 20000 /* milliseconds */ };
enum { UNDER_WAY = 100 }; /* lookups at a time: each has up to 49 questions */

/* Where Debian and others keep the root's key (dns-root-data). */
static const char *const root_anchors[] = {"/usr/share/dns/root.key", "/etc/unbound/root.key",
                                           "/var/lib/unbound/root.key"};

/* Its caches are bounded by entries of all threads, and by the time that an answer is believed. */
static const char *const settings[][2] = {
    {"msg-cache-size:", "2m"},          {"rrset-cache-size:", "4m"},
    {"key-cache-size:", "1m"},          {"neg-cache-size:", "1m"},
    {"infra-cache-numhosts:", "2000"},  {"cache-max-ttl:", "3600"},
    {"cache-max-negative-ttl:", "900"}, {"outgoing-range:", "256"},
    {"num-queries-per-thread:", "512"}, {"do-not-query-localhost:", "no"},
    {"harden-below-nxdomain:", "yes"},  {"qname-minimisation:", "yes"}};

static enum nl_status complain(const char *setting, const char *value, int failure,
                               struct nl_error *err) {
    return nl_error_set(err, NL_CONFIG, "%s '%s': %s", setting, value, ub_strerror(failure));
}

static enum nl_status add_server(struct nl_resolver *resolver, const char *text,
                                 struct nl_error *err) {
    struct nl_endpoint server;
    struct nl_ip ip;
    struct nl_buf address = {0};
    if (!nl_endpoint_read(text, &server) || !nl_ip_parse(server.host, &ip) ||
        (server.port != NULL && server.number == 0))
        return nl_error_set(err, NL_CONFIG, "dns.servers: '%s' is not ADDRESS or ADDRESS:PORT",
                            text);
    nl_buf_addf(&address, "%s@%d", server.host, server.port != NULL ? server.number : 53);
    int failure = ub_ctx_set_fwd(resolver->dns, nl_buf_text(&address));
    nl_buf_free(&address);
    return failure == 0 ? NL_OK : complain("dns.servers", text, failure, err);
}

static enum nl_status add_servers(struct nl_resolver *resolver, const char *servers,
                                  struct nl_error *err) {
    enum nl_status status = NL_OK;
    struct nl_buf word = {0};
    for (const char *at = servers; status == NL_OK && *at != '\0';) {
        at += strspn(at, ", ");
        size_t len = strcspn(at, ", ");
        nl_buf_clear(&word);
        nl_buf_add(&word, at, len);
        at += len;
        if (len > 0)
            status = add_server(resolver, nl_buf_text(&word), err);
    }
    nl_buf_free(&word);
    return status;
}

/* Without an anchor nothing is validated: names are found all the same. */
static enum nl_status add_anchor(struct nl_resolver *resolver, const char *file,
                                 struct nl_error *err) {
    for (size_t i = 0; file == NULL && i < sizeof root_anchors / sizeof root_anchors[0]; i++)
        if (access(root_anchors[i], R_OK) == 0)
            file = root_anchors[i];
    if (file == NULL)
        return NL_OK;
    if (access(file, R_OK) != 0)
        return nl_error_set(err, NL_CONFIG, "dns.trust_anchor %s cannot be read", file);
    int failure = ub_ctx_add_ta_file(resolver->dns, file);
    return failure == 0 ? NL_OK : complain("dns.trust_anchor", file, failure, err);
}

static enum nl_status note_own_addresses(struct nl_resolver *resolver, struct nl_error *err) {
    struct ifaddrs *interfaces = NULL;
    struct nl_buf list = {0};
    if (getifaddrs(&interfaces) != 0)
        return NL_OK;
    for (const struct ifaddrs *at = interfaces; at != NULL; at = at->ifa_next) {
        char text[NL_IP_TEXT];
        struct nl_ip ip;
        if (at->ifa_addr == NULL ||
            (at->ifa_addr->sa_family != AF_INET && at->ifa_addr->sa_family != AF_INET6))
            continue;
        nl_ip_of(at->ifa_addr, &ip);
        nl_ip_text(&ip, text);
        nl_buf_addf(&list, "%s%s", list.len > 0 ? ", " : "", text);
    }
    freeifaddrs(interfaces);
    enum nl_status status = nl_networks_parse(nl_buf_text(&list), &resolver->own, err);
    nl_buf_free(&list);
    return status;
}

static enum nl_status set_up(struct nl_resolver *resolver,
                             const struct nl_resolver_options *options, struct nl_error *err) {
    int failure = 0;
    for (size_t i = 0; failure == 0 && i < sizeof settings / sizeof settings[0]; i++)
        failure = ub_ctx_set_option(resolver->dns, settings[i][0], settings[i][1]);
    if (failure == 0)
        failure = ub_ctx_async(resolver->dns, 1);
    if (failure != 0)
        return complain("the resolver", "libunbound", failure, err);
    ub_ctx_debugout(resolver->dns, NULL); /* it writes nothing to standard error */
    enum nl_status status = add_anchor(resolver, options->trust_anchor, err);
    if (status == NL_OK && options->servers != NULL)
        status = add_servers(resolver, options->servers, err);
    if (status == NL_OK)
        status = nl_reach_open(options->allow_networks, &resolver->reach, err);
    return status == NL_OK ? note_own_addresses(resolver, err) : status;
}

enum nl_status nl_resolver_new(const struct nl_resolver_options *options, struct nl_resolver **out,
                               struct nl_error *err) {
    struct nl_resolver *resolver = nl_calloc(1, sizeof *resolver);
    *out = NULL;
    resolver->last = &resolver->first;
    resolver->port = options->port;
    resolver->dns = ub_ctx_create();
    enum nl_status status =
        resolver->dns == NULL ? nl_error_nomem(err) : set_up(resolver, options, err);
    if (status != NL_OK) {
        nl_resolver_free(resolver);
        return status;
    }
    *out = resolver;
    return NL_OK;
}

void nl_resolver_free(struct nl_resolver *resolver) {
    if (resolver == NULL)
        return;
    /* Its thread ends first: no function is called after that. */
    ub_ctx_delete(resolver->dns);
    for (struct lookup *lookup = resolver->first; lookup != NULL;) {
        struct lookup *next = lookup->next;
        nl_lookup_free(lookup);
        lookup = next;
    }
    nl_reach_close(&resolver->reach);
    nl_networks_free(&resolver->own);
    free(resolver);
}

static void begin_more(struct nl_resolver *resolver) {
    for (struct lookup *lookup = resolver->first; lookup != NULL && resolver->under_way < UNDER_WAY;
         lookup = lookup->next) {
        if (lookup->begun)
            continue;
        resolver->under_way++;
        nl_lookup_begin(lookup);
    }
}

enum nl_status nl_resolver_ask(struct nl_resolver *resolver, const char *domain,
                               nl_resolver_answer *answer, void *ctx, struct nl_error *err) {
    struct lookup *lookup = nl_calloc(1, sizeof *lookup);
    if (strlen(domain) >= NL_MAIL_NAME) {
        free(lookup);
        return nl_error_set(err, NL_DATA, "'%s' is too long for a domain", domain);
    }
    lookup->resolver = resolver;
    lookup->answer = answer;
    lookup->ctx = ctx;
    memcpy(lookup->domain, domain, strlen(domain) + 1);
    *resolver->last = lookup;
    resolver->last = &lookup->next;
    resolver->count++;
    begin_more(resolver);
    return NL_OK;
}

void nl_resolver_forget(struct nl_resolver *resolver, const void *ctx) {
    for (struct lookup *lookup = resolver->first; lookup != NULL; lookup = lookup->next)
        if (lookup->ctx == ctx)
            lookup->answer = NULL;
}

int nl_resolver_fd(const struct nl_resolver *resolver) {
    return ub_fd(resolver->dns);
}

static void end(struct nl_resolver *resolver, struct lookup *lookup) {
    resolver->count--;
    resolver->under_way--;
    nl_lookup_conclude(lookup);
    lookup->route.hosts = lookup->hosts;
    lookup->route.text = nl_buf_text(&lookup->why);
    if (lookup->answer != NULL)
        lookup->answer(&lookup->route, lookup->ctx);
    nl_lookup_free(lookup);
}

void nl_resolver_step(struct nl_resolver *resolver) {
    int64_t now = nl_clock_milliseconds();
    if (ub_process(resolver->dns) != 0)
        return;
    for (struct lookup **at = &resolver->first; *at != NULL;) {
        struct lookup *lookup = *at;
        if (lookup->begun && !nl_lookup_is_over(lookup) &&
            (now > lookup->deadline ||
             (now > lookup->deadline - POLICY_EARLIER && nl_lookup_is_for_policy(lookup))))
            nl_lookup_give_up(lookup);
        if (!nl_lookup_is_over(lookup)) {
            at = &lookup->next;
            continue;
        }
        *at = lookup->next;
        end(resolver, lookup);
    }
    for (resolver->last = &resolver->first; *resolver->last != NULL;)
        resolver->last = &(*resolver->last)->next;
    begin_more(resolver);
}

size_t nl_resolver_open(const struct nl_resolver *resolver) {
    return resolver->count;
}
