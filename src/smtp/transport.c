#include "newsletter/smtp/transport.h"

#include "smtp/ehlo.h"
#include "smtp/relay_handle.h"
#include "smtp/relay_health.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    READ_SIZE = 16384,
    QUIT_MILLISECONDS = 1000,
    LOOK_MILLISECONDS = 100,
    EVENTS = 64,
};

enum link_state { CLOSED, CONNECTING, OPEN };

struct connection {
    enum link_state state;
    size_t host;
    CURL *handle;
    curl_socket_t socket;
    struct nl_session session;
    enum nl_stage stage; /* while CONNECTING */
    int code;            /* the last reply while CONNECTING; 0 before one */
    struct nl_extensions offered;
    bool busy; /* a message is on it, unaccounted for */
    bool write_blocked, write_watched;
    bool worn; /* to be closed, politely, once it is idle */
    int64_t deadline;
    struct nl_transport_event event; /* waiting to be taken if `pending` */
    bool pending;
    char error[CURL_ERROR_SIZE];
};

struct nl_transport {
    struct nl_relay_health hosts; /* with the relay */
    CURLM *multi;
    struct connection *connections;
    int poll;          /* epoll, of the open connections */
    int64_t next_look; /* for those that are overdue */
    size_t count;
    size_t connecting;
    size_t cursor;
};

const char *nl_stage_name(enum nl_stage stage) {
    static const char *const names[] = {
        "connect", "banner", "EHLO",        "STARTTLS",      "AUTH", "idle", "MAIL",
        "RCPT",    "DATA",   "the message", "the final dot", "RSET", "QUIT"};
    return names[stage];
}

enum nl_status nl_transport_new(const struct nl_relay *relay, size_t connections,
                                struct nl_transport **out, struct nl_error *err) {
    struct nl_transport *transport = calloc(1, sizeof *transport);
    *out = NULL;
    if (transport == NULL)
        return nl_error_nomem(err);
    transport->hosts.relay = relay;
    transport->multi = curl_multi_init();
    transport->connections = calloc(connections, sizeof transport->connections[0]);
    transport->poll = epoll_create1(EPOLL_CLOEXEC);
    transport->count = connections;
    if (transport->multi == NULL || transport->connections == NULL || transport->poll < 0) {
        nl_transport_free(transport);
        return nl_error_nomem(err);
    }
    *out = transport;
    return NL_OK;
}

static void drop(struct nl_transport *transport, struct connection *connection) {
    if (connection->state == CONNECTING)
        transport->connecting--;
    if (connection->handle != NULL) {
        curl_multi_remove_handle(transport->multi, connection->handle);
        curl_easy_cleanup(connection->handle);
    }
    connection->handle = NULL;
    connection->state = CLOSED;
    connection->busy = false;
}

void nl_transport_close(struct nl_transport *transport, size_t connection) {
    drop(transport, &transport->connections[connection]);
}

static void push(struct nl_transport *transport, struct connection *connection,
                 enum nl_transport_kind kind, enum nl_stage stage) {
    connection->event = (struct nl_transport_event){
        .kind = kind,
        .connection = (size_t)(connection - transport->connections),
        .stage = stage,
        .reply = &connection->session.reply,
        .text = connection->error,
        .dot_sent = nl_session_dot_sent(&connection->session),
        .reused = connection->session.messages > 1,
    };
    connection->pending = true;
}

/* The connection is of no use any more; if a message was on it, that is an event. */
static void lose(struct nl_transport *transport, struct connection *connection, const char *how) {
    if (connection->busy) {
        snprintf(connection->error, sizeof connection->error, "%s", how);
        nl_relay_health_failed(&transport->hosts, connection->host, false);
        push(transport, connection, NL_TRANSPORT_LOST, connection->session.stage);
    }
    drop(transport, connection);
}

/* Watches libcurl's dialogue: how far it got, what the server answered last, what it offers.
 * Nothing of it is kept, since the dialogue holds the password. */
static int watch(CURL *handle, curl_infotype type, char *data, size_t len, void *userdata) {
    (void)handle;
    struct connection *connection = userdata;
    if (type == CURLINFO_HEADER_OUT) {
        connection->code = 0;
        if (len >= 4 && (strncmp(data, "EHLO", 4) == 0 || strncmp(data, "HELO", 4) == 0)) {
            connection->stage = NL_STAGE_EHLO;
            connection->offered = (struct nl_extensions){0};
        } else if (len >= 8 && strncmp(data, "STARTTLS", 8) == 0) {
            connection->stage = NL_STAGE_STARTTLS;
        } else if (len >= 4 && strncmp(data, "AUTH", 4) == 0) {
            connection->stage = NL_STAGE_AUTH;
        }
    } else if (type == CURLINFO_HEADER_IN) {
        if (connection->stage == NL_STAGE_CONNECT)
            connection->stage = NL_STAGE_BANNER;
        if (len >= 3 && data[0] >= '1' && data[0] <= '5')
            connection->code = (data[0] - '0') * 100 + (data[1] - '0') * 10 + (data[2] - '0');
        if (connection->stage == NL_STAGE_EHLO && len > 4)
            nl_ehlo_note(&connection->offered, data + 4, len - 4);
    }
    return 0;
}

static size_t free_slot(const struct nl_transport *transport) {
    size_t at = 0;
    while (at < transport->count &&
           (transport->connections[at].state != CLOSED || transport->connections[at].pending))
        at++;
    return at;
}

bool nl_transport_connect(struct nl_transport *transport) {
    return free_slot(transport) < transport->count &&
           nl_transport_connect_to(transport, nl_relay_health_pick(&transport->hosts));
}

bool nl_transport_connect_to(struct nl_transport *transport, size_t host) {
    size_t at = free_slot(transport);
    if (at == transport->count)
        return false;
    struct connection *connection = &transport->connections[at];
    connection->host = host;
    connection->handle = nl_relay_handle(transport->hosts.relay, host);
    if (connection->handle == NULL)
        return false;
    connection->stage = NL_STAGE_CONNECT;
    connection->code = 0;
    connection->error[0] = '\0';
    curl_easy_setopt(connection->handle, CURLOPT_PRIVATE, connection);
    curl_easy_setopt(connection->handle, CURLOPT_ERRORBUFFER, connection->error);
    curl_easy_setopt(connection->handle, CURLOPT_DEBUGFUNCTION, watch);
    curl_easy_setopt(connection->handle, CURLOPT_DEBUGDATA, connection);
    curl_easy_setopt(connection->handle, CURLOPT_VERBOSE, 1L);
    if (curl_multi_add_handle(transport->multi, connection->handle) != CURLM_OK) {
        drop(transport, connection);
        return false;
    }
    connection->state = CONNECTING;
    transport->connecting++;
    return true;
}

size_t nl_transport_connecting(const struct nl_transport *transport) {
    return transport->connecting;
}

static void refuse(struct nl_transport *transport, struct connection *connection, CURLcode code) {
    struct nl_buf text = {0};
    bool permanent = nl_ehlo_is_permanent(code, connection->code);
    nl_buf_addf(&text, "%s at %s: %s", nl_relay_name(transport->hosts.relay, connection->host),
                nl_stage_name(connection->stage),
                connection->error[0] != '\0' ? connection->error : curl_easy_strerror(code));
    if (connection->code >= 400)
        nl_buf_addf(&text, " (reply %d)", connection->code);
    nl_buf_adds(&text, nl_ehlo_advice(code));
    enum nl_stage stage = connection->stage;
    drop(transport, connection);
    snprintf(connection->error, sizeof connection->error, "%s", nl_buf_text(&text));
    nl_buf_free(&text);
    push(transport, connection, NL_TRANSPORT_REFUSED, stage);
    nl_relay_health_failed(&transport->hosts, connection->host, permanent);
    connection->event.permanent = permanent && nl_relay_health_all_out(&transport->hosts);
}

static void established(struct nl_transport *transport, struct connection *connection) {
    curl_easy_setopt(connection->handle, CURLOPT_VERBOSE, 0L);
    connection->socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(connection->handle, CURLINFO_ACTIVESOCKET, &connection->socket);
    if (connection->socket == CURL_SOCKET_BAD) {
        refuse(transport, connection, CURLE_COULDNT_CONNECT);
        return;
    }
    transport->connecting--;
    connection->state = OPEN;
    connection->busy = false;
    connection->write_blocked = connection->write_watched = false;
    connection->worn = false;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(transport->poll, EPOLL_CTL_ADD, connection->socket, &event);
    nl_session_open(&connection->session, &connection->offered);
}

static void drive_connecting(struct nl_transport *transport) {
    int running = 0;
    int left = 0;
    CURLMsg *message = NULL;
    if (transport->connecting == 0)
        return;
    curl_multi_perform(transport->multi, &running);
    while ((message = curl_multi_info_read(transport->multi, &left)) != NULL) {
        char *private = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct connection *connection = (struct connection *)(void *)private;
        if (code == CURLE_OK)
            established(transport, connection);
        else
            refuse(transport, connection, code);
    }
}

static void touch(struct nl_transport *transport, struct connection *connection) {
    connection->deadline = nl_relay_clock() + nl_relay_timeout(transport->hosts.relay) * 1000;
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
        touch(transport, connection);
    }
}

/* Whether it has had as many messages as the configuration gives one connection. */
static bool is_worn(const struct nl_transport *transport, const struct connection *connection) {
    int64_t most = nl_relay_per_connection(transport->hosts.relay);
    return most > 0 && (int64_t)connection->session.messages >= most;
}

/* One event at a time: what follows in the buffer waits until this one is taken. */
static void handle_events(struct nl_transport *transport, struct connection *connection) {
    while (connection->state == OPEN && !connection->pending) {
        switch (nl_session_next(&connection->session)) {
        case NL_SESSION_NONE:
            if (connection->worn && connection->session.stage == NL_STAGE_IDLE)
                nl_session_quit(&connection->session);
            flush_output(transport, connection);
            return;
        case NL_SESSION_WANTS_DOT:
            flush_output(transport, connection);
            if (connection->state == OPEN)
                push(transport, connection, NL_TRANSPORT_WANTS_DOT, NL_STAGE_BODY);
            break;
        case NL_SESSION_REPLIED:
            connection->busy = false;
            connection->worn = is_worn(transport, connection);
            if (connection->session.reply.code / 100 == 2)
                nl_relay_health_worked(&transport->hosts, connection->host);
            push(transport, connection, NL_TRANSPORT_REPLIED, connection->session.ended_at);
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

static void read_input(struct nl_transport *transport, struct connection *connection) {
    bool plain =
        nl_relay_server(transport->hosts.relay, connection->host)->security == NL_SMTP_PLAIN;
    char data[READ_SIZE];
    for (;;) {
        size_t len = 0;
        CURLcode code = curl_easy_recv(connection->handle, data, sizeof data, &len);
        if (code == CURLE_AGAIN)
            break;
        if (code != CURLE_OK || len == 0) {
            /* What it said before it closed still counts. */
            handle_events(transport, connection);
            if (connection->state == OPEN && connection->pending &&
                connection->event.kind == NL_TRANSPORT_WANTS_DOT)
                connection->pending = false;
            if (connection->state == OPEN)
                lose(transport, connection, "the server closed the connection");
            return;
        }
        nl_session_feed(&connection->session, data, len);
        touch(transport, connection);
        if (len < sizeof data && plain)
            break; /* there is no more; TLS may hold back what poll does not see */
    }
    handle_events(transport, connection);
}

static bool expects_reply(const struct connection *connection) {
    return !connection->pending && (connection->busy || connection->session.stage != NL_STAGE_IDLE);
}

/* What came in one piece with the reply that was an event: it waited until that was taken. */
static void take_up_input(struct nl_transport *transport) {
    for (size_t i = 0; i < transport->count; i++)
        handle_events(transport, &transport->connections[i]);
}

void nl_transport_watch(struct nl_transport *transport, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(transport->poll, EPOLL_CTL_ADD, fd, &event);
}

/* What cannot be written now is written when it can. */
static void watch_output(struct nl_transport *transport, struct connection *connection) {
    if (connection->state != OPEN || connection->write_blocked == connection->write_watched)
        return;
    struct epoll_event event = {.events = EPOLLIN | (connection->write_blocked ? EPOLLOUT : 0),
                                .data.ptr = connection};
    connection->write_watched = connection->write_blocked;
    epoll_ctl(transport->poll, EPOLL_CTL_MOD, connection->socket, &event);
}

/* libcurl waits for what it connects, and for our own set beside it. */
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
    if (now < transport->next_look)
        return;
    transport->next_look = now + LOOK_MILLISECONDS;
    for (size_t i = 0; i < transport->count; i++) {
        struct connection *connection = &transport->connections[i];
        if (connection->state == OPEN && expects_reply(connection) && now > connection->deadline)
            lose(transport, connection, "no reply within smtp.timeout");
    }
}

void nl_transport_wait(struct nl_transport *transport, int milliseconds) {
    struct epoll_event events[EVENTS];
    take_up_input(transport);
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
    drive_connecting(transport);
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
            !candidate->worn && candidate->session.stage == NL_STAGE_IDLE) {
            *connection = i;
            return true;
        }
    }
    return false;
}

const struct nl_extensions *nl_transport_extensions(const struct nl_transport *transport,
                                                    size_t connection) {
    return &transport->connections[connection].session.extensions;
}

void nl_transport_start(struct nl_transport *transport, size_t connection, const char *sender,
                        const char *recipient, const struct nl_buf *message, bool smtputf8) {
    struct connection *taken = &transport->connections[connection];
    taken->busy = true;
    touch(transport, taken);
    nl_session_start(&taken->session, sender, recipient, message, smtputf8);
    flush_output(transport, taken);
}

void nl_transport_release_dot(struct nl_transport *transport, size_t connection) {
    struct connection *taken = &transport->connections[connection];
    if (taken->state != OPEN)
        return;
    nl_session_release_dot(&taken->session);
    flush_output(transport, taken);
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
            drop(transport, connection);
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
        drop(transport, &transport->connections[i]);
        nl_session_free(&transport->connections[i].session);
    }
    curl_multi_cleanup(transport->multi);
    free(transport->connections);
    if (transport->poll >= 0)
        close(transport->poll);
    free(transport);
}
