/* The health of a relay's servers: which one is next, and which ones are avoided. */
#ifndef NL_SMTP_RELAY_HEALTH_H
#define NL_SMTP_RELAY_HEALTH_H

#include "newsletter/smtp/relay.h"

/* Zero it, then set `relay`. */
struct nl_relay_health {
    const struct nl_relay *relay;
    struct {
        int64_t credit;           /* of the weighted round robin: the largest is next */
        int consecutive_failures; /* since its last accepted message */
        int64_t out_until;
        bool out; /* permanently: trying again would not help */
    } servers[NL_RELAYS];
};

/* The next server: weighted round robin over the healthy ones; if there is none, over those that
 * are not permanently out. */
size_t nl_relay_health_pick(struct nl_relay_health *health);

/* A server has failed. After several failures in a row it is avoided for a while; after a
 * `permanent` one, for the rest of the run. */
void nl_relay_health_failed(struct nl_relay_health *health, size_t which, bool permanent);

/* A server has accepted a message. */
void nl_relay_health_worked(struct nl_relay_health *health, size_t which);

/* Whether all servers are out permanently. */
bool nl_relay_health_all_out(const struct nl_relay_health *health);

/* Milliseconds of a clock that only goes forward. */
int64_t nl_relay_clock(void);

#endif
