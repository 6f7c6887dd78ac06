/* Judges what a reply or a broken connection means for a delivery and for the run. Refusals are
 * judged by the same table as bounces (inbound/judge.h). */
#ifndef NL_DELIVERY_OUTCOME_H
#define NL_DELIVERY_OUTCOME_H

#include "newsletter/inbound/judge.h"
#include "newsletter/smtp/transport.h"
#include "newsletter/store/delivery.h"

enum nl_reaction {
    NL_REACT_NONE,     /* record the outcome, and go on */
    NL_REACT_ACCEPTED, /* a message was accepted: the relay works */
    NL_REACT_FAILURE,  /* the connection or the relay failed: counts towards the circuit breaker */
    NL_REACT_OURS,     /* the relay refuses us, for every recipient */
    NL_REACT_HOLD,     /* the relay refuses this recipient or message: see breaker.h */
};

/* Judges a REPLIED or LOST event: what happens to the delivery, and to the run. `reader` is only
 * used for refusals; NULL takes every refusal for one of us. result->text points into the event. A
 * deferral has no time yet: see nl_outcome_schedule. */
enum nl_reaction nl_outcome_judge(const struct nl_bounce_reader *reader,
                                  const struct nl_transport_event *event, struct nl_result *result);

/* No deferral waits for longer than this many seconds. */
int64_t nl_outcome_longest_delay(const struct nl_config *config);

/* Gives a deferral its next attempt: exponential backoff with jitter, or NL_FAILED when `first`
 * lies further back than the configured age. `attempts` were made before this one. */
void nl_outcome_schedule(const struct nl_config *config, const struct nl_env *env, int64_t attempts,
                         int64_t first, struct nl_result *result);

#endif
