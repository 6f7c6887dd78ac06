#include "web/peer.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct nl_peer {
    int fd;
    struct nl_ip network;
    int64_t until; /* the deadline */
    struct nl_peer *previous, *next;
};

static struct nl_ip network_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct nl_ip ip = {0};
    if (info != NULL && info->client_addr != NULL)
        nl_ip_of(info->client_addr, &ip);
    return nl_ip_network(&ip);
}

struct nl_peer *nl_peer_add(struct nl_peers *peers, struct MHD_Connection *connection,
                            int64_t until) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct nl_peer *peer = nl_calloc(1, sizeof *peer);
    *peer = (struct nl_peer){.fd = info != NULL ? info->connect_fd : -1,
                             .network = network_of(connection),
                             .until = until,
                             .next = peers->first};
    if (peers->first != NULL)
        peers->first->previous = peer;
    peers->first = peer;
    return peer;
}

void nl_peer_remove(struct nl_peers *peers, struct nl_peer *peer) {
    if (peer->previous != NULL)
        peer->previous->next = peer->next;
    else
        peers->first = peer->next;
    if (peer->next != NULL)
        peer->next->previous = peer->previous;
    free(peer);
}

void nl_peer_set_deadline(struct MHD_Connection *connection, int64_t until) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (info != NULL && info->socket_context != NULL)
        ((struct nl_peer *)info->socket_context)->until = until;
}

size_t nl_peers_of_network(const struct nl_peers *peers, const struct nl_ip *ip) {
    const struct nl_ip network = nl_ip_network(ip);
    size_t count = 0;
    for (const struct nl_peer *peer = peers->first; peer != NULL; peer = peer->next)
        count += memcmp(&peer->network, &network, sizeof network) == 0;
    return count;
}

void nl_peers_cut_off_late(struct nl_peers *peers, int64_t now) {
    if (now == peers->checked_at)
        return;
    peers->checked_at = now;
    for (struct nl_peer *peer = peers->first; peer != NULL; peer = peer->next)
        if (peer->until < now && peer->fd >= 0)
            shutdown(peer->fd, SHUT_RDWR);
}

void nl_peers_stop_reading(struct nl_peers *peers) {
    for (struct nl_peer *peer = peers->first; peer != NULL; peer = peer->next)
        shutdown(peer->fd, SHUT_RD);
}
