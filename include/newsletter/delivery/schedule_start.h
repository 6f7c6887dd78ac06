/* Starts scheduled issues. */
#ifndef NEWSLETTER_DELIVERY_SCHEDULE_START_H
#define NEWSLETTER_DELIVERY_SCHEDULE_START_H

#include "newsletter/base/attribute.h"
#include "newsletter/db/handle.h"

#include <stddef.h>

/* Starts every scheduled issue whose time has come: its state becomes "sending", and it gets a
 * delivery for each person who is subscribed now. When it is scheduled for local times, each
 * delivery waits for the time in its subscriber's zone (the attribute "timezone", else UTC). *count
 * is the number of issues. */
NL_CHECKED enum nl_status nl_schedule_start(struct nl_store *store, size_t *count,
                                            struct nl_error *err) NL_ALL_NONNULL;

#endif
