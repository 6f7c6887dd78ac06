/* Mail to staff: sending it, and telling the sender of an issue that it is done or stuck. */
#ifndef NL_DELIVERY_STAFF_TELL_H
#define NL_DELIVERY_STAFF_TELL_H

#include "newsletter/delivery/service.h"

/* Queues a mail for each issue that has ended, or paused by itself, since its sender was told. */
enum nl_status nl_staff_tell(const struct nl_service *service, struct nl_error *err);

/* Queues one for an issue that cannot go on for now, because of `why`, once nothing of it has gone
 * out for an hour: once for each such time. */
enum nl_status nl_staff_tell_standstill(const struct nl_service *service, int64_t issue,
                                        const char *why, struct nl_error *err);

/* Sends what is queued. A server that does not take a mail gets it again later; that is not a
 * failure of the pass. */
enum nl_status nl_staff_mails_send(const struct nl_service *service, struct nl_error *err);

#endif
