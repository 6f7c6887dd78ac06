/* Group commits: one transaction for whatever happened on all connections, with the next leases. */
#ifndef NL_DELIVERY_RECORD_H
#define NL_DELIVERY_RECORD_H

#include "delivery/in_flight.h"
#include "newsletter/base/attribute.h"

/* Whether there is something to commit or to lease. */
bool nl_record_has_work(const struct run *run);

/* Commits what happened on all connections, and leases more. Does nothing where there is no work.
 */
NL_CHECKED enum nl_status nl_record_commit(struct run *run);

/* Whether the next turn waits for more to record, which comes within a millisecond or two. */
bool nl_record_gathers(struct run *run);

/* Sends the final dots whose commit points are durable, and requests the next sync. Nothing but the
 * final dot waits for the disk. */
NL_CHECKED enum nl_status nl_record_follow_sync(struct run *run);

#endif
