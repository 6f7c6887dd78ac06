/* The HTTP server, over libmicrohttpd: one thread, many connections. */
#ifndef NEWSLETTER_WEB_SERVER_H
#define NEWSLETTER_WEB_SERVER_H

#include "newsletter/base/error.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nl_server;
struct nl_request;
struct nl_response;

/* Answers one request. A failure makes the answer a 500 or 503 without details; `err` is logged. */
typedef enum nl_status (*nl_handler)(void *ctx, const struct nl_request *request,
                                     struct nl_response *response, struct nl_error *err);

/* How many bytes of the body of a request are kept as they come; 0 for a form. Called when the
 * header is complete. */
typedef size_t (*nl_body_limit)(void *ctx, const struct nl_request *request);

/* Whether a request may have to wait: for others that write, or because it is slow itself. */
typedef bool (*nl_writes)(void *ctx, const struct nl_request *request);

struct nl_server_options {
    const char *listen;      /* "address:port" or "[address]:port"; ignored if systemd hands over a
                                socket */
    const char *certificate; /* PEM files for TLS; NULL for none */
    const char *key;
    const char *trusted;      /* networks whose X-Forwarded-For and Forwarded are believed */
    bool proxy_protocol;      /* they, and nobody else, connect, each time with a header of the
                                 PROXY protocol first */
    int64_t connections;      /* at most this many at once */
    bool log;                 /* each request to standard error */
    nl_body_limit body_limit; /* NULL: all bodies are forms */
    nl_body_limit file_limit; /* bytes of a body that is kept in a file; of a POST, which is a form,
                                 those of the one file that it has. Asked first; NULL: none is */
    nl_body_limit form_limit; /* bytes of a form that may have files; NULL or 0: a small one */
    nl_writes writes;         /* NULL: the handler answers all requests itself */
    bool all_methods;         /* also PUT, PATCH and DELETE */
};

/* A second handler with threads of its own, for the requests that `writes` names: the server
 * answers others while those threads wait, for the database or for another server. All may be at
 * work at once, each with a context of its own. */
enum { NL_SERVER_THREADS = 4 };
struct nl_server_writer {
    nl_handler handler;
    /* Tells how long the next request may wait for the database; 0: there is none for now. */
    void (*set_patience)(void *ctx, int milliseconds);
    void *contexts[NL_SERVER_THREADS];
    size_t count;
};

/* Binds, or takes the socket that systemd hands over (sd_listen_fds(3)). Free with nl_server_free.
 */
NL_CHECKED enum nl_status nl_server_new(const struct nl_server_options *options, nl_handler handler,
                                        void *ctx, struct nl_server **out, struct nl_error *err)
    NL_NONNULL(1, 4, 5);

/* Starts those threads. Until then, and without them, the server's handler answers all requests.
 * They end with nl_server_free. */
NL_CHECKED enum nl_status nl_server_start(struct nl_server *server,
                                          const struct nl_server_writer *writer,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* The address that it listens on, as "http://127.0.0.1:8025". Owned by the server. */
const char *nl_server_address(const struct nl_server *server) NL_ALL_NONNULL;

/* Has the handler called again for the requests that wait for something (nl_response.wait). May be
 * called by any thread; `server` is the struct nl_server. */
void nl_server_wake(void *server);

/* Serves until *stop is not 0, then finishes the requests that have arrived. */
NL_CHECKED enum nl_status nl_server_run(struct nl_server *server, const volatile sig_atomic_t *stop,
                                        struct nl_error *err) NL_ALL_NONNULL;

void nl_server_free(struct nl_server *server);

#endif
