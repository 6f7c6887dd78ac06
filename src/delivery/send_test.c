#include "newsletter/base/catalog.h"
#include "newsletter/delivery/send.h"
#include "newsletter/dkim/signer.h"
#include "newsletter/resolve/resolver.h"
#include "newsletter/smime/smime.h"
#include "newsletter/smtp/sts.h"
#include "newsletter/smtp/transport.h"

#include <poll.h>
#include <string.h>

static enum nl_status test_reply(const struct nl_transport_event *event, struct nl_error *err) {
    if (event->kind != NL_TRANSPORT_REPLIED)
        return nl_error_set(err, NL_UNAVAILABLE, "%s", event->text);
    if (event->reply->code / 100 == 2)
        return NL_OK;
    return nl_error_set(err, event->reply->code / 100 == 4 ? NL_TEMPFAIL : NL_UNAVAILABLE,
                        NL_TEXT("the server answered %s with %d %s"), nl_stage_name(event->stage),
                        event->reply->code, nl_buf_text(&event->reply->text));
}

static enum nl_status converse(struct nl_transport *transport, const char *sender,
                               const struct nl_address *recipient, const struct nl_buf *message,
                               bool *refused, struct nl_error *err) {
    struct nl_transport_event event = {0};
    size_t connection = 0;
    bool started = false;
    for (;;) {
        nl_transport_wait(transport, 1000);
        if (!started && nl_transport_idle(transport, &connection)) {
            if (recipient->smtputf8 && !nl_transport_extensions(transport, connection)->smtputf8)
                return nl_error_set(err, NL_UNAVAILABLE,
                                    NL_TEXT("the server does not offer SMTPUTF8"));
            if (nl_transport_start(transport, connection, 0, sender, recipient->envelope, message,
                                   recipient->smtputf8))
                nl_transport_release(transport, connection, 0); /* nothing is recorded of a copy */
            started = true;
        }
        if (!nl_transport_next(transport, &event))
            continue;
        *refused = event.kind == NL_TRANSPORT_REFUSED;
        if (event.kind != NL_TRANSPORT_WANTS_DOT)
            return test_reply(&event, err);
        nl_transport_release(transport, connection, event.message);
    }
}

static enum nl_status send_through_relay(const struct nl_relay *relay, const char *sender,
                                         const struct nl_address *recipient,
                                         const struct nl_buf *message, struct nl_error *err) {
    struct nl_transport *transport = NULL;
    bool refused = false;
    enum nl_status status = nl_transport_new(relay, 1, &transport, err);
    if (status == NL_OK) {
        nl_transport_connect(transport);
        status = converse(transport, sender, recipient, message, &refused, err);
    }
    nl_transport_free(transport);
    return status;
}

static enum nl_status connect_to(const struct nl_relay *relay, struct nl_transport *transport,
                                 size_t server, const struct nl_transport_from *from,
                                 struct nl_error *err) {
    if (from != NULL && nl_relay_source(relay, server, from) == NULL)
        return nl_error_set(err, NL_UNAVAILABLE,
                            "%s has no address of the family of our own (direct.sources)",
                            nl_relay_name(relay, server));
    return nl_transport_connect_to(transport, server, from) ? NL_OK : nl_error_nomem(err);
}

/* Through the servers from `first` to `last`, one after the other, until one takes a connection. */
static enum nl_status send_through(const struct nl_relay *relay, size_t first, size_t last,
                                   const char *sender, const struct nl_address *recipient,
                                   const struct nl_buf *message,
                                   const struct nl_transport_from *from, struct nl_error *err) {
    struct nl_transport *transport = NULL;
    bool refused = true;
    enum nl_status status = nl_transport_new(relay, 1, &transport, err);
    for (size_t server = first; transport != NULL && refused && server <= last; server++) {
        refused = false;
        nl_error_free(err);
        status = connect_to(relay, transport, server, from, err);
        refused = status == NL_UNAVAILABLE;
        if (status == NL_OK)
            status = converse(transport, sender, recipient, message, &refused, err);
    }
    nl_transport_free(transport);
    return status;
}

/* A policy that is being fetched, for the hosts that it is about. */
struct policy {
    struct nl_sts_policy found;
    bool known, over;
};

struct way {
    const struct nl_config *config; /* NULL: no policy is asked for */
    struct policy policy;
    bool needs_dane; /* the configuration demands it of the domain */
    struct nl_relay *relay;
    enum nl_status status;
    struct nl_error *err;
    size_t first, last;
};

/* Called by the fetcher. Without a policy mail goes as it would without MTA-STS (RFC 8461 section
 * 3.3). */
static void take_policy(const struct nl_sts_policy *policy, const char *why, void *ctx) {
    struct policy *out = ctx;
    (void)why;
    out->over = true;
    if (policy == NULL)
        return;
    out->found.mode = policy->mode;
    nl_buf_adds(&out->found.mail_hosts, nl_buf_text(&policy->mail_hosts));
    out->known = !out->found.mail_hosts.failed;
}

static enum nl_status fetch_policy(struct way *way, const struct nl_mail_host *host,
                                   struct nl_error *err) {
    struct nl_sts_fetcher *fetcher = NULL;
    enum nl_status status = nl_sts_fetcher_new(way->config->direct.ca_file,
                                               way->config->direct.allow_networks, &fetcher, err);
    if (status == NL_OK)
        status = nl_sts_fetch(fetcher, host, take_policy, &way->policy, err);
    while (status == NL_OK && !way->policy.over) {
        struct pollfd ready = {.fd = nl_sts_fetcher_fd(fetcher), .events = POLLIN};
        poll(&ready, 1, 500);
        nl_sts_fetcher_step(fetcher);
    }
    nl_sts_fetcher_free(fetcher);
    return status;
}

/* Whether a host may have mail, and what it has to show, by the configuration and the policy. */
static bool allows(const struct way *way, const struct nl_mail_route *route,
                   struct nl_mail_host *host) {
    const struct policy *policy = &way->policy;
    if (way->needs_dane && (!route->secure || host->tls != NL_HOST_TLS_DANE))
        return false;
    if (!policy->known || policy->found.mode != NL_STS_ENFORCE)
        return true;
    if (!nl_sts_policy_names(&policy->found, host->name))
        return false;
    if (host->tls != NL_HOST_TLS_DANE)
        host->tls = NL_HOST_TLS_NAMED;
    return true;
}

static void add_hosts(struct way *way, const struct nl_mail_route *route) {
    bool any = false;
    for (size_t i = 0; way->status == NL_OK && i < route->host_count; i++) {
        struct nl_mail_host host = route->hosts[i];
        size_t server = 0;
        if (!allows(way, route, &host))
            continue;
        way->status = nl_relay_add_host(way->relay, &host, &server, way->err);
        way->last = server;
        way->first = any ? way->first : server;
        any = true;
    }
    if (way->status == NL_OK && !any)
        way->status = nl_error_set(way->err, NL_UNAVAILABLE, "%s",
                                   way->needs_dane
                                       ? "no mail host of the domain has all that is demanded: "
                                         "signed TLSA records (DANE, RFC 7672) by routes, and "
                                         "its name in an MTA-STS policy (RFC 8461), if there is one"
                                       : "the MTA-STS policy of the domain (RFC 8461) names none "
                                         "of its mail hosts");
}

/* Called by the resolver. */
static void take_route(const struct nl_mail_route *route, void *ctx) {
    struct way *way = ctx;
    way->status = NL_OK;
    if (route->state != NL_ROUTE_FOUND)
        way->status =
            nl_error_set(way->err, route->state == NL_ROUTE_NONE ? NL_UNAVAILABLE : NL_TEMPFAIL,
                         "%s", route->text);
    if (way->status == NL_OK && way->config != NULL && route->sts_id[0] != '\0' &&
        route->sts_host->address_count > 0)
        way->status = fetch_policy(way, route->sts_host, way->err);
    if (way->status == NL_OK)
        add_hosts(way, route);
}

static enum nl_status find_way(struct way *way, const char *domain, struct nl_error *err) {
    struct nl_resolver *resolver = NULL;
    enum nl_status status = nl_relay_resolver(way->relay, &resolver, err);
    way->err = err;
    way->needs_dane = way->config != NULL && nl_config_needs_dane(way->config, domain);
    way->status = NL_TEMPFAIL;
    if (status == NL_OK)
        status = nl_resolver_ask(resolver, domain, take_route, way, err);
    while (status == NL_OK && nl_resolver_open(resolver) > 0) {
        struct pollfd ready = {.fd = nl_resolver_fd(resolver), .events = POLLIN};
        poll(&ready, 1, 1000);
        nl_resolver_step(resolver);
    }
    nl_buf_free(&way->policy.found.mail_hosts);
    return status == NL_OK ? way->status : status;
}

static void say_reached(const char *host, const struct nl_transport_leg *leg, struct nl_buf *out) {
    nl_buf_addf(out, "%s (", host);
    nl_transport_add_leg(leg, out);
    nl_buf_addc(out, ')');
}

/* Until the server has answered EHLO, or cannot be reached. */
static enum nl_status reach(const struct nl_relay *relay, size_t server,
                            const struct nl_transport_from *from, struct nl_buf *host,
                            struct nl_error *err) {
    struct nl_transport *transport = NULL;
    struct nl_transport_event event = {0};
    size_t connection = 0;
    bool over = false;
    enum nl_status status = nl_transport_new(relay, 1, &transport, err);
    if (status == NL_OK)
        status = connect_to(relay, transport, server, from, err);
    while (status == NL_OK && !over) {
        nl_transport_wait(transport, 1000);
        over = nl_transport_idle(transport, &connection);
        if (over)
            say_reached(nl_relay_server(relay, server)->host,
                        nl_transport_leg(transport, connection), host);
        else if (nl_transport_next(transport, &event))
            status = nl_error_set(err, NL_UNAVAILABLE, "%s", event.text);
    }
    nl_transport_free(transport);
    return status;
}

enum nl_status nl_send_reach(const struct nl_relay *relay, const char *domain,
                             const struct nl_source *source, struct nl_buf *host,
                             struct nl_error *err) {
    struct nl_transport_from from = {0};
    struct way way = {0};
    enum nl_status status = nl_relay_branch(relay, &way.relay, err);
    if (status == NL_OK)
        status = find_way(&way, domain, err);
    if (status == NL_UNAVAILABLE)
        err->status = status = NL_NOTFOUND;
    bool found = status == NL_OK;
    if (source != NULL)
        *(strchr(source->address, ':') != NULL ? &from.six : &from.four) = source;
    for (size_t server = way.first; found && server <= way.last; server++) {
        nl_error_free(err);
        status = reach(way.relay, server, source != NULL ? &from : NULL, host, err);
        if (status != NL_UNAVAILABLE)
            break;
    }
    nl_relay_free(way.relay);
    return status;
}

/* The first of our addresses of each family; false for none. */
static bool first_sources(const struct nl_config *config, struct nl_transport_from *out) {
    size_t count = nl_config_sources(config);
    for (size_t i = count; i > 0; i--) {
        const struct nl_source *source = &config->direct.sources[i - 1];
        *(strchr(source->address, ':') != NULL ? &out->six : &out->four) = source;
    }
    return count > 0;
}

static enum nl_status send_directly(const struct nl_config *config, const struct nl_relay *relay,
                                    const char *sender, const struct nl_address *recipient,
                                    const struct nl_buf *message, struct nl_error *err) {
    struct way way = {.config = config};
    struct nl_transport_from from = {0};
    bool given = first_sources(config, &from);
    enum nl_status status = nl_relay_branch(relay, &way.relay, err);
    if (status == NL_OK)
        status = find_way(&way, recipient->domain, err);
    if (status == NL_OK)
        status = send_through(way.relay, way.first, way.last, sender, recipient, message,
                              given ? &from : NULL, err);
    nl_relay_free(way.relay);
    return status;
}

static enum nl_status sign(const struct nl_config *config, const char *from, struct nl_buf *message,
                           struct nl_error *err) {
    struct nl_signer signer = {0};
    struct nl_smime *smime = NULL;
    int64_t now = nl_env_now(&nl_env_system);
    enum nl_status status = nl_smime_open(config, from, now, &smime, err);
    if (smime != NULL)
        status = nl_smime_sign(smime, NULL, message, now, err);
    if (status == NL_OK)
        status = nl_signer_open(config, strrchr(from, '@') + 1, &signer, err);
    if (status == NL_OK)
        status = nl_signer_sign(&signer, NULL, message, now, err);
    nl_signer_close(&signer);
    nl_smime_close(smime);
    return status;
}

enum nl_status nl_send_single(const struct nl_config *config, const struct nl_relay *relay,
                              const char *from, const char *sender,
                              const struct nl_address *recipient, struct nl_buf *message,
                              struct nl_error *err) {
    enum nl_status status = sign(config, from, message, err);
    if (status == NL_OK && nl_config_way(config, recipient->domain) == NL_DIRECTLY)
        status = send_directly(config, relay, sender, recipient, message, err);
    else if (status == NL_OK)
        status = send_through_relay(relay, sender, recipient, message, err);
    return status;
}

enum nl_status nl_send_test(const struct nl_config *config, const struct nl_relay *relay,
                            const char *sender, const struct nl_address *recipient,
                            struct nl_buf *message, struct nl_error *err) {
    return nl_send_single(config, relay, sender, sender, recipient, message, err);
}
