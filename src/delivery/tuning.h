/* Connects a run with its tuner: what the relay does is told, and what the tuner decides is done.
 * And what was learned of the relays is kept for the next run. */
#ifndef NL_DELIVERY_TUNING_H
#define NL_DELIVERY_TUNING_H

#include "delivery/in_flight.h"
#include "newsletter/base/attribute.h"

/* Reads what earlier runs have learned. There are never more than `most` connections. */
NL_CHECKED enum nl_status nl_tuning_open(struct run *run, size_t most);

/* Stores it. A failure loses nothing else. */
void nl_tuning_close(struct run *run);

/* Reads the clock: once in each turn of the loop. */
void nl_tuning_tick(struct run *run);

/* A message begins to wait for the relay, or no longer does. */
void nl_tuning_wait(const struct run *run, struct nl_in_flight *message);
void nl_tuning_waited(const struct run *run, struct nl_in_flight *message);

/* A message was answered, with `result`; or a connection was refused. */
void nl_tuning_take(struct run *run, const struct nl_transport_event *event,
                    const struct nl_result *result);
void nl_tuning_refused(struct run *run, const struct nl_transport_event *event);

/* Lets the tuner decide, and does so. To be called when all messages have begun that may. */
void nl_tuning_step(struct run *run);

/* Calls `progress` of the options with the counts and with what was found. */
void nl_tuning_show(struct run *run);

#endif
