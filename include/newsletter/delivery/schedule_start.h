/* Issues that wait for their time. */
#ifndef NEWSLETTER_DELIVERY_SCHEDULE_START_H
#define NEWSLETTER_DELIVERY_SCHEDULE_START_H

#include "newsletter/db/handle.h"

#include <stddef.h>

/* Begins to send every scheduled issue whose time has come: from now on it is one that is being
 * sent, with deliveries for those who are subscribed now. Of one for local times, each delivery
 * waits for its subscriber's (the attribute "timezone", else UTC). *count is how many issues. */
enum nl_status nl_schedule_start(struct nl_store *store, size_t *count, struct nl_error *err);

#endif
