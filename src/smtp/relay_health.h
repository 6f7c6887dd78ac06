/* The servers of a relay as they do: whose turn it is, and who is left out. */
#ifndef NL_SMTP_RELAY_HEALTH_H
#define NL_SMTP_RELAY_HEALTH_H

#include "newsletter/smtp/relay.h"

/* Zero it, then set `relay`. */
struct nl_relay_health {
    const struct nl_relay *relay;
    struct {
        int64_t credit; /* of the weighted round: the largest has its turn */
        int trouble;    /* failures since its last accepted message */
        int64_t out_until;
        bool out; /* for good: trying again would not help */
    } hosts[NL_RELAYS];
};

/* Weighted round robin over the servers that do; if none does, over those not out for good. */
size_t nl_relay_health_pick(struct nl_relay_health *hosts);

/* One has failed; after some times in a row it is left to the others for a while, and at once for
 * good if that is `permanent`. */
void nl_relay_health_failed(struct nl_relay_health *hosts, size_t which, bool permanent);

/* One has accepted a message. */
void nl_relay_health_worked(struct nl_relay_health *hosts, size_t which);

/* Whether all are out for good. */
bool nl_relay_health_all_out(const struct nl_relay_health *hosts);

/* Milliseconds of a clock that only goes forward. */
int64_t nl_relay_clock(void);

#endif
