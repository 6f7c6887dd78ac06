/* The server that takes our mail: where it is, and how to reach it. */
#ifndef NL_DELIVERY_RELAY_H
#define NL_DELIVERY_RELAY_H

#include "newsletter/sender.h"

#include <curl/curl.h>

/* How many servers there are, numbered from 0. */
size_t nl_relay_count(const struct nl_relay *relay);

/* A new handle that connects to one of them, greets, secures and authenticates, and then leaves the
 * connection to curl_easy_send and curl_easy_recv. NULL without memory. */
CURL *nl_relay_handle(const struct nl_relay *relay, size_t which);

/* "host:port", for messages. */
const char *nl_relay_name(const struct nl_relay *relay, size_t which);

/* Its settings. */
const struct nl_smtp_server *nl_relay_server(const struct nl_relay *relay, size_t which);

/* Seconds to wait for any single reply. */
int64_t nl_relay_timeout(const struct nl_relay *relay);

/* How many messages one connection takes; 0: any number. */
int64_t nl_relay_per_connection(const struct nl_relay *relay);

#endif
