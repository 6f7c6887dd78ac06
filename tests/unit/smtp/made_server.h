/* A mail server in the process of the test, and a transport that leads to it. Both run
 * in turn: each step of one is followed by a step of the other. */
#ifndef NL_TESTS_MADE_SERVER_H
#define NL_TESTS_MADE_SERVER_H

#include "support.h"

#include "newsletter/resolve/resolver.h"
#include "newsletter/smtp/transport.h"

#include <openssl/ssl.h>

enum { MADE_CLIENTS = 8, MADE_SERVERS = 4 };

/* The reply to a command that begins with `command`, or "banner"; text NULL closes the connection
 * without a word. Of several that fit, the first that has not been used counts. */
struct made_reply {
    const char *command, *text;
    bool used;
};

struct made_server {
    int listener, port;
    const char *offers;         /* the reply to EHLO; NULL: one without extensions */
    struct made_reply *replies; /* up to one without a command; NULL: none */
    struct nl_buf log;          /* the commands, each with a line's end */
    SSL_CTX *tls;               /* used after STARTTLS; NULL: there is no TLS. The caller's */
    size_t accepted;            /* connections */
    struct made_client {
        int fd;   /* 0: none */
        SSL *ssl; /* NULL: in the clear */
        bool in_message;
        size_t chunk; /* bytes of BDAT to come */
        struct nl_buf in;
    } clients[MADE_CLIENTS];
};

struct made_route {
    struct made_server server;
    struct nl_config config;
    struct nl_smtp_server settings; /* of the relay's servers: the login */
    bool encrypted;                 /* they demand STARTTLS, where `settings` does not say TLS */
    struct nl_relay *relay;
    struct nl_transport *transport;
    struct nl_buf message;
    struct nl_transport_event event;
};

/* A relay of so many servers, which are the same one, and a transport of so many connections. The
 * config is set by the caller as far as it matters. */
void made_route_open(struct made_route *route, size_t servers, size_t connections);
void made_route_close(struct made_route *route);

/* The same again with one server that answers like this, and two connections. The settings stay. */
void made_route_renew(struct made_route *route, const char *offers, struct made_reply *replies);

/* Adds a recipients' mail host mx.example, the same server at 127.0.0.1 or other addresses, with
 * spaces between; returns its number. */
size_t made_route_add_host(struct made_route *route, enum nl_host_tls tls, const char *addresses);

/* The same with TLSA records, a line for each. */
size_t made_route_add_dane_host(struct made_route *route, const char *tlsa);

/* Ends a connection without a word: the one that was accepted into this place, the lowest that was
 * free. */
void made_server_hang_up(struct made_server *server, size_t place);

/* One step of both sides; waits a moment if nothing happens. And a few of them, which suffice for a
 * command and its reply. */
void made_route_step(struct made_route *route);
void made_route_steps(struct made_route *route);

/* Steps until no connection is being opened; or until so many connections are open. */
void made_route_settle(struct made_route *route);
void made_route_until_open(struct made_route *route, size_t open);

/* Steps until there is an event, which has to be of this kind: route->event. */
void made_route_expect(struct made_route *route, enum nl_transport_kind kind);

/* Opens a connection to a server. Its number is the lowest that is free. */
void made_route_connect(struct made_route *route, size_t server,
                        const struct nl_transport_from *from);

/* Starts a message: see nl_transport_start. */
bool made_route_start(struct made_route *route, size_t connection, size_t message);

/* Sends a message up to its commit point; sends the rest, and expects a reply. */
void made_route_begin(struct made_route *route, size_t connection, size_t message);
void made_route_end(struct made_route *route, size_t connection, size_t message);

#endif
