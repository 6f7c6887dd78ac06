/* Begins messages on connections and releases them: the upper half of the transport. */
#include "smtp/connection.h"
#include "smtp/trace.h"

#include <stdint.h>
#include <sys/socket.h>

enum { LONG_ANSWER = 500 }; /* milliseconds */

/* Whether messages go out in one piece each on a connection that is empty. The first one to a
 * server goes alone. */
static bool may_fly(const struct nl_transport *transport, const struct connection *connection) {
    const struct nl_extensions *offered = &connection->session.extensions;
    enum nl_flight_trust trust = transport->health.servers[connection->host].flights;
    return offered->chunking && offered->pipelining &&
           (trust == NL_FLIGHTS_WORK || trust == NL_FLIGHTS_UNTRIED);
}

static bool takes_another(const struct nl_transport *transport,
                          const struct connection *connection) {
    if (connection->state != OPEN || connection->ended != NULL ||
        connection->message_limit_reached || nl_carry_is_full(transport, connection))
        return false;
    if (connection->carried_count == 0)
        return !connection->pending && connection->session.stage == NL_STAGE_IDLE;
    return connection->flies && connection->carried_count < transport->window_used &&
           transport->health.servers[connection->host].flights == NL_FLIGHTS_WORK;
}

bool nl_transport_idle(const struct nl_transport *transport, size_t *connection) {
    return nl_transport_idle_to(transport, 0, SIZE_MAX, connection);
}

bool nl_transport_idle_to(const struct nl_transport *transport, size_t first, size_t last,
                          size_t *connection) {
    size_t fewest = SIZE_MAX;
    if (nl_transport_leading_to(transport, first, last) == 0)
        return false;
    for (size_t i = 0; i < transport->used && fewest > 0; i++) {
        const struct connection *candidate = &transport->connections[i];
        if (candidate->carried_count >= fewest || candidate->host < first ||
            candidate->host > last || !takes_another(transport, candidate))
            continue;
        fewest = candidate->carried_count;
        *connection = i;
    }
    return fewest != SIZE_MAX;
}

/* Whether messages will go out in one piece each, once that is known to work. */
static bool will_fly(const struct nl_server_health *server, const struct nl_extensions *offered) {
    return offered->chunking && offered->pipelining && server->flights != NL_FLIGHTS_FAIL;
}

/* The first envelope of this kind to a server goes alone. A message that followed one which takes
 * long would be better off on another connection. */
static bool takes_following(const struct nl_transport *transport,
                            const struct connection *connection) {
    const struct nl_server_health *server = &transport->health.servers[connection->host];
    return connection->state == OPEN && connection->ended == NULL && !connection->flies &&
           !connection->message_limit_reached && connection->carried_count == 1 &&
           !nl_carry_is_full(transport, connection) &&
           !will_fly(server, &connection->session.extensions) && server->answer > 0 &&
           server->answer < LONG_ANSWER && server->pipelining == NL_PIPELINING_WORKS &&
           (server->following == NL_FOLLOW_WORKS || server->following == NL_FOLLOW_UNTRIED) &&
           nl_session_may_follow(&connection->session);
}

bool nl_transport_follow(const struct nl_transport *transport, size_t *connection) {
    for (size_t i = 0; i < transport->used; i++)
        if (takes_following(transport, &transport->connections[i])) {
            *connection = i;
            return true;
        }
    return false;
}

static void follow(struct nl_transport *transport, struct connection *taken,
                   struct carried *carried, const char *sender, const char *recipient) {
    struct nl_server_health *server = &transport->health.servers[taken->host];
    if (server->following == NL_FOLLOW_UNTRIED)
        server->following = NL_FOLLOW_TRYING;
    nl_session_follow(&taken->session, sender, recipient, carried->text, carried->smtputf8);
    nl_trace(transport, taken, "%s: with the final dot will go MAIL: from <%s> to <%s>, %zu bytes",
             nl_stage_name(taken->session.stage), sender, recipient, carried->text->len);
    nl_connection_flush(transport, taken);
}

static void keep(struct nl_buf *buffer, const char *text) {
    nl_buf_clear(buffer);
    nl_buf_adds(buffer, text);
}

bool nl_transport_start(struct nl_transport *transport, size_t connection, size_t message,
                        const char *sender, const char *recipient, const struct nl_buf *text,
                        bool smtputf8) {
    struct connection *taken = &transport->connections[connection];
    struct carried *carried = &taken->carried[taken->carried_count];
    if (taken->carried_count++ == 0)
        taken->flies = may_fly(transport, taken);
    carried->message = message;
    carried->text = text;
    carried->smtputf8 = smtputf8;
    carried->waiting = taken->flies;
    if (taken->flies) {
        if (transport->health.servers[taken->host].flights == NL_FLIGHTS_UNTRIED)
            transport->health.servers[taken->host].flights = NL_FLIGHTS_TRYING;
        keep(&carried->sender, sender);
        keep(&carried->recipient, recipient);
        return true;
    }
    if (taken->carried_count > 1) {
        follow(transport, taken, carried, sender, recipient);
        return false;
    }
    if (transport->health.servers[taken->host].pipelining == NL_PIPELINING_FAILS)
        taken->session.extensions.pipelining = false;
    nl_session_start(&taken->session, sender, recipient, text, smtputf8);
    nl_trace(transport, taken, "idle -> MAIL: from <%s> to <%s>, %zu bytes", sender, recipient,
             text->len);
    nl_connection_expect(transport, taken);
    nl_connection_flush(transport, taken);
    return false;
}

/* A server that has closed the connection would leave in doubt what happened to the message; one
 * that has said something meanwhile would seem to answer it. */
static void notice_end(struct nl_transport *transport, struct connection *connection) {
    char byte = 0;
    if (connection->session.flight_count == 0 && !connection->pending &&
        recv(connection->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
        nl_connection_read(transport, connection);
}

static void fly(struct nl_transport *transport, struct connection *connection,
                struct carried *carried) {
    nl_trace(transport, connection, "%s -> MAIL, RCPT, BDAT: from <%s> to <%s>, %zu bytes",
             nl_stage_name(connection->session.stage), nl_buf_text(&carried->sender),
             nl_buf_text(&carried->recipient), carried->text->len);
    carried->waiting = false;
    nl_session_fly(&connection->session, carried->message, nl_buf_text(&carried->sender),
                   nl_buf_text(&carried->recipient), carried->text, carried->smtputf8);
}

void nl_transport_release(struct nl_transport *transport, size_t connection, size_t message) {
    struct connection *taken = &transport->connections[connection];
    if (taken->state == OPEN && (taken->flies || nl_connection_has_waited(transport, taken)))
        notice_end(transport, taken);
    struct carried *carried = nl_carry_find(taken, message);
    if (taken->state != OPEN || carried == NULL)
        return;
    if (taken->flies) {
        fly(transport, taken, carried);
    } else {
        nl_session_release_dot(&taken->session);
        taken->dot_at = nl_relay_clock();
        nl_trace(transport, taken, "the message -> the final dot");
    }
    nl_connection_expect(transport, taken);
    nl_connection_flush(transport, taken);
}

void nl_transport_withdraw(struct nl_transport *transport, size_t connection, size_t message) {
    struct connection *taken = &transport->connections[connection];
    struct carried *carried = nl_carry_find(taken, message);
    if (carried == NULL)
        return;
    bool waiting = carried->waiting;
    nl_carry_drop(taken, carried);
    if (waiting && transport->health.servers[taken->host].flights == NL_FLIGHTS_TRYING)
        transport->health.servers[taken->host].flights = NL_FLIGHTS_UNTRIED;
    if (waiting)
        return;
    keep(&taken->text, "the connection was closed before its turn");
    nl_connection_close(transport, taken);
}

void nl_transport_distrust(struct nl_transport *transport, size_t server,
                           enum nl_transport_trick trick) {
    /* A message in one piece is pipelined too. */
    transport->health.servers[server].flights = NL_FLIGHTS_FAIL;
    if (trick == NL_TRICK_PIPELINING)
        transport->health.servers[server].pipelining = NL_PIPELINING_FAILS;
}

bool nl_transport_is_broken(const struct nl_transport *transport, size_t server,
                            enum nl_transport_trick trick) {
    return trick == NL_TRICK_PIPELINING ? transport->health.servers[server].pipelining_broken
                                        : transport->health.servers[server].flights_broken;
}
