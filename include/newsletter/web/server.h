/* The HTTP server, over libmicrohttpd: one thread, many connections. */
#ifndef NEWSLETTER_WEB_SERVER_H
#define NEWSLETTER_WEB_SERVER_H

#include "newsletter/web/http.h"

#include <signal.h>

struct nl_server;

struct nl_server_options {
    const char
        *listen; /* "address:port" or "[address]:port"; not used with a socket of systemd's */
    const char *certificate; /* PEM files for TLS; NULL for none */
    const char *key;
    const char *trusted; /* networks whose X-Forwarded-For is believed */
    int64_t connections; /* at once, at most */
    bool log;            /* each request to standard error */
};

/* Binds, or takes the socket that systemd hands over (sd_listen_fds(3)). Free with nl_server_free.
 */
enum nl_status nl_server_new(const struct nl_server_options *options, nl_handler handler, void *ctx,
                             struct nl_server **out, struct nl_error *err);

/* "http://127.0.0.1:8025", where it listens. Owned by the server. */
const char *nl_server_address(const struct nl_server *server);

/* Serves until *stop is not 0, then ends what is in flight. */
enum nl_status nl_server_run(struct nl_server *server, const volatile sig_atomic_t *stop,
                             struct nl_error *err);

void nl_server_free(struct nl_server *server);

#endif
