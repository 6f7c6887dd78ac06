/* How fast a run may go: messages per second in all and to a domain, connections to a domain, a
 * limit for the day while an address is warmed up, quiet hours. */
#ifndef NL_DELIVERY_PACE_H
#define NL_DELIVERY_PACE_H

#include "newsletter/base/zone.h"
#include "newsletter/config/config.h"
#include "newsletter/delivery/send.h"

struct nl_pace {
    const struct nl_config *config;
    bool issue;               /* notices do not wait for hours or days: somebody asked for them */
    char day[NL_DAY_LEN + 1]; /* today, while it is counted; else "" */
};

/* How many messages may be taken up now, at most `most`. Where it is none: *again is when to ask
 * anew, if that is soon; else `hold` says why the run ends. Within the transaction that takes them
 * up, which nl_pace_spend then tells how many it were. */
enum nl_status nl_pace_room(struct nl_pace *pace, struct nl_store *store, size_t most, size_t *room,
                            int64_t *again, struct nl_hold *hold, struct nl_error *err);
enum nl_status nl_pace_spend(const struct nl_pace *pace, struct nl_store *store, int64_t count,
                             struct nl_error *err);

/* The limit of a domain (an A-label), NULL if it has none. */
const struct nl_domain_limit *nl_pace_limit(const struct nl_pace *pace, const char *domain);

/* When a message to a domain with a limit may go out: now, or a time to come. */
enum nl_status nl_pace_domain(struct nl_store *store, const struct nl_domain_limit *limit,
                              const char *domain, int64_t *at, struct nl_error *err);

#endif
