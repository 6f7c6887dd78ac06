/* The history as a feed. */
#ifndef NEWSLETTER_SERVICE_EVENTS_H
#define NEWSLETTER_SERVICE_EVENTS_H

#include "newsletter/service/office.h"
#include "newsletter/store/event_feed.h"

/* Events as JSON objects, and *last, the number to go on from: query->after where there was none.
 * The caller frees *out. */
NL_CHECKED enum nl_status nl_office_events(const struct nl_office *office,
                                           const struct nl_event_query *query, json_t **out,
                                           int64_t *last, struct nl_error *err) NL_ALL_NONNULL;

/* One event as a JSON object: id, at, kind, list, subscriber, address, issue, message,
 * detail. */
json_t *nl_event_facts(const struct nl_event_row *row) NL_ALL_NONNULL;

#endif
