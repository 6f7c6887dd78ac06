/* Many SMTP sessions at once. libcurl connects, secures and authenticates each one. Then bytes move
 * between its connection and a session machine. */
#ifndef NEWSLETTER_SMTP_TRANSPORT_H
#define NEWSLETTER_SMTP_TRANSPORT_H

#include "newsletter/base/attribute.h"
#include "newsletter/smtp/relay.h"
#include "newsletter/smtp/session.h"

struct nl_transport;

enum nl_transport_kind {
    NL_TRANSPORT_WANTS_DOT, /* record the commit point, then nl_transport_release_dot or _close */
    NL_TRANSPORT_REPLIED,   /* the message has ended: stage and reply */
    NL_TRANSPORT_LOST,      /* the connection broke with a message on it: stage and text */
    NL_TRANSPORT_REFUSED,   /* no connection could be opened: stage and text */
};

struct nl_transport_event {
    enum nl_transport_kind kind;
    size_t connection;
    size_t server;                /* which one of the relay */
    enum nl_stage stage;          /* of the command or phase */
    const struct nl_reply *reply; /* REPLIED; owned by the connection */
    const char *text;             /* LOST, REFUSED; owned by the connection */
    bool dot_sent;                /* LOST: the server may have accepted the message */
    bool reused;                  /* REPLIED, LOST: it carried other messages before */
    bool permanent;               /* REFUSED: trying again would not help, with any server */
};

/* Makes room for `connections` connections; none is opened yet. */
NL_CHECKED enum nl_status nl_transport_new(const struct nl_relay *relay, size_t connections,
                                           struct nl_transport **out,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Begins to open one more connection, to the next server by weight. Servers that have failed
 * several times in a row are avoided for a while. False when all connections are in use or there is
 * no memory. */
bool nl_transport_connect(struct nl_transport *transport) NL_ALL_NONNULL;

/* The same, to a given server. */
bool nl_transport_connect_to(struct nl_transport *transport, size_t server) NL_ALL_NONNULL;

/* The number of connections being opened. */
size_t nl_transport_connecting(const struct nl_transport *transport) NL_ALL_NONNULL;

/* A connection ready for a message; false if there is none. */
bool nl_transport_idle(const struct nl_transport *transport, size_t *connection) NL_ALL_NONNULL;

/* Which server of the relay a connection leads to, and the extensions that it offers. */
size_t nl_transport_server(const struct nl_transport *transport, size_t connection) NL_ALL_NONNULL;
const struct nl_extensions *nl_transport_extensions(const struct nl_transport *transport,
                                                    size_t connection) NL_ALL_NONNULL;

/* See nl_session_start. */
void nl_transport_start(struct nl_transport *transport, size_t connection, const char *sender,
                        const char *recipient, const struct nl_buf *message,
                        bool smtputf8) NL_ALL_NONNULL;

void nl_transport_release_dot(struct nl_transport *transport, size_t connection) NL_ALL_NONNULL;

/* A descriptor that ends a wait once it is readable; -1 for none. */
void nl_transport_watch(struct nl_transport *transport, int fd) NL_ALL_NONNULL;

/* Avoids a server from now on. Its connections are closed as soon as no message is on them. False
 * when no other server is left. */
bool nl_transport_avoid(struct nl_transport *transport, size_t server) NL_ALL_NONNULL;

/* Closes a connection at once. */
void nl_transport_close(struct nl_transport *transport, size_t connection);

/* Reads and writes for at most `milliseconds`. */
void nl_transport_wait(struct nl_transport *transport, int milliseconds) NL_ALL_NONNULL;

/* Takes the next event. False when there is none. A connection that closes without a message on it
 * makes no event. */
bool nl_transport_next(struct nl_transport *transport,
                       struct nl_transport_event *event) NL_ALL_NONNULL;

/* Says QUIT on idle connections, waits a moment for the answers, and frees everything. */
void nl_transport_free(struct nl_transport *transport);

#endif
