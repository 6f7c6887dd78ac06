#include "newsletter/bulletin/events.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/base/zone.h"
#include "newsletter/template/data.h"
#include "newsletter/template/dates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EVENT_LIMIT = 50, MONTH_LIMIT = 3, TEXT_LIMIT = 300 };

static const struct {
    const char *name;
    size_t offset;
} keys[] = {
#define AT(member) offsetof(struct nl_event, member)
    {"title", AT(title)}, {"date", AT(date)},   {"until", AT(until)}, {"time", AT(time)},
    {"end", AT(end)},     {"place", AT(place)}, {"url", AT(url)},
#undef AT
};

enum { KEYS = sizeof keys / sizeof keys[0] };

static char **text_field(struct nl_event *event, size_t key) {
    return (char **)((char *)event + keys[key].offset);
}

void nl_events_free(struct nl_events *events) {
    for (size_t i = 0; i < events->count; i++)
        for (size_t key = 0; key < KEYS; key++)
            free(*text_field(&events->items[i], key));
    free(events->items);
    *events = (struct nl_events){0};
}

static struct nl_event *event_at(struct nl_events *events, size_t index) {
    if (index < events->count)
        return &events->items[index];
    struct nl_event *grown = nl_realloc(events->items, (index + 1) * sizeof *grown);
    events->items = grown;
    grown[index] = (struct nl_event){0};
    events->count = index + 1;
    return &grown[index];
}

enum nl_status nl_events_take(struct nl_events *events, const char *path, const char *value,
                              const char *where, size_t line, struct nl_error *err) {
    char *name = NULL;
    unsigned long index = strtoul(path, &name, 10);
    size_t key = 0;
    while (key < KEYS && (*name != '.' || strcmp(keys[key].name, name + 1) != 0))
        key++;
    if (key == KEYS || index > events->count)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("%s:%zu: an event has a title and a date, and may have until, time, "
                    "end, place and url"),
            where, line);
    if (index >= EVENT_LIMIT)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s:%zu: more than %d events"), where, line,
                            EVENT_LIMIT);
    if (strlen(value) > TEXT_LIMIT)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s:%zu: %s is longer than %d bytes"), where,
                            line, keys[key].name, TEXT_LIMIT);
    struct nl_event *event = event_at(events, index);
    if (value[0] == '\0')
        return NL_OK;
    *text_field(event, key) = nl_strdup(value);
    return NL_OK;
}

static bool is_time_of_day(const char *text) {
    struct nl_datetime datetime = {0};
    char whole[32];
    if (strlen(text) != 5)
        return false;
    snprintf(whole, sizeof whole, "2000-01-01 %s", text);
    return nl_datetime_read(whole, &datetime);
}

/* The moment of a day and time that were checked, in `zone`. */
static int64_t moment_of(const char *date, const char *time, const char *zone) {
    struct nl_datetime datetime = {0};
    char whole[32];
    snprintf(whole, sizeof whole, "%.10s %.5s", date, time);
    nl_datetime_read(whole, &datetime);
    return nl_zone_seconds(&datetime, zone != NULL ? zone : "UTC");
}

static const char *last_day(const struct nl_event *event) {
    return event->until != NULL ? event->until : event->date;
}

/* The hours may be in order and their moments not, where clocks change between them. */
static const char *order_problem(const struct nl_event *event, const char *zone) {
    int days = strcmp(last_day(event), event->date);
    if (days < 0)
        return NL_TEXT_IN("error", "it ends before it begins: until is before its date");
    if (event->end == NULL)
        return NULL;
    if (days == 0 && strcmp(event->end, event->time) <= 0)
        return NL_TEXT_IN("error",
                          "it ends before it begins: give until, if it ends on another day");
    if (moment_of(last_day(event), event->end, zone) <= moment_of(event->date, event->time, zone))
        return NL_TEXT_IN("error", "it ends before it begins, since clocks go forward in between");
    return NULL;
}

static const char *field_problem(const struct nl_event *event) {
    if (event->title == NULL)
        return NL_TEXT_IN("error", "it has no title");
    if (event->date == NULL)
        return NL_TEXT_IN("error", "it has no date like 2026-09-14");
    if (!nl_datetime_is_day(event->date))
        return NL_TEXT_IN("error", "its date is not a day that exists, like 2026-09-14");
    if (event->until != NULL && !nl_datetime_is_day(event->until))
        return NL_TEXT_IN("error", "until is not a day that exists, like 2026-09-15");
    if (event->time != NULL && !is_time_of_day(event->time))
        return NL_TEXT_IN("error", "time is not like \"09:30\"");
    if (event->end != NULL && (event->time == NULL || !is_time_of_day(event->end)))
        return NL_TEXT_IN("error", "end is not like \"17:00\", with a time");
    if (event->url != NULL && !nl_text_is_http_url(event->url))
        return NL_TEXT_IN("error", "url is not an https address");
    return NULL;
}

static enum nl_status check_event(const struct nl_event *event, const char *zone, size_t number,
                                  const char *where, struct nl_error *err) {
    const char *problem = field_problem(event);
    if (problem == NULL)
        problem = order_problem(event, zone);
    if (problem != NULL)
        return nl_error_set(err, NL_DATA, NL_TEXT("%s: event %zu (%s): %s"), where, number,
                            event->title != NULL ? event->title : NL_TEXT_IN("error", "no title"),
                            problem);
    return NL_OK;
}

static int compare_events(const void *a, const void *b) {
    const struct nl_event *left = a;
    const struct nl_event *right = b;
    int order = strcmp(left->date, right->date);
    return order != 0 ? order
                      : strcmp(left->time != NULL ? left->time : "",
                               right->time != NULL ? right->time : "");
}

enum nl_status nl_events_check(struct nl_events *events, const char *timezone, const char *where,
                               struct nl_error *err) {
    enum nl_status status = timezone != NULL ? nl_zone_check(timezone, err) : NL_OK;
    if (status != NL_OK)
        return nl_error_context(err, "%s: timezone", where);
    for (size_t i = 0; status == NL_OK && i < events->count; i++)
        status = check_event(&events->items[i], timezone, i + 1, where, err);
    if (status == NL_OK)
        nl_events_sort(events);
    return status;
}

void nl_events_sort(struct nl_events *events) {
    if (events->count > 1)
        qsort(events->items, events->count, sizeof *events->items, compare_events);
}

/* "14 September 2026, 09:30–17:00" */
static void add_when(const struct nl_event *event, const struct nl_theme *theme,
                     struct nl_buf *out) {
    struct nl_buf days = {0};
    struct nl_buf time = {0};
    nl_date_range(theme, event->date, last_day(event), &days);
    if (event->time != NULL) {
        nl_buf_addf(&time, "%s%s%s", event->time, event->end != NULL ? "\u2013" : "",
                    event->end != NULL ? event->end : "");
        nl_date_time(theme, nl_buf_text(&days), nl_buf_text(&time), out);
    } else {
        nl_buf_adds(out, nl_buf_text(&days));
    }
    nl_buf_free(&days);
    nl_buf_free(&time);
}

static json_t *event_data(const struct nl_event *event, bool is_first_of_day,
                          const struct nl_theme *theme) {
    json_t *data = json_object();
    struct nl_buf when = {0};
    add_when(event, theme, &when);
    nl_data_set(data, "title", event->title);
    nl_data_set(data, "anchor", is_first_of_day ? event->date : "");
    nl_data_set(data, "when", nl_buf_text(&when));
    nl_data_set(data, "place", event->place);
    nl_data_set(data, "url", event->url);
    nl_buf_free(&when);
    return data;
}

/* The titles of a day's events, and the anchor of the first of them. Empty without any. */
static void find_events(const struct nl_events *events, const char *date, struct nl_buf *titles,
                        struct nl_buf *anchor) {
    for (size_t i = 0; i < events->count; i++) {
        const struct nl_event *event = &events->items[i];
        if (strcmp(date, event->date) < 0 || strcmp(date, last_day(event)) > 0)
            continue;
        nl_buf_addf(titles, "%s%s", titles->len > 0 ? "; " : "", event->title);
        if (anchor->len == 0)
            nl_buf_adds(anchor, event->date);
    }
}

static json_t *day_data(const struct nl_events *events, const struct nl_theme *theme,
                        const char *date, const char *number) {
    json_t *cell = json_object();
    struct nl_buf titles = {0};
    struct nl_buf anchor = {0};
    struct nl_buf words = {0};
    if (number[0] != '\0')
        find_events(events, date, &titles, &anchor);
    if (anchor.len > 0)
        nl_date_long(theme, date, &words);
    nl_data_set(cell, "number", number);
    nl_data_set(cell, "date", nl_buf_text(&words));
    nl_data_set(cell, "titles", nl_buf_text(&titles));
    nl_data_set(cell, "day", nl_buf_text(&anchor));
    json_object_set_new(cell, "event", json_boolean(anchor.len > 0));
    nl_buf_free(&titles);
    nl_buf_free(&anchor);
    nl_buf_free(&words);
    return cell;
}

/* One month as weeks that begin on Monday; days of other months have an empty number. */
static json_t *month_data(const struct nl_events *events, const struct nl_theme *theme, int year,
                          int month) {
    struct tm first = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = 1};
    struct nl_buf date = {0};
    struct nl_buf name = {0};
    json_t *weeks = json_array();
    timegm(&first);
    int lead = (first.tm_wday + 6) % 7;
    int days = nl_days_in_month(year, month);
    for (int start = 1 - lead; start <= days; start += 7) {
        json_t *week = json_array();
        for (int day = start; day < start + 7; day++) {
            char number[12] = "";
            bool inside = day >= 1 && day <= days;
            if (inside)
                snprintf(number, sizeof number, "%d", day);
            nl_buf_clear(&date);
            nl_buf_addf(&date, "%04d-%02d-%02d", year, month, inside ? day : 0);
            json_array_append_new(week, day_data(events, theme, nl_buf_text(&date), number));
        }
        json_array_append_new(weeks, json_pack("{s:o}", "days", week));
    }
    nl_date_month(theme, year, month, &name);
    json_t *data = json_pack("{s:s, s:o}", "name", nl_buf_text(&name), "weeks", weeks);
    nl_buf_free(&date);
    nl_buf_free(&name);
    return data;
}

json_t *nl_events_data(const struct nl_events *events, const struct nl_theme *theme) {
    json_t *months = json_array();
    json_t *list = json_array();
    json_t *weekdays = json_array();
    char last[8] = "";
    if (events->count == 0) {
        json_decref(months);
        json_decref(list);
        json_decref(weekdays);
        return json_null();
    }
    for (size_t i = 0; i < events->count; i++) {
        const char *date = events->items[i].date;
        bool first = i == 0 || strcmp(events->items[i - 1].date, date) != 0;
        json_array_append_new(list, event_data(&events->items[i], first, theme));
        if (strncmp(last, date, 7) == 0 || json_array_size(months) == MONTH_LIMIT)
            continue;
        snprintf(last, sizeof last, "%.7s", date);
        json_array_append_new(months, month_data(events, theme, (int)strtol(date, NULL, 10),
                                                 (int)strtol(date + 5, NULL, 10)));
    }
    for (int day = 0; day < 7; day++)
        json_array_append_new(weekdays, json_string(nl_date_weekday(theme, day)));
    return json_pack("{s:o, s:o, s:o}", "months", months, "events", list, "weekdays", weekdays);
}

char *nl_events_json(const struct nl_events *events, const char *timezone) {
    json_t *array = json_array();
    for (size_t i = 0; i < events->count; i++) {
        json_t *event = json_object();
        for (size_t key = 0; key < KEYS; key++) {
            const char *value = *text_field(&events->items[i], key);
            if (value != NULL)
                json_object_set_new(event, keys[key].name, json_string(value));
        }
        json_array_append_new(array, event);
    }
    json_t *all = json_pack("{s:s?, s:o}", "timezone", timezone, "events", array);
    char *text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    return text;
}

/* Older versions let events end before they begin, which is not a reason to lose a page. */
static enum nl_status read_json_event(const json_t *object, struct nl_events *out,
                                      struct nl_error *err) {
    struct nl_event *event = event_at(out, out->count);
    for (size_t key = 0; key < KEYS; key++) {
        const char *value = json_string_value(json_object_get(object, keys[key].name));
        if (value != NULL)
            *text_field(event, key) = nl_strdup(value);
    }
    const char *problem = field_problem(event);
    return problem == NULL
               ? NL_OK
               : nl_error_set(err, NL_IO, "the events of an issue are damaged: %s", problem);
}

enum nl_status nl_events_read(const char *json, struct nl_events *out, char **timezone,
                              struct nl_error *err) {
    json_t *all = json_loads(json, 0, NULL);
    json_t *array = json_object_get(all, "events");
    const char *zone = json_string_value(json_object_get(all, "timezone"));
    enum nl_status status = json_is_array(array)
                                ? NL_OK
                                : nl_error_set(err, NL_IO, "the events of an issue are damaged");
    *timezone = zone != NULL ? nl_strdup(zone) : NULL;
    for (size_t i = 0; status == NL_OK && i < json_array_size(array); i++)
        status = read_json_event(json_array_get(array, i), out, err);
    json_decref(all);
    return status;
}

struct nl_event_span nl_event_span(const struct nl_event *event, const char *timezone) {
    enum { HOUR = 3600, DAY = 86400 };
    struct nl_event_span span = {.whole_days = event->time == NULL};
    const char *zone = span.whole_days ? NULL : timezone;
    span.begin = moment_of(event->date, span.whole_days ? "00:00" : event->time, zone);
    if (event->time != NULL && event->end != NULL) {
        span.end = moment_of(last_day(event), event->end, zone);
    } else if (event->time != NULL && event->until == NULL) {
        span.end = span.begin + HOUR;
    } else {
        struct nl_datetime day = {0};
        char next[32];
        nl_datetime_of(moment_of(last_day(event), "00:00", NULL) + DAY, &day);
        snprintf(next, sizeof next, "%04d-%02d-%02d", day.year, day.month, day.day);
        span.end = moment_of(next, "00:00", zone);
    }
    if (span.end <= span.begin) /* older versions let events end before they begin */
        span.end = span.begin + HOUR;
    return span;
}
