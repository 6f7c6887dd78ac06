/* How fast a run may go: messages per second in all and to a domain, connections to a domain, a
 * limit for the day while an address is warmed up, quiet hours. */
#ifndef NL_DELIVERY_PACE_H
#define NL_DELIVERY_PACE_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/zone.h"
#include "newsletter/config/config.h"
#include "newsletter/delivery/send.h"

struct nl_pace {
    const struct nl_config *config;
    bool issue;               /* notices were asked for: they do not wait for hours or days */
    char day[NL_DAY_LEN + 1]; /* today, while messages per day are counted; else "" */
};

/* *room is how many messages may be leased now, at most `most`. When it is 0, either *not_before is
 * the time to ask again, which is soon, or `reason` says why the run ends. To be called within the
 * transaction that leases them. nl_pace_spend then records how many were leased; a negative count
 * gives them back. */
NL_CHECKED enum nl_status nl_pace_room(struct nl_pace *pace, struct nl_store *store, size_t most,
                                       size_t *room, int64_t *not_before,
                                       struct nl_pause_reason *reason, struct nl_error *err);
NL_CHECKED enum nl_status nl_pace_spend(const struct nl_pace *pace, struct nl_store *store,
                                        int64_t count, struct nl_error *err);

/* The limit of a domain (an A-label). NULL if it has none. */
const struct nl_domain_limit *nl_pace_limit(const struct nl_pace *pace, const char *domain);

/* Reserves the time of one message to a domain with a limit. *at is that time: now or later, 0
 * where the domain has no rate. */
NL_CHECKED enum nl_status nl_pace_domain(struct nl_store *store,
                                         const struct nl_domain_limit *limit, const char *domain,
                                         int64_t *at, struct nl_error *err);

#endif
