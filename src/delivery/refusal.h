/* Refusals of the relay: see breaker.h. */
#ifndef NL_DELIVERY_REFUSAL_H
#define NL_DELIVERY_REFUSAL_H

#include "delivery/in_flight.h"

/* Says what the server has refused, and stops the run; or leaves the server to the others. */
void nl_run_open_breaker(struct run *run, size_t server, const struct nl_held *refusal);

/* Holds a refusal, or opens the breaker. What is refused after that is queued again. */
void nl_run_hold(struct run *run, const struct nl_transport_event *event, bool ours,
                 struct nl_result *result);

#endif
