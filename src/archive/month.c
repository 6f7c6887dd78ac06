#include "archive/page_builder.h"

#include "newsletter/base/env.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/timestamp.h"
#include "newsletter/bulletin/events.h"
#include "newsletter/template/data.h"
#include "newsletter/template/dates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAYS = 32, ISSUES = 200 };

struct nl_month {
    const struct nl_theme *theme;
    int year, month, today;
    struct {
        struct nl_buf titles; /* of the day's events */
        struct nl_buf href;
    } days[DAYS]; /* by their number */
    const struct nl_page_builder *builder;
};

/* By the clock on the wall of this machine, which is the office's. */
struct nl_month *nl_month_new(const struct nl_theme *theme) {
    struct nl_month *month = nl_calloc(1, sizeof *month);
    time_t now = (time_t)nl_env_now(&nl_env_system);
    struct tm tm = {0};
    if (localtime_r(&now, &tm) == NULL) {
        free(month);
        return NULL;
    }
    month->theme = theme;
    month->year = tm.tm_year + 1900;
    month->month = tm.tm_mon + 1;
    month->today = tm.tm_mday;
    return month;
}

/* The day on which an event is over: its page lists only what is to come. */
static bool is_to_come(const struct nl_month *month, const struct nl_event *event) {
    char today[32];
    snprintf(today, sizeof today, "%04d-%02d-%02d", month->year, month->month, month->today);
    return strcmp(event->until != NULL ? event->until : event->date, today) >= 0;
}

static void mark_day(struct nl_month *month, int day, const struct nl_event *event,
                     const char *slug) {
    struct nl_buf *titles = &month->days[day].titles;
    const char *root = nl_buf_text(&month->builder->root);
    if (strstr(nl_buf_text(titles), event->title) != NULL) /* announced in two issues */
        return;
    if (titles->len == 0 && is_to_come(month, event))
        nl_buf_addf(&month->days[day].href, "%sevents/#d%s", root, event->date);
    else if (titles->len == 0)
        nl_buf_addf(&month->days[day].href, "%sissue/%s/", root, slug);
    nl_buf_addf(titles, "%s%s", titles->len > 0 ? "; " : "", event->title);
}

static void mark_event(struct nl_month *month, const struct nl_event *event, const char *slug) {
    char date[32];
    const char *last = event->until != NULL ? event->until : event->date;
    for (int day = 1; day <= nl_days_in_month(month->year, month->month); day++) {
        snprintf(date, sizeof date, "%04d-%02d-%02d", month->year, month->month, day);
        if (strcmp(event->date, date) <= 0 && strcmp(date, last) <= 0)
            mark_day(month, day, event, slug);
    }
}

static enum nl_status add_issue(const struct nl_entry *entry, void *ctx, struct nl_error *err) {
    struct nl_month *month = ctx;
    struct nl_events events = {0};
    char *timezone = NULL;
    enum nl_status status = nl_events_read(entry->events, &events, &timezone, err);
    for (size_t i = 0; status == NL_OK && i < events.count; i++)
        mark_event(month, &events.items[i], entry->slug);
    free(timezone);
    nl_events_free(&events);
    return status;
}

enum nl_status nl_month_add(struct nl_month *month, const struct nl_page_builder *builder,
                            struct nl_error *err) {
    const struct nl_filter filter = {.with_events = true, .limit = ISSUES};
    month->builder = builder;
    return nl_archive_each(builder->archive->store, builder->archive->list->id, &filter, add_issue,
                           month, err);
}

static json_t *cell_data(const struct nl_month *month, int day) {
    json_t *cell = json_object();
    bool inside = day >= 1 && day <= nl_days_in_month(month->year, month->month);
    char text[32] = "";
    struct nl_buf date = {0};
    if (inside) {
        snprintf(text, sizeof text, "%04d-%02d-%02d", month->year, month->month, day);
        nl_date_long(month->theme, text, &date);
        snprintf(text, sizeof text, "%d", day);
    }
    nl_data_set(cell, "number", text);
    nl_data_set(cell, "date", nl_buf_text(&date));
    nl_data_set(cell, "href", inside ? nl_buf_text(&month->days[day].href) : "");
    nl_data_set(cell, "titles", inside ? nl_buf_text(&month->days[day].titles) : "");
    json_object_set_new(cell, "today", json_boolean(inside && day == month->today));
    nl_buf_free(&date);
    return cell;
}

json_t *nl_month_data(const struct nl_month *month) {
    struct tm first = {.tm_year = month->year - 1900, .tm_mon = month->month - 1, .tm_mday = 1};
    struct nl_buf name = {0};
    json_t *weeks = json_array();
    json_t *weekdays = json_array();
    timegm(&first);
    for (int day = 1 - (first.tm_wday + 6) % 7;
         day <= nl_days_in_month(month->year, month->month);) {
        json_t *days = json_array();
        for (int end = day + 7; day < end; day++)
            json_array_append_new(days, cell_data(month, day));
        json_array_append_new(weeks, json_pack("{s:o}", "days", days));
    }
    for (int day = 0; day < 7; day++)
        json_array_append_new(weekdays, json_string(nl_date_weekday(month->theme, day)));
    nl_date_month(month->theme, month->year, month->month, &name);
    json_t *data = json_pack("{s:s, s:o, s:o}", "name", nl_buf_text(&name), "weeks", weeks,
                             "weekdays", weekdays);
    nl_buf_free(&name);
    return data;
}

void nl_month_free(struct nl_month *month) {
    if (month == NULL)
        return;
    for (size_t i = 0; i < DAYS; i++) {
        nl_buf_free(&month->days[i].titles);
        nl_buf_free(&month->days[i].href);
    }
    free(month);
}
