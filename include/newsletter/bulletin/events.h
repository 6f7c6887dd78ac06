/* The "Upcoming events" of an issue: from its front matter into the text, a calendar page of each
 * month, and one iCalendar attachment (RFC 5545). */
#ifndef NEWSLETTER_BULLETIN_EVENTS_H
#define NEWSLETTER_BULLETIN_EVENTS_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"
#include "newsletter/template/theme.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Optional texts are NULL. */
struct nl_event {
    char *title;
    char *date;  /* YYYY-MM-DD */
    char *until; /* last day, of an event of several days */
    char *time;  /* HH:MM; NULL for all day */
    char *end;   /* HH:MM */
    char *place;
    char *url;
};

struct nl_events {
    struct nl_event *items;
    size_t count;
};

/* Stores one value of the front matter under its path, such as "0.title". `where` and `line` are
 * for error messages. */
NL_CHECKED enum nl_status nl_events_take(struct nl_events *events, const char *path,
                                         const char *value, const char *where, size_t line,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Checks that each event is complete and possible in `timezone` (NULL for UTC), and sorts them by
 * time. */
NL_CHECKED enum nl_status nl_events_check(struct nl_events *events, const char *timezone,
                                          const char *where, struct nl_error *err)
    NL_NONNULL(1, 3, 4);

/* Sorts them by day and time. */
void nl_events_sort(struct nl_events *events) NL_ALL_NONNULL;

/* The events for templates, in the language of the theme: {months: [{name, weeks: [{days: [{number,
 * event}]}]}], events: [{title, when, place, url}], weekdays: [...]}, or null without events.
 * `months` are the first three in which an event begins. The caller owns it. */
json_t *nl_events_data(const struct nl_events *events, const struct nl_theme *theme) NL_ALL_NONNULL;

/* When an event begins and ends (the end is not part of it), in UTC seconds. Of whole days, these
 * are midnights of UTC. An event that has a time and no end takes an hour, or lasts until midnight
 * of its last day. `timezone` is an IANA name; NULL for UTC. */
struct nl_event_span {
    int64_t begin, end;
    bool whole_days;
};
struct nl_event_span nl_event_span(const struct nl_event *event, const char *timezone)
    NL_NONNULL(1);

enum {
    NL_CALENDAR_REFRESH = 12 * 3600
}; /* seconds after which a subscribed calendar is read again */

/* Writes them as iCalendar. Times are of `timezone` (an IANA name; NULL for UTC) and written in
 * UTC. `uid` is part of each UID, `date` (YYYY-MM-DD) the time stamp, `name` what calendar programs
 * show: the same issue always gives the same bytes. NL_DATA for an unknown timezone. */
NL_CHECKED enum nl_status nl_events_ics(const struct nl_events *events, const char *timezone,
                                        const char *uid, const char *date, const char *name,
                                        struct nl_buf *out, struct nl_error *err)
    NL_NONNULL(1, 3, 4, 5, 6, 7);

/* Appends the lines before the events of a calendar that programs subscribe to; "END:VCALENDAR"
 * ends it. */
NL_CHECKED enum nl_status nl_calendar_feed_begin(const char *name, struct nl_buf *out,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* The events as the store keeps them: {"timezone": ..., "events": [...]}. The caller frees the
 * text; NULL where a text of them is not UTF-8. */
char *nl_events_json(const struct nl_events *events, const char *timezone) NL_NONNULL(1);

/* Adds events that nl_events_json wrote. The caller frees *timezone. NL_IO for any other text. */
NL_CHECKED enum nl_status nl_events_read(const char *json, struct nl_events *out, char **timezone,
                                         struct nl_error *err) NL_NONNULL(1, 2, 4);

void nl_events_free(struct nl_events *events);

#endif
