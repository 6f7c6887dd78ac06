/* Commit points ahead of time. With few messages under way, each would wait for the disk alone. So
 * the commit points of the next ones in the backlog ride along; when their turn comes, it is only
 * checked, without a wait, that they may still go out. Should the machine go down, they are unknown
 * like those under way: eight at most. Should only the process die, a witness tells which of them
 * had begun. */
#ifndef NL_DELIVERY_AHEAD_H
#define NL_DELIVERY_AHEAD_H

#include "delivery/in_flight.h"
#include "newsletter/base/attribute.h"

/* Whether it is time to record some. */
bool nl_ahead_wants(const struct run *run);

/* Whether it is time, and too few are left in the backlog: with more, one wait serves them all. */
bool nl_ahead_wants_lease(const struct run *run);

/* Records them, within the transaction that is being made. */
NL_CHECKED enum nl_status nl_ahead_record(struct run *run);

/* That transaction was committed. */
void nl_ahead_committed(struct run *run);

/* Whether some of them wait for the disk. */
bool nl_ahead_wants_sync(const struct run *run);

/* A message whose commit point was recorded ahead is about to be sent. */
void nl_ahead_begin(struct run *run, const struct nl_in_flight *message);

/* The run is over. `durable`: so is all that it has recorded. */
void nl_ahead_close(struct run *run, bool durable);

#endif
