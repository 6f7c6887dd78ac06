#include "newsletter/smtp/transport.h"
#include "newsletter/base/memory.h"

#include "smtp/connection.h"
#include "smtp/trace.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_SIZE = 16384,
    WAITING_LIMIT = 512 * 1024, /* bytes of replies that were not read yet: more than any has */
    QUIT_MILLISECONDS = 1000,
    OVERDUE_MILLISECONDS = 100,
    EVENTS = 64,
};

enum nl_status nl_transport_new(const struct nl_relay *relay, size_t connections,
                                struct nl_transport **out, struct nl_error *err) {
    struct nl_transport *transport = nl_calloc(1, sizeof *transport);
    *out = NULL;
    /* Here and not in the relay, which commands make that may have no mail to send: it takes a
     * while, and opens libcurl and forty other libraries. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(transport);
        return nl_error_nomem(err);
    }
    transport->health.relay = relay;
    transport->poll = -1;
    nl_relay_health_grow(&transport->health, nl_relay_count(relay));
    transport->multi = curl_multi_init();
    transport->connections = nl_calloc(connections, sizeof transport->connections[0]);
    transport->poll = epoll_create1(EPOLL_CLOEXEC);
    transport->count = connections;
    transport->allowed = connections;
    transport->window = transport->window_used = (size_t)nl_relay_window(relay);
    for (size_t i = 0; i < connections; i++) {
        transport->connections[i].transport = transport;
        nl_carry_open(&transport->connections[i], transport->window);
    }
    if (transport->multi == NULL || transport->poll < 0) {
        nl_transport_free(transport);
        return nl_error_nomem(err);
    }
    *out = transport;
    return NL_OK;
}

/* A message has ended: its connection, and the health of its server, take note. Returns whether it
 * was refused perhaps only because another envelope came with it. */
static bool note_reply(struct nl_transport *transport, struct connection *connection) {
    const struct nl_session *session = &connection->session;
    struct nl_server_health *server = &transport->health.servers[connection->host];
    bool accepted = session->reply.code / 100 == 2;
    bool early_refused = session->came_early && session->ended_at < NL_STAGE_DOT;
    connection->message_limit_reached = connection->message_limit_reached ||
                                        nl_carry_is_full(transport, connection) ||
                                        session->reply.code == 421;
    if (accepted)
        nl_relay_health_worked(&transport->health, connection->host);
    if (accepted && !connection->flies)
        server->answer = nl_relay_clock() - connection->dot_at + 1;
    if (early_refused)
        nl_relay_health_follow_worked(&transport->health, connection->host);
    return !accepted && session->came_early && !early_refused &&
           nl_relay_health_follow_refused(&transport->health, connection->host);
}

static void take_reply(struct nl_transport *transport, struct connection *connection) {
    bool misled = note_reply(transport, connection);
    nl_connection_report(transport, connection, NL_TRANSPORT_REPLIED, connection->session.ended_at,
                         nl_carry_end(transport, connection));
    connection->event.misled = misled;
    connection->answered++;
    connection->idle_since = nl_relay_clock();
}

/* Closes a connection that is broken. Each message on it makes an event, after the one that waits
 * to be taken. `garbage`: the server does not keep to the protocol. */
static void lose(struct nl_transport *transport, struct connection *connection, const char *how,
                 bool garbage) {
    nl_trace(transport, connection, "%s -> closed: %s", nl_stage_name(connection->session.stage),
             how);
    if (!connection->pending && !connection->flies && connection->carried_count > 0 &&
        nl_session_end_refused(&connection->session)) {
        take_reply(transport, connection);
        nl_connection_close(transport, connection);
        return;
    }
    /* Only a server that has closed the connection reads no further. */
    connection->session.closing = connection->session.closing && !garbage;
    if (connection->carried_count > 0) {
        nl_buf_clear(&connection->text);
        nl_buf_adds(&connection->text, how);
        nl_carry_broken(transport, connection, garbage);
    }
    nl_connection_close(transport, connection);
    if (!connection->pending)
        nl_carry_report_lost(transport, connection);
}

/* Only a whole reply begins the time for the next one: a server that sends a few bytes now and then
 * would hold up its message for ever. */
static enum nl_session_event next_event(struct nl_transport *transport,
                                        struct connection *connection) {
    uint64_t before = connection->session.replies;
    enum nl_session_event event = nl_session_next(&connection->session);
    if (connection->session.replies != before)
        nl_connection_expect(transport, connection);
    return event;
}

static void quit(struct nl_transport *transport, struct connection *connection) {
    nl_session_quit(&connection->session);
    nl_connection_expect(transport, connection);
}

/* Nothing more is read or written. Replies that have arrived still count. */
static void end_input(struct connection *connection, const char *reason) {
    connection->ended = reason;
    if (connection->pending && connection->event.kind == NL_TRANSPORT_WANTS_DOT)
        connection->pending = false;
}

/* Writing fails before the last replies are read. */
static void read_rest(struct connection *connection) {
    char data[READ_SIZE];
    size_t len = 0;
    while (connection->session.in.len <= WAITING_LIMIT &&
           curl_easy_recv(connection->handle, data, sizeof data, &len) == CURLE_OK && len > 0)
        nl_session_feed(&connection->session, data, len);
    end_input(connection, "the server closed the connection");
}

void nl_connection_flush(struct nl_transport *transport, struct connection *connection) {
    while (connection->state == OPEN && connection->ended == NULL) {
        size_t len = 0;
        size_t sent = 0;
        const char *data = nl_session_output(&connection->session, &len);
        connection->write_blocked = false;
        if (len == 0)
            return;
        CURLcode code = curl_easy_send(connection->handle, data, len, &sent);
        if (code == CURLE_AGAIN) {
            connection->write_blocked = true;
            return;
        }
        if (code != CURLE_OK) {
            read_rest(connection);
            return;
        }
        nl_connection_wrote(transport, connection, sent);
    }
}

/* A server that the run has turned away from is not sent what it was only told of. */
static bool is_out(const struct nl_transport *transport, const struct connection *connection) {
    return connection->session.came_early && transport->health.servers[connection->host].out;
}

static void lose_early(struct nl_transport *transport, struct connection *connection) {
    nl_buf_clear(&connection->text);
    nl_buf_adds(&connection->text, "nothing more is sent to this server");
    connection->not_begun = true;
    nl_connection_close(transport, connection);
    nl_carry_report_lost(transport, connection);
}

/* A server that says more than it was asked: of messages in one piece nobody could tell which reply
 * belongs to which. By DATA, 354 shows it. 4xx tells that it has waited too long for us. */
static void note_unasked(struct nl_transport *transport, const struct connection *connection) {
    const struct nl_session *session = &connection->session;
    if (connection->flies && session->stage == NL_STAGE_IDLE && session->reply.code / 100 != 4)
        nl_relay_health_flight_lost(&transport->health, connection->host, true);
}

void nl_connection_act(struct nl_transport *transport, struct connection *connection) {
    while (connection->state == OPEN && !connection->pending) {
        switch (next_event(transport, connection)) {
        case NL_SESSION_NONE:
            if (connection->ended != NULL) {
                lose(transport, connection, connection->ended, false);
                return;
            }
            if (connection->message_limit_reached && connection->carried_count == 0 &&
                connection->session.stage == NL_STAGE_IDLE)
                quit(transport, connection);
            nl_connection_flush(transport, connection);
            return;
        case NL_SESSION_WANTS_DOT:
            if (connection->session.extensions.pipelining)
                nl_relay_health_pipelining_worked(&transport->health, connection->host);
            if (connection->session.came_early)
                nl_relay_health_follow_worked(&transport->health, connection->host);
            if (is_out(transport, connection)) {
                lose_early(transport, connection);
                return;
            }
            nl_connection_flush(transport, connection);
            if (connection->state == OPEN && connection->ended == NULL)
                nl_connection_report(transport, connection, NL_TRANSPORT_WANTS_DOT, NL_STAGE_BODY,
                                     connection->carried[0].message);
            break;
        case NL_SESSION_REPLIED:
            take_reply(transport, connection);
            nl_connection_flush(transport, connection);
            break;
        case NL_SESSION_GARBAGE:
            lose(transport, connection, "the server sent something that is not an SMTP reply",
                 true);
            return;
        case NL_SESSION_CLOSING:
            note_unasked(transport, connection);
            lose(transport, connection, "the server closed the connection", false);
            return;
        }
    }
}

/* A server whose replies come one by one, with Nagle's algorithm, keeps the next one until the last
 * was acknowledged, which takes up to 40 ms (RFC 1122 section 4.2.3.2). */
static void acknowledge(const struct connection *connection) {
    static const int one = 1;
    if (connection->state == OPEN && connection->session.flight_count > 0)
        setsockopt(connection->socket, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

void nl_connection_read(struct nl_transport *transport, struct connection *connection) {
    char data[READ_SIZE];
    while (connection->ended == NULL) {
        size_t len = 0;
        CURLcode code = curl_easy_recv(connection->handle, data, sizeof data, &len);
        if (code == CURLE_AGAIN)
            break;
        if (code != CURLE_OK || len == 0) {
            end_input(connection, "the server closed the connection");
            break;
        }
        nl_session_feed(&connection->session, data, len);
        if (connection->session.in.len > WAITING_LIMIT) {
            end_input(connection, "the server sends without being asked");
            break;
        }
        if (len < sizeof data && !nl_tls_holds_more(&connection->link))
            break; /* there is no more, or poll will see it */
    }
    nl_connection_act(transport, connection);
    acknowledge(connection);
}

static bool expects_reply(const struct connection *connection) {
    return !connection->pending && connection->session.stage != NL_STAGE_IDLE;
}

/* Input that arrived together with the previous reply, or before the end of the connection, is
 * parsed only after that reply's event has been taken. */
static void act_on_waiting_input(struct nl_transport *transport, struct connection *connection) {
    if (connection->session.in.len > 0 || connection->ended != NULL)
        nl_connection_act(transport, connection);
}

void nl_transport_watch(struct nl_transport *transport, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(transport->poll, EPOLL_CTL_ADD, fd, &event);
}

/* Output that the socket does not take now is written once it does. */
static void watch_output(struct nl_transport *transport, struct connection *connection) {
    if (connection->state != OPEN || connection->write_blocked == connection->write_watched)
        return;
    struct epoll_event event = {.events = EPOLLIN | (connection->write_blocked ? EPOLLOUT : 0),
                                .data.ptr = connection};
    connection->write_watched = connection->write_blocked;
    epoll_ctl(transport->poll, EPOLL_CTL_MOD, connection->socket, &event);
}

/* While connections are being opened, libcurl waits for their sockets and for our own set. */
static int wait_for_events(struct nl_transport *transport, struct epoll_event *events,
                           int milliseconds) {
    struct curl_waitfd own = {.fd = transport->poll, .events = CURL_WAIT_POLLIN};
    int ready = 0;
    if (transport->connecting > 0) {
        curl_multi_poll(transport->multi, &own, 1, milliseconds, &ready);
        milliseconds = 0;
    }
    return epoll_wait(transport->poll, events, EVENTS, milliseconds);
}

static void lose_overdue(struct nl_transport *transport) {
    int64_t now = nl_relay_clock();
    if (now < transport->next_overdue_check)
        return;
    transport->next_overdue_check = now + OVERDUE_MILLISECONDS;
    for (size_t i = 0; i < transport->used; i++) {
        struct connection *connection = &transport->connections[i];
        if (connection->state == OPEN && expects_reply(connection) && now > connection->deadline)
            lose(transport, connection, "no reply within smtp.timeout", true);
    }
}

void nl_transport_wait(struct nl_transport *transport, int milliseconds) {
    struct epoll_event events[EVENTS];
    for (size_t i = 0; i < transport->used; i++) {
        act_on_waiting_input(transport, &transport->connections[i]);
        watch_output(transport, &transport->connections[i]);
        if (transport->connections[i].pending || (transport->connections[i].state == CLOSED &&
                                                  transport->connections[i].carried_count > 0))
            milliseconds = 0;
    }
    int count = wait_for_events(transport, events, milliseconds);
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (connection == NULL || connection->state != OPEN)
            continue;
        if ((events[i].events & EPOLLOUT) != 0)
            nl_connection_flush(transport, connection);
        if (connection->state == OPEN && (events[i].events & ~(uint32_t)EPOLLOUT) != 0)
            nl_connection_read(transport, connection);
    }
    lose_overdue(transport);
    nl_connect_drive(transport);
}

bool nl_transport_next(struct nl_transport *transport, struct nl_transport_event *event) {
    for (size_t step = 0; step < transport->used; step++) {
        struct connection *connection =
            &transport->connections[(transport->cursor + step) % transport->used];
        if (!connection->pending && connection->state == CLOSED)
            nl_carry_report_lost(transport, connection);
        else
            act_on_waiting_input(transport, connection);
        if (!connection->pending)
            continue;
        *event = connection->event;
        connection->pending = false;
        transport->cursor = (event->connection + 1) % transport->used;
        return true;
    }
    return false;
}

size_t nl_transport_server(const struct nl_transport *transport, size_t connection) {
    return transport->connections[connection].host;
}

const struct nl_extensions *nl_transport_extensions(const struct nl_transport *transport,
                                                    size_t connection) {
    return &transport->connections[connection].session.extensions;
}

static void say_goodbye(struct nl_transport *transport) {
    for (size_t i = 0; i < transport->count; i++) {
        struct connection *connection = &transport->connections[i];
        connection->pending = false;
        if (connection->state == OPEN && connection->carried_count == 0 &&
            connection->session.stage == NL_STAGE_IDLE) {
            quit(transport, connection);
            nl_connection_flush(transport, connection);
        } else {
            nl_connection_close(transport, connection);
        }
    }
    int64_t end = nl_relay_clock() + QUIT_MILLISECONDS;
    while (transport->open > 0 && nl_relay_clock() < end)
        nl_transport_wait(transport, 50);
}

void nl_transport_free(struct nl_transport *transport) {
    if (transport == NULL)
        return;
    if (transport->connections != NULL && transport->poll >= 0 && transport->multi != NULL)
        say_goodbye(transport);
    for (size_t i = 0; transport->connections != NULL && i < transport->count; i++) {
        nl_connection_close(transport, &transport->connections[i]);
        nl_session_free(&transport->connections[i].session);
        nl_carry_free(&transport->connections[i]);
        nl_buf_free(&transport->connections[i].text);
    }
    if (transport->multi != NULL)
        curl_multi_cleanup(transport->multi);
    nl_relay_health_free(&transport->health);
    free(transport->connections);
    if (transport->poll >= 0)
        close(transport->poll);
    free(transport);
    curl_global_cleanup();
}
