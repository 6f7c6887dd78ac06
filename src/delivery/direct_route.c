/* The ways to domains: what the DNS says of them, and which destinations that makes. */
#include "delivery/destination_note.h"
#include "delivery/direct.h"
#include "delivery/mailbox_provider.h"
#include "newsletter/base/clock.h"
#include "newsletter/base/memory.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_LIMIT = 2,            /* connections to a destination at first */
    LATER_MILLISECONDS = 60000, /* until the DNS is asked again that did not answer */
};

static int by_domain(const void *a, const void *b) {
    return strcmp(((const struct nl_route_to *)a)->domain, ((const struct nl_route_to *)b)->domain);
}

static int by_key(const void *a, const void *b) {
    return strcmp(((const struct nl_destination *)a)->key, ((const struct nl_destination *)b)->key);
}

void nl_direct_destination_free(void *item) {
    nl_destination_free(item);
    free(item);
}

void nl_direct_route_free(void *item) {
    struct nl_route_to *route = item;
    if (route->state == NL_TO_ASKING)
        nl_resolver_forget(route->direct->resolver, route);
    nl_direct_forget_policy(route);
    nl_buf_free(&route->text);
    free(route->domain);
    free(route);
}

static void note_server(struct nl_direct *direct, size_t server,
                        struct nl_destination *destination) {
    size_t at = server - nl_relay_count(direct->relay);
    if (at >= direct->server_room) {
        size_t room = 2 * at + 64;
        struct nl_destination **grown =
            nl_reallocarray((void *)direct->servers, room, sizeof(void *));
        direct->servers = grown;
        direct->server_room = room;
    }
    direct->servers[at] = destination;
}

static unsigned families_of(const struct nl_mail_host *host) {
    unsigned families = 0;
    for (size_t i = 0; i < host->address_count; i++) {
        char text[NL_IP_TEXT];
        nl_ip_text(&host->addresses[i], text);
        families |= strchr(text, ':') != NULL ? NL_FAMILY_SIX : NL_FAMILY_FOUR;
    }
    return families;
}

static bool add_hosts(struct nl_direct *direct, const struct nl_mail_route *found,
                      struct nl_destination *destination) {
    struct nl_error ignored = {0};
    bool complete = true;
    for (size_t i = 0; complete && i < found->host_count; i++) {
        size_t server = 0;
        complete = nl_relay_add_host(direct->relay, &found->hosts[i], &server, &ignored) == NL_OK;
        if (complete)
            note_server(direct, server, destination);
        if (i == 0)
            destination->first = server;
        destination->families[i] = families_of(&found->hosts[i]);
        destination->preferences[destination->count++] = found->hosts[i].preference;
    }
    nl_error_free(&ignored);
    return complete;
}

/* A provider that is known takes no more than it says; what it does take, the last run has found.
 */
static bool set_limits(struct nl_direct *direct, const struct nl_mail_route *found,
                       struct nl_destination *destination) {
    const char *host = found->hosts[0].name;
    struct nl_mailbox_provider known = {0};
    bool is_known = nl_mailbox_provider_find(host, &known);
    destination->usable = NL_FAMILY_SIX | NL_FAMILY_FOUR;
    destination->most = (size_t)direct->plan.config->direct.connections;
    destination->limits = nl_direct_place(direct, host, is_known ? known.name : host);
    if (found->hosts[0].tls == NL_HOST_TLS_DANE && found->hosts[0].tlsa != NULL)
        destination->tlsa = nl_strdup(found->hosts[0].tlsa);
    if (destination->limits == NULL)
        return false;
    destination->place = destination->limits->name;
    const struct nl_mailbox_provider *takes = &destination->limits->provider;
    if ((size_t)takes->connections < destination->most)
        destination->most = (size_t)takes->connections;
    for (size_t i = 0; takes->messages != 0 && i < destination->count; i++)
        nl_relay_set_per_connection(direct->relay, destination->first + i, takes->messages);
    destination->limit = destination->most < FIRST_LIMIT ? destination->most : FIRST_LIMIT;
    nl_destination_recall(destination, direct->plan.store, direct->now);
    return true;
}

/* The destination with these hosts, which is made where there is none. NULL without memory. */
static struct nl_destination *find_destination(struct nl_direct *direct,
                                               const struct nl_mail_route *found) {
    struct nl_buf key = {0};
    struct nl_destination *fresh = nl_calloc(1, sizeof *fresh);
    nl_destination_key(found, &key);
    fresh->key = nl_buf_take(&key);
    struct nl_destination **place = tsearch(fresh, &direct->destinations, by_key);
    if (place != NULL && *place == fresh && add_hosts(direct, found, fresh) &&
        set_limits(direct, found, fresh))
        return fresh;
    struct nl_destination *known = place != NULL && *place != fresh ? *place : NULL;
    if (known == NULL && place != NULL)
        tdelete(fresh, &direct->destinations, by_key);
    nl_direct_destination_free(fresh);
    return known;
}

/* Called by the resolver. */
static void take_route(const struct nl_mail_route *found, void *ctx) {
    struct nl_route_to *route = ctx;
    struct nl_direct *direct = route->direct;
    nl_buf_clear(&route->text);
    nl_buf_adds(&route->text, found->text);
    route->until = nl_clock_milliseconds() + found->ttl * 1000;
    route->no_such_domain = found->no_such_domain;
    memcpy(route->status, found->status, sizeof route->status);
    route->state = found->state == NL_ROUTE_NONE ? NL_TO_NOBODY : NL_TO_LATER;
    if (found->state == NL_ROUTE_FOUND && nl_direct_fetch_policy(route, found))
        return; /* and is asked again */
    if (found->bogus[0] != '\0')
        nl_direct_count_bogus(direct, route, found->bogus);
    struct nl_mail_route allowed = *found;
    if (found->state == NL_ROUTE_FOUND && nl_direct_apply_policy(route, &allowed)) {
        route->destination = find_destination(direct, &allowed);
        route->state = route->destination != NULL ? NL_TO_HOSTS : NL_TO_LATER;
    }
    if (route->state == NL_TO_LATER)
        route->until = nl_clock_milliseconds() + LATER_MILLISECONDS;
}

static void ask(struct nl_direct *direct, struct nl_route_to *route) {
    struct nl_error err = {0};
    route->state = NL_TO_ASKING;
    if (nl_resolver_ask(direct->resolver, route->domain, take_route, route, &err) != NL_OK) {
        route->state = NL_TO_LATER;
        route->until = direct->now + LATER_MILLISECONDS;
        nl_buf_clear(&route->text);
        nl_buf_adds(&route->text, nl_error_text(&err));
    }
    nl_error_free(&err);
}

/* The way to a domain, by the configuration or by the DNS. NULL without memory. */
static struct nl_route_to *find_route(struct nl_direct *direct, const char *domain) {
    const struct nl_route_to wanted = {.domain = (char *)domain};
    if (nl_config_way(direct->plan.config, domain) == NL_BY_RELAY)
        return &direct->to_relay;
    struct nl_route_to **place = tfind(&wanted, &direct->routes, by_domain);
    if (place != NULL)
        return *place;
    struct nl_route_to *route = nl_calloc(1, sizeof *route);
    route->direct = direct;
    route->domain = nl_strdup(domain);
    if (tsearch(route, &direct->routes, by_domain) == NULL) {
        free(route->domain);
        free(route);
        return NULL;
    }
    ask(direct, route);
    direct->gained++;
    return route;
}

/* An address that cannot be parsed goes the way of the relay, where it fails before it is sent. */
struct nl_route_to *nl_direct_route(struct nl_direct *direct, struct nl_pending *pending) {
    struct nl_address address = {0};
    struct nl_error unread = {0};
    if (pending->route == NULL) {
        pending->route = nl_address_parse(pending->job.address, &address, &unread) == NL_OK
                             ? find_route(direct, address.domain)
                             : &direct->to_relay;
        nl_address_free(&address);
        nl_error_free(&unread);
    }
    struct nl_route_to *route = pending->route;
    if (route != NULL && route->state != NL_TO_ASKING && route->until != 0 &&
        direct->now >= route->until)
        ask(direct, route);
    return route;
}
