/* A connection to a mailbox on a server, as libcurl is told of it. */
#ifndef NL_INBOUND_MAIL_SERVER_H
#define NL_INBOUND_MAIL_SERVER_H

#include "newsletter/base/buf.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

struct nl_mail_server {
    const char *scheme; /* "imap" or "pop3" */
    const char *host;
    int64_t port;
    int64_t security; /* enum nl_smtp_security */
    bool verify;
    const char *ca_file; /* NULL: this machine's authorities */
    const char *username;
    const char *password; /* NULL: none */
};

/* Sets how the server is reached, and bounds the time until it answers. `base` gets its URL, with a
 * slash at its end. */
void nl_mail_server_set_up(const struct nl_mail_server *server, CURL *curl, struct nl_buf *base);

#endif
