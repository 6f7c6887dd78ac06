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

struct connection {
    struct nl_transport *transport;
    enum connection_state state;
    size_t host; /* which server of the relay */
    CURL *handle;
    struct nl_tls_link tls;
    curl_socket_t socket;
    struct nl_session session;
    enum nl_stage stage; /* while CONNECTING */
    int code;            /* the last reply while CONNECTING; 0 before one */
    unsigned mechanism;  /* the last one tried of a login; 0 before one */
    struct nl_extensions offered;
    bool busy; /* a message is on it whose outcome is not known */
    bool write_blocked, write_watched;
    bool message_limit_reached; /* say QUIT once it is idle */
    int64_t deadline;
    struct nl_transport_event event; /* valid while `pending`: it waits to be taken */
    bool pending;
    char error[CURL_ERROR_SIZE]; /* libcurl's */
    struct nl_buf text;          /* of the event */
};

struct nl_transport {
    struct nl_relay_health health; /* with the relay */
    struct nl_login logins[NL_RELAYS];
    CURLM *multi;
    struct connection *connections;
    int poll; /* epoll, of the open connections */
    int64_t next_overdue_check;
    size_t count;
    size_t connecting;
    size_t cursor; /* where the search for the next event begins */
};

/* Closes a connection and frees its handle. The pending event stays. */
void nl_connection_close(struct nl_transport *transport, struct connection *connection);

/* Makes an event of a connection. */
void nl_connection_report(struct nl_transport *transport, struct connection *connection,
                          enum nl_transport_kind kind, enum nl_stage stage);

/* Lets libcurl work on the connections that are being opened. Each one becomes OPEN, or CLOSED with
 * an event. */
void nl_connect_drive(struct nl_transport *transport);

#endif
