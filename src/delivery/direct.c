#include "delivery/direct.h"

#include "delivery/destination_note.h"
#include "newsletter/base/clock.h"
#include "newsletter/base/memory.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECTIONS = 400, /* in all, unless smtp.connections is more */
    RELAY_CONNECTIONS = 10,
    IDLE_MILLISECONDS = 5000,
    BLINK_MILLISECONDS = 200, /* the same, where others need one: more than between messages */
    WAITING_EACH = 8,         /* messages that wait for each connection, before there is another */
    LATER_SECONDS = 300,      /* the earliest attempt after that */
};

enum nl_status nl_direct_open(struct run *run) {
    if (!nl_config_is_direct(run->plan->config))
        return NL_OK;
    struct nl_direct *direct = nl_calloc(1, sizeof *direct);
    run->direct = direct;
    direct->relay = nl_relay_branch(run->plan->relay);
    enum nl_status status = nl_relay_resolver(direct->relay, &direct->resolver, run->err);
    if (status != NL_OK)
        return status;
    int64_t connections = run->plan->config->smtp.connections;
    direct->connections = connections > CONNECTIONS ? (size_t)connections : CONNECTIONS;
    direct->relays.limit =
        connections < RELAY_CONNECTIONS ? (size_t)connections : RELAY_CONNECTIONS;
    direct->to_relay.state = NL_TO_RELAY;
    direct->plan = *run->plan;
    direct->plan.relay = direct->relay;
    nl_direct_open_sources(direct);
    run->plan = &direct->plan;
    return NL_OK;
}

static void keep_destination(const void *node, VISIT visit, void *store) {
    if (visit == postorder || visit == leaf)
        nl_destination_keep(*(struct nl_destination *const *)node, store);
}

void nl_direct_close(struct run *run) {
    struct nl_direct *direct = run->direct;
    if (direct == NULL)
        return;
    nl_direct_leave(run);
    nl_sts_fetcher_free(direct->fetcher);
    nl_direct_store_sessions(direct, true);
    nl_direct_close_sources(direct);
    twalk_r(direct->destinations, keep_destination, direct->plan.store);
    tdestroy(direct->routes, nl_direct_route_free);
    tdestroy(direct->destinations, nl_direct_destination_free);
    nl_direct_close_places(direct);
    nl_relay_free(direct->relay);
    nl_destination_free(&direct->relays);
    nl_destination_free(&direct->unknown);
    nl_buf_free(&direct->text);
    free(direct->servers);
    free(direct);
    run->direct = NULL;
}

size_t nl_direct_connections(const struct run *run) {
    return run->direct != NULL ? run->direct->connections
                               : (size_t)run->plan->config->smtp.connections;
}

int nl_direct_fd(const struct run *run) {
    return nl_resolver_fd(run->direct->resolver);
}

bool nl_direct_is_host(const struct run *run, size_t server) {
    return run->direct != NULL && nl_relay_is_host(run->direct->relay, server);
}

void nl_direct_step(struct run *run) {
    struct nl_direct *direct = run->direct;
    if (direct == NULL)
        return;
    direct->now = nl_clock_milliseconds();
    nl_resolver_step(direct->resolver);
    nl_direct_step_policies(run);
    nl_direct_step_sources(direct);
    nl_direct_store_sessions(direct, false);
    if (direct->now >= direct->idle_check) {
        nl_transport_close_idle(run->transport, IDLE_MILLISECONDS, direct->connections);
        direct->idle_check = direct->now + IDLE_MILLISECONDS / 5;
    }
    nl_direct_share(run);
}

/* ---- to the hosts ---- */

void nl_direct_begin_pass(struct run *run) {
    run->direct->pass++;
    run->direct->crowded = false;
}

/* The number of its last server. */
static size_t last_of(const struct nl_direct *direct, const struct nl_destination *destination) {
    return destination == &direct->relays ? nl_relay_count(direct->relay) - 1
                                          : destination->first + destination->count - 1;
}

void nl_direct_join_pass(const struct nl_direct *direct, struct nl_destination *destination) {
    if (destination->pass == direct->pass)
        return;
    destination->pass = direct->pass;
    destination->exhausted = false;
    destination->waiting = 0;
    destination->worth = 0;
}

static bool connect_to(struct run *run, const struct nl_destination *destination, size_t server) {
    struct nl_transport_from from = {0};
    bool chosen = nl_direct_choose_source(run->direct, destination, &from);
    return nl_transport_connect_to(run->transport, server, chosen ? &from : NULL);
}

/* There is no place for another connection: one that is idle leaves its own. */
static void make_room(struct run *run) {
    run->direct->crowded = nl_transport_close_idle(run->transport, BLINK_MILLISECONDS, 1) == 0;
}

/* Opens a connection where that is of use. The first one to a destination goes before the second
 * one to another. */
static void open_one(struct run *run, struct nl_destination *destination) {
    struct nl_direct *direct = run->direct;
    size_t server = 0;
    size_t last = last_of(direct, destination);
    size_t there = nl_transport_leading_to(run->transport, destination->first, last);
    size_t all = nl_transport_open(run->transport) + nl_transport_connecting(run->transport);
    destination->worth =
        WAITING_EACH * nl_transport_serving(run->transport, destination->first, last);
    if (destination->waiting <= destination->worth)
        return;
    destination->exhausted = true;
    if (there >= nl_direct_allowed(direct, destination))
        return;
    if (all >= direct->connections - (there > 0 ? direct->connections / 4 : 0)) {
        if (!direct->crowded)
            make_room(run);
        return;
    }
    if (destination == &direct->relays)
        destination->exhausted = !nl_transport_connect(run->transport);
    else if (nl_destination_pick(destination, direct->now,
                                 nl_env_fraction(nl_store_env(run->plan->store)), &server))
        destination->exhausted = !connect_to(run, destination, server);
}

/* A connection that may be used; those from an address that may not be used any more are closed. */
static bool find_idle(struct run *run, const struct nl_destination *destination) {
    struct nl_direct *direct = run->direct;
    size_t last = last_of(direct, destination);
    while (nl_transport_idle_to(run->transport, destination->first, last, &direct->connection)) {
        const struct nl_source *source = nl_transport_source(run->transport, direct->connection);
        if (destination == &direct->relays ||
            nl_direct_source_may_send(direct, destination, source))
            return true;
        if (source == NULL)
            return false;
        nl_transport_retire_from(run->transport, destination->first, last, source);
    }
    return false;
}

/* Whether there is a connection for a message to a destination. */
static bool find_connection(struct run *run, struct nl_destination *destination) {
    struct nl_direct *direct = run->direct;
    nl_direct_join_pass(direct, destination);
    if (destination->waiting == 0 && find_idle(run, destination))
        return true;
    destination->waiting++;
    if (!destination->exhausted && destination->waiting > destination->worth)
        open_one(run, destination);
    return false;
}

static bool find_admitted(struct run *run, struct nl_route_to *route) {
    run->direct->admitted = route->destination;
    route->destination->asked = route;
    return find_connection(run, route->destination);
}

/* No server was reached. */
static const struct nl_hop nowhere = {0};

/* The outcome of a delivery whose domain has no way, for now or for good. */
static void set_verdict(struct run *run, const struct nl_route_to *route) {
    struct nl_result *verdict = &run->direct->verdict;
    int64_t now = nl_store_now(run->plan->store);
    bool none = route->state == NL_TO_NOBODY;
    bool gone = none && route->no_such_domain;
    *verdict = (struct nl_result){.outcome = gone   ? NL_BOUNCED
                                             : none ? NL_FAILED
                                                    : NL_DEFERRED,
                                  .text = nl_buf_text(&route->text),
                                  .reason = gone ? "no-such-domain" : "network",
                                  .effect = gone   ? NL_EFFECT_HARD
                                            : none ? NL_EFFECT_SOFT
                                                   : NL_EFFECT_NONE,
                                  .hop = &nowhere};
    if (none)
        memcpy(verdict->status, route->status, sizeof verdict->status);
    else
        verdict->next_attempt_at = now + LATER_SECONDS;
}

/* A destination that is down has its outcome without a connection. */
static void set_down(struct run *run, const struct nl_destination *destination) {
    const struct nl_env *env = nl_store_env(run->plan->store);
    int64_t now = nl_env_now(env);
    int64_t left = destination->retry_at - now;
    /* A longer wait is taken for a mistake of a clock (nl_delivery_bound_waits). */
    int64_t latest = now + nl_outcome_longest_delay(run->plan->config) - 1;
    int64_t next = destination->retry_at + (int64_t)((double)left * nl_env_fraction(env) * 0.2);
    run->direct->verdict = (struct nl_result){.outcome = NL_DEFERRED,
                                              .text = nl_buf_text(&destination->why),
                                              .hop = &nowhere,
                                              .next_attempt_at = next < latest ? next : latest};
}

/* None of our addresses may be used at a destination. */
static void set_without_source(struct run *run, const struct nl_destination *destination) {
    struct nl_buf *text = &run->direct->text;
    int64_t now = nl_store_now(run->plan->store);
    int64_t latest = now + nl_outcome_longest_delay(run->plan->config) - 1;
    int64_t next =
        destination->sources_until > now ? destination->sources_until : now + LATER_SECONDS;
    nl_buf_clear(text);
    nl_buf_addf(text, "no address of direct.sources may be used at %s for now", destination->place);
    run->direct->verdict = (struct nl_result){.outcome = NL_DEFERRED,
                                              .text = nl_buf_text(text),
                                              .hop = &nowhere,
                                              .next_attempt_at = next < latest ? next : latest};
}

/* A message that is too many for now is put off: a row, and no place. */
static bool wait_for_turn(struct run *run, struct nl_destination *destination,
                          struct nl_pending *pending) {
    int64_t now = nl_store_now(run->plan->store);
    int64_t at = nl_direct_turn(run->direct, destination->limits, destination->sources_until);
    pending->park_until = at > now ? at : now + 1;
    run->backlog.parking++;
    return false;
}

/* As found for another delivery in this pass. */
static bool is_exhausted(const struct nl_direct *direct, const struct nl_destination *destination) {
    return destination->pass == direct->pass && destination->exhausted;
}

bool nl_direct_admit(struct run *run, struct nl_pending *pending) {
    struct nl_direct *direct = run->direct;
    if (direct == NULL)
        return true;
    bool fallback = run->plan->config->fallback == NL_FALLBACK_RELAY;
    const struct nl_route_to *route = nl_direct_route(direct, pending);
    direct->connected = true;
    direct->admitted = NULL;
    if (route == NULL || route->state == NL_TO_ASKING)
        return false;
    if (route->state == NL_TO_HOSTS && is_exhausted(direct, route->destination)) {
        route->destination->waiting++;
        return false;
    }
    if (route->state == NL_TO_RELAY || (fallback && route->state == NL_TO_LATER))
        return find_connection(run, &direct->relays);
    if (route->state != NL_TO_HOSTS) {
        direct->connected = false;
        set_verdict(run, route);
        return true;
    }
    bool down = nl_destination_is_down(route->destination, nl_store_now(run->plan->store));
    if (!down && nl_direct_has_source(direct, route->destination))
        return find_admitted(run, pending->route);
    enum nl_source_wait why = route->destination->sources_wait;
    if (fallback && (down || why != NL_WAIT_RATE))
        return find_connection(run, &direct->relays);
    if (!down && why != NL_WAIT_PAUSED)
        return wait_for_turn(run, route->destination, pending);
    direct->connected = false;
    if (down)
        set_down(run, route->destination);
    else
        set_without_source(run, route->destination);
    return true;
}

bool nl_direct_connection(const struct run *run, size_t *connection, struct nl_result *verdict) {
    struct nl_direct *direct = run->direct;
    direct->gained++;
    if (direct->connected && direct->admitted != NULL && direct->admitted->limits != NULL)
        nl_direct_begins(direct, direct->admitted->limits,
                         nl_direct_source_number(
                             direct, nl_transport_source(run->transport, direct->connection)));
    *connection = run->direct->connection;
    *verdict = run->direct->verdict;
    return run->direct->connected;
}
