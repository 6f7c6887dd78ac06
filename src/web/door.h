/* Accepting connections that begin with a header of the PROXY protocol. libmicrohttpd cannot read
 * it, so it gets each connection once its header has been taken off. */
#ifndef NL_WEB_DOOR_H
#define NL_WEB_DOOR_H

#include "newsletter/base/error.h"
#include "newsletter/base/network.h"

#include <microhttpd.h>
#include <stdint.h>

struct nl_door;

/* `fd` is the socket that listens, and `trusted` the proxies; both are the caller's. Connections of
 * others are closed: who they say they pass on is worth nothing. Free with nl_door_free. */
NL_CHECKED enum nl_status nl_door_open(int fd, const struct nl_networks *trusted,
                                       struct nl_door **out, struct nl_error *err) NL_ALL_NONNULL;

/* To poll for reading. */
int nl_door_fd(const struct nl_door *door) NL_ALL_NONNULL;

/* Accepts, reads what there is, hands over the connections whose headers are complete, and closes
 * those that are wrong or that took more than five seconds. Never waits. */
void nl_door_pass(struct nl_door *door, struct MHD_Daemon *daemon, int64_t now) NL_ALL_NONNULL;

/* Accepts no more. */
void nl_door_free(struct nl_door *door);

#endif
