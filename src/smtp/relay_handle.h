/* libcurl's handle for a connection to a relay. */
#ifndef NL_SMTP_RELAY_HANDLE_H
#define NL_SMTP_RELAY_HANDLE_H

#include "newsletter/smtp/relay.h"

#include "newsletter/resolve/resolver.h"
#include "smtp/login.h"
#include "smtp/tls.h"

#include <curl/curl.h>

/* A new handle that connects to a server, sends EHLO, starts TLS and logs in, and then leaves the
 * connection to curl_easy_send and curl_easy_recv. `login` says by which mechanisms. `link` must
 * outlive the handle. `source` is where it comes from; NULL: the kernel chooses. NULL without
 * memory.
 */
CURL *nl_relay_handle(const struct nl_relay *relay, size_t which, const struct nl_login *login,
                      const struct nl_source *source, struct nl_tls_link *link);

/* TLS with a mail host has failed: the next connection to it goes in the clear (RFC 7435 section
 * 3).
 */
void nl_relay_give_up_tls(const struct nl_relay *relay, size_t which, const char *how);

/* The proof that a mail host of recipients has to show. */
enum nl_host_tls nl_relay_demand(const struct nl_relay *relay, size_t which);

/* TLS with a server; NULL where mail goes in the clear. */
const struct nl_tls *nl_relay_tls(const struct nl_relay *relay, size_t which);

#endif
