#include "newsletter/base/memory.h"
#include "smtp/connection.h"

#include <stdlib.h>
#include <string.h>

void nl_carry_open(struct connection *connection, size_t window) {
    /* Where they do not go out in one piece each, one message may follow another. */
    connection->room = window > 1 ? window : 2;
    connection->carried = nl_calloc(connection->room, sizeof connection->carried[0]);
    nl_session_allow_flights(&connection->session, window);
}

void nl_carry_free(struct connection *connection) {
    for (size_t i = 0; connection->carried != NULL && i < connection->room; i++) {
        nl_buf_free(&connection->carried[i].sender);
        nl_buf_free(&connection->carried[i].recipient);
    }
    free(connection->carried);
}

struct carried *nl_carry_find(struct connection *connection, size_t message) {
    for (size_t i = 0; i < connection->carried_count; i++)
        if (connection->carried[i].message == message)
            return &connection->carried[i];
    return NULL;
}

void nl_carry_drop(struct connection *connection, struct carried *carried) {
    struct carried kept = *carried;
    struct carried *last = &connection->carried[--connection->carried_count];
    memmove(carried, carried + 1, (size_t)(last - carried) * sizeof *carried);
    *last = kept;
}

bool nl_carry_is_full(const struct nl_transport *transport, const struct connection *connection) {
    int64_t most = nl_relay_per_connection(transport->health.relay, connection->host);
    return most > 0 && (int64_t)(connection->answered + connection->carried_count) >= most;
}

size_t nl_carry_end(struct nl_transport *transport, struct connection *connection) {
    const struct nl_session *session = &connection->session;
    size_t message = connection->flies ? session->ended_message : connection->carried[0].message;
    struct carried *carried = nl_carry_find(connection, message);
    if (carried != NULL)
        nl_carry_drop(connection, carried);
    if (connection->flies)
        nl_relay_health_flight_worked(&transport->health, connection->host,
                                      session->reply.code / 100 == 2);
    return message;
}

/* Whether the envelope of a message was sent, and not accepted yet. */
static bool is_in_envelope(const struct nl_session *session) {
    return session->stage == NL_STAGE_MAIL || session->stage == NL_STAGE_RCPT ||
           session->stage == NL_STAGE_DATA;
}

void nl_carry_broken(struct nl_transport *transport, struct connection *connection, bool garbage) {
    enum nl_flight_trust before = transport->health.servers[connection->host].flights;
    const struct nl_session *session = &connection->session;
    /* A server may end a connection after a message. One that breaks it off at the final dot, when
     * the first envelope came with that, may never bear it. */
    bool broken_off = session->following != NULL && session->stage == NL_STAGE_DOT;
    bool first = transport->health.servers[connection->host].following == NL_FOLLOW_TRYING;
    connection->not_begun = session->came_early && session->stage == NL_STAGE_MAIL;
    if (broken_off || (session->came_early && is_in_envelope(session)))
        nl_relay_health_follow_lost(&transport->health, connection->host,
                                    broken_off ? first : garbage);
    if (connection->not_begun && !garbage)
        return;
    nl_relay_health_failed(&transport->health, connection->host, false);
    /* A connection that breaks after the first of the replies has just broken. */
    if (!connection->flies)
        connection->misled =
            session->extensions.pipelining && is_in_envelope(session) &&
            (garbage || session->stage == NL_STAGE_MAIL) &&
            nl_relay_health_pipelining_lost(&transport->health, connection->host, garbage);
    if (connection->flies && connection->session.flight_count > 0 && !connection->session.closing)
        nl_relay_health_flight_lost(&transport->health, connection->host, garbage);
    else if (connection->flies)
        nl_relay_health_flight_worked(&transport->health, connection->host, false);
    if (connection->flies)
        connection->misled = before != NL_FLIGHTS_WORK &&
                             transport->health.servers[connection->host].flights == NL_FLIGHTS_FAIL;
}

/* Whether the last message of a closed connection has not begun: it was to follow the one before.
 */
static bool has_not_begun(const struct connection *connection) {
    return connection->carried_count == 1 && connection->session.following != NULL &&
           connection->session.following == connection->carried[0].text;
}

void nl_carry_report_lost(struct nl_transport *transport, struct connection *connection) {
    struct nl_session *session = &connection->session;
    if (connection->carried_count == 0)
        return;
    struct carried *carried = &connection->carried[0];
    size_t message = carried->message;
    bool waiting = carried->waiting;
    bool follows = has_not_begun(connection);
    nl_carry_drop(connection, carried);
    if (!connection->flies) {
        nl_connection_report(transport, connection, NL_TRANSPORT_LOST,
                             follows ? NL_STAGE_MAIL : session->stage, message);
        connection->event.dot_sent = connection->event.dot_sent && !follows;
        connection->event.not_begun = connection->not_begun || follows;
        connection->event.misled = connection->misled;
        return;
    }
    if (!waiting && nl_session_flight_refused(session, message)) {
        nl_connection_report(transport, connection, NL_TRANSPORT_REPLIED, session->ended_at,
                             message);
        return;
    }
    bool sent = !waiting && nl_session_flight_sent(session, message);
    nl_connection_report(transport, connection, NL_TRANSPORT_LOST,
                         sent ? NL_STAGE_DOT : NL_STAGE_MAIL, message);
    connection->event.dot_sent = sent;
    connection->event.misled = connection->misled;
    /* It was not refused: the server does not know the command that it has offered. */
    connection->event.reused = connection->event.reused || session->unsupported;
}
