#include "bulletin/event_links.h"

#include "newsletter/template/data.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

/* RFC 3986 section 2.3: all but the unreserved characters. */
static void add_encoded(struct nl_buf *out, const char *text) {
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x80 && (isalnum(c) || strchr("-._~", c) != NULL))
            nl_buf_addc(out, (char)c);
        else
            nl_buf_addf(out, "%%%02X", c);
    }
}

static void add_parameter(struct nl_buf *out, const char *name, const char *value) {
    if (value == NULL || value[0] == '\0')
        return;
    nl_buf_addf(out, "&%s=", name);
    add_encoded(out, value);
}

static void add_time(struct nl_buf *out, int64_t at, const char *format) {
    char text[32] = "";
    struct tm tm = {0};
    time_t seconds = (time_t)at;
    if (gmtime_r(&seconds, &tm) != NULL && strftime(text, sizeof text, format, &tm) > 0)
        nl_buf_adds(out, text);
}

static void add_google(const struct nl_event *event, const struct nl_event_span *span,
                       struct nl_buf *out) {
    const char *format = span->whole_days ? "%Y%m%d" : "%Y%m%dT%H%M%SZ";
    struct nl_buf dates = {0};
    nl_buf_adds(out, "https://calendar.google.com/calendar/render?action=TEMPLATE");
    add_time(&dates, span->begin, format);
    nl_buf_addc(&dates, '/');
    add_time(&dates, span->end, format);
    nl_buf_addf(out, "&dates=%s", nl_buf_text(&dates));
    add_parameter(out, "text", event->title);
    add_parameter(out, "location", event->place);
    add_parameter(out, "details", event->url);
    nl_buf_free(&dates);
}

static void add_outlook(const struct nl_event *event, const struct nl_event_span *span,
                        struct nl_buf *out) {
    const char *format = span->whole_days ? "%Y-%m-%d" : "%Y-%m-%dT%H%%3A%M%%3A%SZ";
    nl_buf_adds(out, "https://outlook.live.com/calendar/0/action/compose?rru=addevent&startdt=");
    add_time(out, span->begin, format);
    nl_buf_adds(out, "&enddt=");
    add_time(out, span->end, format);
    if (span->whole_days)
        nl_buf_adds(out, "&allday=true");
    add_parameter(out, "subject", event->title);
    add_parameter(out, "location", event->place);
    add_parameter(out, "body", event->url);
}

void nl_events_add_links(json_t *data, const struct nl_events *events, const char *timezone) {
    json_t *list = json_object_get(data, "events");
    for (size_t i = 0; i < events->count && i < json_array_size(list); i++) {
        json_t *event = json_array_get(list, i);
        struct nl_buf url = {0};
        const struct nl_event_span span = nl_event_span(&events->items[i], timezone);
        add_google(&events->items[i], &span, &url);
        nl_data_set(event, "google_url", nl_buf_text(&url));
        nl_buf_clear(&url);
        add_outlook(&events->items[i], &span, &url);
        nl_data_set(event, "outlook_url", nl_buf_text(&url));
        nl_buf_free(&url);
    }
}
