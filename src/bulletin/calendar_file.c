#include "newsletter/bulletin/events.h"

#include "newsletter/base/timestamp.h"
#include "newsletter/base/zone.h"

#include <libical/ical.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct icaltimetype ical_moment(int64_t at) {
    return icaltime_from_timet_with_zone((time_t)at, 0, icaltimezone_get_utc_timezone());
}

static struct icaltimetype ical_day(int64_t at) {
    return icaltime_from_timet_with_zone((time_t)at, 1, icaltimezone_get_utc_timezone());
}

/* RFC 5545 3.6.1: an event has its end, which is not part of it. Without one, programs show a
 * moment, or guess. Whole days leave their readers free for other things. */
static void add_times(icalcomponent *component, const struct nl_event_span *span) {
    struct icaltimetype begin = span->whole_days ? ical_day(span->begin) : ical_moment(span->begin);
    struct icaltimetype end = span->whole_days ? ical_day(span->end) : ical_moment(span->end);
    icalcomponent_add_property(component, icalproperty_new_dtstart(begin));
    icalcomponent_add_property(component, icalproperty_new_dtend(end));
    icalcomponent_add_property(
        component,
        icalproperty_new_transp(span->whole_days ? ICAL_TRANSP_TRANSPARENT : ICAL_TRANSP_OPAQUE));
}

/* The place and the link once more, for programs that show only the description. */
static void add_description(icalcomponent *component, const struct nl_event *event) {
    struct nl_buf text = {0};
    nl_buf_adds(&text, event->title);
    if (event->place != NULL)
        nl_buf_addf(&text, "\n%s", event->place);
    if (event->url != NULL)
        nl_buf_addf(&text, "\n%s", event->url);
    icalcomponent_add_property(component, icalproperty_new_description(nl_buf_text(&text)));
    nl_buf_free(&text);
}

static icalcomponent *make_event(const struct nl_event *event, const char *zone, const char *uid,
                                 size_t number, struct icaltimetype stamp) {
    icalcomponent *component = icalcomponent_new(ICAL_VEVENT_COMPONENT);
    const struct nl_event_span span = nl_event_span(event, zone);
    struct nl_buf id = {0};
    nl_buf_addf(&id, "%zu-%s", number, uid);
    icalcomponent_add_property(component, icalproperty_new_uid(nl_buf_text(&id)));
    icalcomponent_add_property(component, icalproperty_new_dtstamp(stamp));
    icalcomponent_add_property(component, icalproperty_new_lastmodified(stamp));
    icalcomponent_add_property(component,
                               icalproperty_new_sequence(0)); /* an issue never changes */
    add_times(component, &span);
    icalcomponent_add_property(component, icalproperty_new_summary(event->title));
    add_description(component, event);
    if (event->place != NULL)
        icalcomponent_add_property(component, icalproperty_new_location(event->place));
    if (event->url != NULL)
        icalcomponent_add_property(component, icalproperty_new_url(event->url));
    nl_buf_free(&id);
    return component;
}

/* RFC 7986 5.1 and 5.7, and the fields that programs knew before it. */
static void add_names(icalcomponent *calendar, const char *name, bool feed) {
    icalproperty *older = icalproperty_new_x(name);
    icalproperty_set_x_name(older, "X-WR-CALNAME");
    icalcomponent_add_property(calendar, icalproperty_new_name(name));
    icalcomponent_add_property(calendar, older);
    if (!feed)
        return;
    icalproperty *refresh =
        icalproperty_new_refreshinterval(icaldurationtype_from_int(NL_CALENDAR_REFRESH));
    icalproperty *published = icalproperty_new_x("PT12H");
    icalproperty_add_parameter(refresh, icalparameter_new_value(ICAL_VALUE_DURATION));
    icalproperty_set_x_name(published, "X-PUBLISHED-TTL");
    icalcomponent_add_property(calendar, refresh);
    icalcomponent_add_property(calendar, published);
}

static icalcomponent *make_calendar(const char *name, bool feed) {
    icalcomponent *calendar = icalcomponent_new(ICAL_VCALENDAR_COMPONENT);
    icalcomponent_add_property(calendar, icalproperty_new_version("2.0"));
    icalcomponent_add_property(calendar, icalproperty_new_prodid("-//newsletter//EN"));
    if (!feed)
        icalcomponent_add_property(calendar, icalproperty_new_method(ICAL_METHOD_PUBLISH));
    add_names(calendar, name, feed);
    return calendar;
}

static enum nl_status write_calendar(icalcomponent *calendar, struct nl_buf *out,
                                     struct nl_error *err) {
    char *text = icalcomponent_as_ical_string_r(calendar);
    nl_buf_adds(out, text != NULL ? text : "");
    enum nl_status status = text != NULL ? NL_OK : nl_error_nomem(err);
    icalmemory_free_buffer(text);
    icalcomponent_free(calendar);
    return status;
}

enum nl_status nl_events_ics(const struct nl_events *events, const char *timezone, const char *uid,
                             const char *date, const char *name, struct nl_buf *out,
                             struct nl_error *err) {
    if (timezone != NULL && nl_zone_check(timezone, err) != NL_OK)
        return NL_DATA;
    icalcomponent *calendar = make_calendar(name, false);
    const struct nl_event day = {.date = (char *)date};
    struct icaltimetype stamp = ical_moment(nl_event_span(&day, NULL).begin);
    for (size_t i = 0; i < events->count; i++)
        icalcomponent_add_component(calendar,
                                    make_event(&events->items[i], timezone, uid, i + 1, stamp));
    return write_calendar(calendar, out, err);
}

enum nl_status nl_calendar_feed_begin(const char *name, struct nl_buf *out, struct nl_error *err) {
    static const char end[] = "END:VCALENDAR\r\n";
    enum nl_status status = write_calendar(make_calendar(name, true), out, err);
    if (status == NL_OK && out->len > sizeof end)
        out->len -= sizeof end - 1;
    return status;
}
