/* The server that takes our mail: where it is, and how to reach it. */
#ifndef NL_DELIVERY_RELAY_H
#define NL_DELIVERY_RELAY_H

#include "newsletter/sender.h"

#include <curl/curl.h>

/* A new handle that connects, greets, secures and authenticates, and then leaves the connection to
 * curl_easy_send and curl_easy_recv. NULL without memory. */
CURL *nl_relay_handle(const struct nl_relay *relay);

/* "host:port", for messages. */
const char *nl_relay_name(const struct nl_relay *relay);

/* Whether connections to it are without TLS. */
bool nl_relay_is_plain(const struct nl_relay *relay);

/* Seconds to wait for any single reply. */
int64_t nl_relay_timeout(const struct nl_relay *relay);

#endif
