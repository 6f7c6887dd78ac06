/* The connections of a transport as a whole: how many there are, and which ones are closed. */
#include "smtp/connection.h"

#include <linux/tcp.h> /* its struct tcp_info has the shortest round trip */
#include <netinet/in.h>
#include <sys/socket.h>

/* Says QUIT once no message is on it. */
static void retire(struct nl_transport *transport, struct connection *connection) {
    connection->message_limit_reached = true;
    nl_connection_act(transport, connection);
}

void nl_transport_limit(struct nl_transport *transport, size_t connections, size_t keep,
                        size_t window) {
    size_t leaving = 0;
    transport->allowed = connections;
    transport->window_used = window < transport->window ? window : transport->window;
    if (transport->open <= keep)
        return;
    for (size_t i = 0; i < transport->used; i++)
        leaving += transport->connections[i].state == OPEN &&
                   transport->connections[i].message_limit_reached;
    for (size_t i = transport->used; i > 0 && transport->open > keep + leaving; i--) {
        struct connection *connection = &transport->connections[i - 1];
        if (connection->state != OPEN || connection->message_limit_reached)
            continue;
        leaving++;
        retire(transport, connection);
        leaving -= connection->state != OPEN;
    }
}

size_t nl_transport_close_idle(struct nl_transport *transport, int64_t milliseconds, size_t most) {
    int64_t since = nl_relay_clock() - milliseconds;
    size_t closed = 0;
    for (size_t i = 0; i < transport->used && closed < most; i++) {
        struct connection *connection = &transport->connections[i];
        if (connection->state != OPEN || connection->carried_count > 0 || connection->pending ||
            connection->message_limit_reached || connection->idle_since > since ||
            !nl_relay_is_host(transport->health.relay, connection->host))
            continue;
        retire(transport, connection);
        closed++;
    }
    return closed;
}

size_t nl_transport_leading_to(const struct nl_transport *transport, size_t first, size_t last) {
    size_t count = 0;
    for (size_t i = first; i <= last && i < transport->health.room; i++)
        count += transport->health.servers[i].connections;
    return count;
}

static bool leads_to(const struct connection *connection, size_t first, size_t last) {
    return connection->host >= first && connection->host <= last;
}

/* Whether it is open and stays that. */
static bool stays(const struct connection *connection) {
    return connection->state == OPEN && !connection->message_limit_reached;
}

size_t nl_transport_serving(const struct nl_transport *transport, size_t first, size_t last) {
    size_t count = 0;
    if (nl_transport_leading_to(transport, first, last) == 0)
        return 0;
    for (size_t i = 0; i < transport->used; i++) {
        const struct connection *connection = &transport->connections[i];
        count += leads_to(connection, first, last) &&
                 (connection->state == CONNECTING || stays(connection));
    }
    return count;
}

void nl_transport_retire_from(struct nl_transport *transport, size_t first, size_t last,
                              const struct nl_source *source) {
    for (size_t i = 0; i < transport->used; i++) {
        struct connection *connection = &transport->connections[i];
        if (stays(connection) && connection->source == source && leads_to(connection, first, last))
            retire(transport, connection);
    }
}

void nl_transport_keep(struct nl_transport *transport, size_t first, size_t last, size_t most) {
    size_t kept = 0;
    for (size_t i = 0; i < transport->used; i++) {
        struct connection *connection = &transport->connections[i];
        if (stays(connection) && leads_to(connection, first, last) && ++kept > most)
            retire(transport, connection);
    }
}

const struct nl_source *nl_transport_source(const struct nl_transport *transport,
                                            size_t connection) {
    return transport->connections[connection].source;
}

const struct nl_transport_leg *nl_transport_leg(const struct nl_transport *transport,
                                                size_t connection) {
    return &transport->connections[connection].leg;
}

size_t nl_transport_open(const struct nl_transport *transport) {
    return transport->open;
}

bool nl_transport_flies(const struct nl_transport *transport) {
    for (size_t i = 0; i < transport->used; i++)
        if (transport->connections[i].state == OPEN && transport->connections[i].flies)
            return true;
    return false;
}

int64_t nl_transport_round_trip(const struct nl_transport *transport) {
    int64_t shortest = 0;
    for (size_t i = 0; i < transport->used; i++) {
        struct tcp_info info = {0};
        socklen_t len = sizeof info;
        if (transport->connections[i].state != OPEN ||
            getsockopt(transport->connections[i].socket, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
            continue;
        if (shortest == 0 || info.tcpi_min_rtt < shortest)
            shortest = info.tcpi_min_rtt;
    }
    return shortest;
}

enum nl_smtputf8 nl_transport_find_smtputf8(const struct nl_transport *transport, size_t *server) {
    enum nl_smtputf8 found = NL_SMTPUTF8_NOWHERE;
    int64_t now = nl_relay_clock();
    for (size_t i = 0; i < nl_relay_count(transport->health.relay); i++) {
        const struct nl_server_health *candidate = &transport->health.servers[i];
        bool away = candidate->out || candidate->out_until > now;
        if (candidate->lacks_smtputf8 || (away && found != NL_SMTPUTF8_NOWHERE))
            continue;
        *server = i;
        found = away ? NL_SMTPUTF8_AWAY : NL_SMTPUTF8_MAYBE;
        if (!away && candidate->connections > 0)
            return found;
    }
    return found;
}

void nl_transport_note_no_smtputf8(struct nl_transport *transport, size_t connection) {
    transport->health.servers[transport->connections[connection].host].lacks_smtputf8 = true;
}

/* Closes one connection to another server, unless one is being closed already. */
static void make_room(struct nl_transport *transport, size_t server) {
    struct connection *other = NULL;
    for (size_t i = 0; i < transport->used; i++) {
        struct connection *connection = &transport->connections[i];
        if (connection->state == OPEN && connection->message_limit_reached)
            return;
        if (stays(connection) && connection->host != server)
            other = connection;
    }
    if (other != NULL)
        retire(transport, other);
}

void nl_transport_lead_to(struct nl_transport *transport, size_t server) {
    if (nl_transport_leading_to(transport, server, server) > 0)
        return;
    if (transport->open + transport->connecting >= transport->allowed ||
        !nl_transport_connect_to(transport, server, NULL))
        make_room(transport, server);
}

bool nl_transport_avoid(struct nl_transport *transport, size_t server) {
    nl_relay_health_failed(&transport->health, server, true);
    for (size_t i = 0; i < transport->used; i++) {
        struct connection *connection = &transport->connections[i];
        if (connection->state == OPEN && connection->host == server)
            retire(transport, connection);
    }
    return !nl_relay_health_all_out(&transport->health);
}
