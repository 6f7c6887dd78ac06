/* A worker runs the sending service in a loop until it is stopped. Any number of workers may share
 * a database. */
#ifndef NEWSLETTER_DELIVERY_WORKER_H
#define NEWSLETTER_DELIVERY_WORKER_H

#include "newsletter/base/attribute.h"
#include "newsletter/delivery/service.h"

/* Runs passes of `service` and waits for work between them. While the database is away or locked,
 * the worker waits, and calls `waiting` with the reason and the seconds until the next attempt. Any
 * other failure ends it. */
NL_CHECKED enum nl_status
nl_worker_run(const struct nl_service *service,
              void (*waiting)(const char *text, int64_t seconds, void *ctx), struct nl_error *err);

#endif
