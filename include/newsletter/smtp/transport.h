/* Many SMTP sessions at once: libcurl connects, secures and authenticates each; then bytes move
 * between its connection and a session machine. */
#ifndef NEWSLETTER_SMTP_TRANSPORT_H
#define NEWSLETTER_SMTP_TRANSPORT_H

#include "newsletter/smtp/relay.h"
#include "newsletter/smtp/session.h"

struct nl_transport;

enum nl_transport_kind {
    NL_TRANSPORT_WANTS_DOT, /* record it, then nl_transport_release_dot or nl_transport_close */
    NL_TRANSPORT_REPLIED,   /* the message is accounted for: stage and reply */
    NL_TRANSPORT_LOST,      /* the connection broke with a message on it; text says how */
    NL_TRANSPORT_REFUSED,   /* no connection came about: stage and text */
};

struct nl_transport_event {
    enum nl_transport_kind kind;
    size_t connection;
    enum nl_stage stage;          /* of the command or phase concerned */
    const struct nl_reply *reply; /* REPLIED; owned by the connection */
    const char *text;             /* LOST, REFUSED; owned by the connection */
    bool dot_sent;                /* LOST: whether the server may have taken the message */
    bool reused;                  /* REPLIED, LOST: other messages went before on it */
    bool permanent;               /* REFUSED: trying again would not help, with any server */
};

/* Makes room for `connections` connections; none is opened yet. */
enum nl_status nl_transport_new(const struct nl_relay *relay, size_t connections,
                                struct nl_transport **out, struct nl_error *err);

/* Begins to open one more connection, to the server whose turn it is by weight; those that have
 * failed again and again are left out for a while. False when all are in use or there is no memory.
 */
bool nl_transport_connect(struct nl_transport *transport);

/* The same to one server. */
bool nl_transport_connect_to(struct nl_transport *transport, size_t host);

/* The number of connections being opened. */
size_t nl_transport_connecting(const struct nl_transport *transport);

/* A connection ready for a message; false if there is none. */
bool nl_transport_idle(const struct nl_transport *transport, size_t *connection);

const struct nl_extensions *nl_transport_extensions(const struct nl_transport *transport,
                                                    size_t connection);

/* See nl_session_start. */
void nl_transport_start(struct nl_transport *transport, size_t connection, const char *sender,
                        const char *recipient, const struct nl_buf *message, bool smtputf8);

void nl_transport_release_dot(struct nl_transport *transport, size_t connection);

/* Something else that ends a wait once it is readable; -1 for nothing. */
void nl_transport_watch(struct nl_transport *transport, int fd);

/* Drops a connection at once. */
void nl_transport_close(struct nl_transport *transport, size_t connection);

/* Reads and writes for at most `milliseconds`. */
void nl_transport_wait(struct nl_transport *transport, int milliseconds);

/* Takes the next event; false when there is none. Events that carry no connection's message are
 * handled inside. */
bool nl_transport_next(struct nl_transport *transport, struct nl_transport_event *event);

/* Says QUIT on idle connections, waits a moment for the answers, and frees everything. */
void nl_transport_free(struct nl_transport *transport);

/* What a stage is called in messages. */
const char *nl_stage_name(enum nl_stage stage);

#endif
