#include "newsletter/smtp/transport.h"

#include "smtp/connection.h"
#include "smtp/trace.h"

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
    struct nl_transport *transport = calloc(1, sizeof *transport);
    *out = NULL;
    if (transport == NULL)
        return nl_error_nomem(err);
    transport->health.relay = relay;
    transport->multi = curl_multi_init();
    transport->connections = calloc(connections, sizeof transport->connections[0]);
    transport->poll = epoll_create1(EPOLL_CLOEXEC);
    transport->count = connections;
    for (size_t i = 0; transport->connections != NULL && i < connections; i++)
        transport->connections[i].transport = transport;
    if (transport->multi == NULL || transport->connections == NULL || transport->poll < 0) {
        nl_transport_free(transport);
        return nl_error_nomem(err);
    }
    *out = transport;
    return NL_OK;
}

void nl_transport_close(struct nl_transport *transport, size_t connection) {
    nl_connection_close(transport, &transport->connections[connection]);
}

/* Closes a connection that is broken. If a message was on it, that is an event. */
static void lose(struct nl_transport *transport, struct connection *connection, const char *how) {
    nl_trace(transport, connection, "%s -> closed: %s", nl_stage_name(connection->session.stage),
             how);
    if (connection->busy) {
        nl_buf_clear(&connection->text);
        nl_buf_adds(&connection->text, how);
        nl_relay_health_failed(&transport->health, connection->host, false);
        nl_connection_report(transport, connection, NL_TRANSPORT_LOST, connection->session.stage);
    }
    nl_connection_close(transport, connection);
}

static void set_deadline(struct nl_transport *transport, struct connection *connection) {
    connection->deadline = nl_relay_clock() + nl_relay_timeout(transport->health.relay) * 1000;
}

static void flush_output(struct nl_transport *transport, struct connection *connection) {
    while (connection->state == OPEN) {
        size_t len = 0;
        size_t sent = 0;
        const char *data = nl_session_output(&connection->session, &len);
        connection->write_blocked = false;
        if (connection->session.out.failed || connection->session.in.failed) {
            lose(transport, connection, "out of memory");
            return;
        }
        if (len == 0)
            return;
        CURLcode code = curl_easy_send(connection->handle, data, len, &sent);
        if (code == CURLE_AGAIN) {
            connection->write_blocked = true;
            return;
        }
        if (code != CURLE_OK) {
            lose(transport, connection, "the server closed the connection");
            return;
        }
        nl_session_wrote(&connection->session, sent);
        set_deadline(transport, connection);
    }
}

/* Whether it has carried as many messages as the configuration allows for one connection. */
static bool has_reached_limit(const struct nl_transport *transport,
                              const struct connection *connection) {
    int64_t most = nl_relay_per_connection(transport->health.relay);
    return most > 0 && (int64_t)connection->session.messages >= most;
}

/* Stops at the first event: the rest of the input waits until that event is taken. */
static void handle_events(struct nl_transport *transport, struct connection *connection) {
    while (connection->state == OPEN && !connection->pending) {
        switch (nl_session_next(&connection->session)) {
        case NL_SESSION_NONE:
            if (connection->message_limit_reached && connection->session.stage == NL_STAGE_IDLE)
                nl_session_quit(&connection->session);
            flush_output(transport, connection);
            return;
        case NL_SESSION_WANTS_DOT:
            flush_output(transport, connection);
            if (connection->state == OPEN)
                nl_connection_report(transport, connection, NL_TRANSPORT_WANTS_DOT, NL_STAGE_BODY);
            break;
        case NL_SESSION_REPLIED:
            connection->busy = false;
            connection->message_limit_reached =
                connection->message_limit_reached || has_reached_limit(transport, connection);
            if (connection->session.reply.code / 100 == 2)
                nl_relay_health_worked(&transport->health, connection->host);
            nl_connection_report(transport, connection, NL_TRANSPORT_REPLIED,
                                 connection->session.ended_at);
            flush_output(transport, connection);
            break;
        case NL_SESSION_GARBAGE:
            lose(transport, connection, "the server sent something that is no SMTP reply");
            return;
        case NL_SESSION_CLOSING:
            lose(transport, connection, "the server closed the connection");
            return;
        }
    }
}

/* Replies that have arrived still count. */
static void give_up(struct nl_transport *transport, struct connection *connection,
                    const char *reason) {
    handle_events(transport, connection);
    if (connection->state == OPEN && connection->pending &&
        connection->event.kind == NL_TRANSPORT_WANTS_DOT)
        connection->pending = false;
    if (connection->state == OPEN)
        lose(transport, connection, reason);
}

static void read_input(struct nl_transport *transport, struct connection *connection) {
    bool plain =
        nl_relay_server(transport->health.relay, connection->host)->security == NL_SMTP_PLAIN;
    char data[READ_SIZE];
    for (;;) {
        size_t len = 0;
        CURLcode code = curl_easy_recv(connection->handle, data, sizeof data, &len);
        if (code == CURLE_AGAIN)
            break;
        if (code != CURLE_OK || len == 0) {
            give_up(transport, connection, "the server closed the connection");
            return;
        }
        nl_session_feed(&connection->session, data, len);
        if (connection->session.in.len > WAITING_LIMIT) {
            give_up(transport, connection, "the server sends without being asked");
            return;
        }
        set_deadline(transport, connection);
        if (len < sizeof data && plain)
            break; /* there is no more; TLS may have bytes buffered that poll does not see */
    }
    handle_events(transport, connection);
}

static bool expects_reply(const struct connection *connection) {
    return !connection->pending && (connection->busy || connection->session.stage != NL_STAGE_IDLE);
}

/* Input that arrived together with the previous reply is parsed only after that reply's event has
 * been taken. */
static void parse_waiting_input(struct nl_transport *transport) {
    for (size_t i = 0; i < transport->count; i++)
        handle_events(transport, &transport->connections[i]);
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
    for (size_t i = 0; i < transport->count; i++) {
        struct connection *connection = &transport->connections[i];
        if (connection->state == OPEN && expects_reply(connection) && now > connection->deadline)
            lose(transport, connection, "no reply within smtp.timeout");
    }
}

void nl_transport_wait(struct nl_transport *transport, int milliseconds) {
    struct epoll_event events[EVENTS];
    parse_waiting_input(transport);
    for (size_t i = 0; i < transport->count; i++) {
        watch_output(transport, &transport->connections[i]);
        if (transport->connections[i].pending)
            milliseconds = 0;
    }
    int count = wait_for_events(transport, events, milliseconds);
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (connection == NULL || connection->state != OPEN)
            continue;
        if ((events[i].events & EPOLLOUT) != 0)
            flush_output(transport, connection);
        if (connection->state == OPEN && (events[i].events & ~(uint32_t)EPOLLOUT) != 0)
            read_input(transport, connection);
    }
    lose_overdue(transport);
    nl_connect_drive(transport);
}

bool nl_transport_next(struct nl_transport *transport, struct nl_transport_event *event) {
    for (size_t step = 0; step < transport->count; step++) {
        struct connection *connection =
            &transport->connections[(transport->cursor + step) % transport->count];
        if (!connection->pending)
            continue;
        *event = connection->event;
        connection->pending = false;
        transport->cursor = (event->connection + 1) % transport->count;
        return true;
    }
    return false;
}

bool nl_transport_idle(const struct nl_transport *transport, size_t *connection) {
    for (size_t i = 0; i < transport->count; i++) {
        const struct connection *candidate = &transport->connections[i];
        if (candidate->state == OPEN && !candidate->busy && !candidate->pending &&
            !candidate->message_limit_reached && candidate->session.stage == NL_STAGE_IDLE) {
            *connection = i;
            return true;
        }
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

void nl_transport_start(struct nl_transport *transport, size_t connection, const char *sender,
                        const char *recipient, const struct nl_buf *message, bool smtputf8) {
    struct connection *taken = &transport->connections[connection];
    taken->busy = true;
    set_deadline(transport, taken);
    nl_session_start(&taken->session, sender, recipient, message, smtputf8);
    nl_trace(transport, taken, "idle -> MAIL: from <%s> to <%s>, %zu bytes", sender, recipient,
             message->len);
    flush_output(transport, taken);
}

void nl_transport_release_dot(struct nl_transport *transport, size_t connection) {
    struct connection *taken = &transport->connections[connection];
    if (taken->state != OPEN)
        return;
    nl_session_release_dot(&taken->session);
    nl_trace(transport, taken, "the message -> the final dot");
    flush_output(transport, taken);
}

bool nl_transport_avoid(struct nl_transport *transport, size_t server) {
    nl_relay_health_failed(&transport->health, server, true);
    for (size_t i = 0; i < transport->count; i++) {
        struct connection *connection = &transport->connections[i];
        if (connection->state != OPEN || connection->host != server)
            continue;
        connection->message_limit_reached = true;
        handle_events(transport, connection);
    }
    return !nl_relay_health_all_out(&transport->health);
}

static bool any_open(const struct nl_transport *transport) {
    for (size_t i = 0; i < transport->count; i++)
        if (transport->connections[i].state == OPEN)
            return true;
    return false;
}

static void say_goodbye(struct nl_transport *transport) {
    for (size_t i = 0; i < transport->count; i++) {
        struct connection *connection = &transport->connections[i];
        connection->pending = false;
        if (connection->state == OPEN && !connection->busy &&
            connection->session.stage == NL_STAGE_IDLE) {
            nl_session_quit(&connection->session);
            flush_output(transport, connection);
        } else {
            nl_connection_close(transport, connection);
        }
    }
    int64_t end = nl_relay_clock() + QUIT_MILLISECONDS;
    while (any_open(transport) && nl_relay_clock() < end)
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
        nl_buf_free(&transport->connections[i].text);
    }
    curl_multi_cleanup(transport->multi);
    free(transport->connections);
    if (transport->poll >= 0)
        close(transport->poll);
    free(transport);
}
