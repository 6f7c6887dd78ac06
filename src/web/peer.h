/* The open connections of a server: how many come from one network, and by when each must be done.
 */
#ifndef NL_WEB_PEER_H
#define NL_WEB_PEER_H

#include "newsletter/base/network.h"

#include <microhttpd.h>
#include <stdint.h>

struct nl_peer;

/* Zero-initialise it. It is empty again when libmicrohttpd has closed all connections. */
struct nl_peers {
    struct nl_peer *first;
    int64_t checked_at;
};

/* Adds a connection whose request must have arrived at `until`. Owned by `peers`.
 * libmicrohttpd keeps it as the connection's socket context. */
struct nl_peer *nl_peer_add(struct nl_peers *peers, struct MHD_Connection *connection,
                            int64_t until) NL_ALL_NONNULL;

/* Removes and frees it. */
void nl_peer_remove(struct nl_peers *peers, struct nl_peer *peer) NL_ALL_NONNULL;

/* Sets when the present request must have arrived, or its answer must have been sent. */
void nl_peer_set_deadline(struct MHD_Connection *connection, int64_t until) NL_ALL_NONNULL;

/* How many connections come from the network of `ip`. */
size_t nl_peers_of_network(const struct nl_peers *peers, const struct nl_ip *ip) NL_ALL_NONNULL;

/* Ends the connections whose deadline has passed: a request that arrives so slowly that it never
 * ends, or an answer that is read so slowly, holds a place that others need. Looks once a second.
 */
void nl_peers_cut_off_late(struct nl_peers *peers, int64_t now) NL_ALL_NONNULL;

/* Reads nothing more from any of them. Requests that have arrived can still be answered. */
void nl_peers_stop_reading(struct nl_peers *peers) NL_ALL_NONNULL;

#endif
