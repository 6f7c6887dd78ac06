/* The health of what an issue needs to go out, and who does not get it. */
#ifndef NL_SERVICE_SEND_HEALTH_H
#define NL_SERVICE_SEND_HEALTH_H

#include "newsletter/service/draft_send.h"

/* Adds an object with one member to plan->holds. Takes `facts`. */
void nl_plan_hold(const struct nl_draft_plan *plan, const char *kind, json_t *facts);

/* Adds replies, doctor, embargo, approval, suppressed and unconfirmed, as send_outlook.h has them.
 */
NL_CHECKED enum nl_status nl_send_health(const struct nl_office *office, int64_t draft,
                                         const struct nl_segment *segment,
                                         const struct nl_draft_plan *plan, struct nl_error *err)
    NL_NONNULL(1, 4, 5);

#endif
