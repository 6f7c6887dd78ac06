/* The connections of a transport. connect.c opens them through libcurl, transport.c moves bytes on
 * those that are open. */
#ifndef NL_SMTP_CONNECTION_H
#define NL_SMTP_CONNECTION_H

#include "newsletter/smtp/transport.h"
#include "smtp/login.h"
#include "smtp/relay_health.h"
#include "smtp/tls.h"

#include <curl/curl.h>

enum connection_state { CLOSED, CONNECTING, OPEN };

/* A message on a connection. */
struct carried {
    size_t message; /* the caller's number */
    bool waiting;   /* for its commit point; nothing of it was sent */
    struct nl_buf sender, recipient;
    const struct nl_buf *text;
    bool smtputf8;
};

struct connection {
    struct nl_transport *transport;
    enum connection_state state;
    size_t host;                    /* which server of the relay */
    struct nl_transport_from from;  /* the addresses it may come from */
    const struct nl_source *source; /* the address that it comes from */
    int64_t begun_at;               /* milliseconds */
    int64_t heard_at;               /* milliseconds: when its dialogue has last gone on */
    CURL *handle;
    struct nl_tls_link link;
    curl_socket_t socket;
    struct nl_session session;
    enum nl_stage stage; /* while CONNECTING */
    int code;            /* the last reply while CONNECTING; 0 before one */
    char said[256];      /* its text, of a mail host while CONNECTING */
    bool reached;        /* there is a way to the server */
    bool offers_login;   /* its last reply to EHLO has AUTH */
    unsigned mechanism;  /* the last one tried of a login; 0 before one */
    struct nl_extensions offered;
    struct carried *carried; /* messages whose outcome is not known, oldest first */
    size_t carried_count, room;
    size_t answered; /* messages */
    bool flies;      /* the messages on it go out in one piece each */
    bool misled;     /* it broke because an extension did not work that was offered */
    bool not_begun;  /* it broke before the envelope was answered that came early */
    bool write_blocked, write_watched;
    const char *ended; /* why nothing more is read; the replies before it are still parsed */
    bool message_limit_reached; /* say QUIT once it is idle */
    int64_t deadline;
    int64_t idle_since; /* milliseconds: when it was opened, or last ended a message */
    int64_t dot_at;     /* milliseconds: when its last final dot was released */
    struct nl_transport_leg leg;
    struct nl_transport_event event; /* valid while `pending`: it waits to be taken */
    bool pending;
    char error[CURL_ERROR_SIZE]; /* libcurl's */
    struct nl_buf text;          /* of the event */
};

struct nl_transport {
    struct nl_relay_health health;         /* with the relay */
    struct nl_login logins[NL_RELAYS + 1]; /* of the relay's own servers, and of all mail hosts */
    CURLM *multi;
    struct connection *connections;
    int poll; /* epoll, of the open connections */
    int64_t next_overdue_check;
    size_t count;
    size_t window;      /* messages on one connection, at most */
    size_t used;        /* places that were ever used: no connection lies beyond */
    size_t allowed;     /* connections, for now */
    size_t window_used; /* for now */
    size_t connecting;
    size_t open;
    size_t cursor; /* where the search for the next event begins */
};

/* Closes a connection and frees its handle. The pending event stays. */
void nl_connection_close(struct nl_transport *transport, struct connection *connection);

/* Makes an event of a connection, about one of its messages where it has any. */
void nl_connection_report(struct nl_transport *transport, struct connection *connection,
                          enum nl_transport_kind kind, enum nl_stage stage, size_t message);

/* ---- deadline.c ---- */

/* A reply is awaited from now on, for smtp.timeout. */
void nl_connection_expect(struct nl_transport *transport, struct connection *connection);

/* Bytes were written: the reply to them may come later, by the time that a slow server needs to
 * read them, but no later than smtp.timeout from now on. */
void nl_connection_wrote(struct nl_transport *transport, struct connection *connection,
                         size_t written);

/* Whether the last reply is older than a millisecond: something may have come since. */
bool nl_connection_has_waited(const struct nl_transport *transport,
                              const struct connection *connection);

/* The deadline after bytes were written, of which none is later than `latest`. */
int64_t nl_deadline_after(int64_t deadline, int64_t latest, size_t written);

/* ---- transport.c ---- */

/* Writes what its session has to say; reads and acts on what has come in. */
void nl_connection_flush(struct nl_transport *transport, struct connection *connection);
void nl_connection_read(struct nl_transport *transport, struct connection *connection);

/* Acts on what was read, up to the first event: the rest of the input waits until that event is
 * taken. */
void nl_connection_act(struct nl_transport *transport, struct connection *connection);

/* ---- carry.c: which messages are on a connection ---- */

/* Room for as many messages as the window allows. */
void nl_carry_open(struct connection *connection, size_t window);
void nl_carry_free(struct connection *connection);

/* A message on a connection; NULL if it is not there. */
struct carried *nl_carry_find(struct connection *connection, size_t message);

/* A message leaves its connection. Its buffers are kept for another one. */
void nl_carry_drop(struct connection *connection, struct carried *carried);

/* Whether it carries or has carried as many messages as one connection may. */
bool nl_carry_is_full(const struct nl_transport *transport, const struct connection *connection);

/* The message that the session has ended leaves its connection; returns its number. */
size_t nl_carry_end(struct nl_transport *transport, struct connection *connection);

/* The connection broke: the relay's health is told. */
void nl_carry_broken(struct nl_transport *transport, struct connection *connection, bool garbage);

/* Makes an event of the next message that a closed connection has lost. */
void nl_carry_report_lost(struct nl_transport *transport, struct connection *connection);

/* Lets libcurl work on the connections that are being opened. Each one becomes OPEN, or CLOSED with
 * an event. */
void nl_connect_drive(struct nl_transport *transport);

#endif
