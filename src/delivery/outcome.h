/* Judges what a reply or a broken connection means for a delivery and for the run. */
#ifndef NL_DELIVERY_OUTCOME_H
#define NL_DELIVERY_OUTCOME_H

#include "newsletter/smtp/transport.h"
#include "newsletter/store/delivery.h"

enum nl_verdict {
    NL_GO_ON,
    NL_GO_ON_RESET, /* a message was accepted: the relay works */
    NL_TROUBLE,     /* the connection broke: counts towards the circuit breaker */
    NL_PAUSE,       /* the fault is ours: stop the run */
};

/* Judges a REPLIED or LOST event by DESIGN.md's promise 3. result->text points into the event.
 * A deferral has no time yet: see nl_outcome_schedule. */
enum nl_verdict nl_outcome_judge(const struct nl_transport_event *event, struct nl_result *result);

/* Gives a deferral its next attempt: exponential backoff with jitter, or NL_FAILED when `first`
 * lies further back than the configured age. `attempts` were made before this one. */
void nl_outcome_schedule(const struct nl_config *config, const struct nl_env *env, int64_t attempts,
                         int64_t first, struct nl_result *result);

#endif
