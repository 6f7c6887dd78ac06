/* Links that put an event into a reader's calendar on the web. */
#ifndef NL_BULLETIN_EVENT_LINKS_H
#define NL_BULLETIN_EVENT_LINKS_H

#include "newsletter/bulletin/events.h"

/* Adds google_url and outlook_url to each event of `data`, which nl_events_data made of `events`.
 * `timezone` is that of their times; NULL for UTC. */
void nl_events_add_links(json_t *data, const struct nl_events *events, const char *timezone);

#endif
