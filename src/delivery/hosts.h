/* The servers of a relay as they do: whose turn it is, and who is left out. */
#ifndef NL_DELIVERY_HOSTS_H
#define NL_DELIVERY_HOSTS_H

#include "delivery/relay.h"

/* Zero it, then set `relay`. */
struct nl_hosts {
    const struct nl_relay *relay;
    struct {
        int64_t credit; /* of the weighted round: the largest has its turn */
        int trouble;    /* failures since its last accepted message */
        int64_t out_until;
        bool out; /* for good: trying again would not help */
    } hosts[NL_RELAYS];
};

/* Weighted round robin over the servers that do; if none does, over those not out for good. */
size_t nl_hosts_pick(struct nl_hosts *hosts);

/* One has failed; after some times in a row it is left to the others for a while, and at once for
 * good if that is `permanent`. */
void nl_hosts_failed(struct nl_hosts *hosts, size_t which, bool permanent);

/* One has accepted a message. */
void nl_hosts_worked(struct nl_hosts *hosts, size_t which);

/* Whether all are out for good. */
bool nl_hosts_all_out(const struct nl_hosts *hosts);

/* Milliseconds of a clock that only goes forward. */
int64_t nl_hosts_clock(void);

#endif
