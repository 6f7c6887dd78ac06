#include "newsletter/base/zone.h"

#include "newsletter/base/catalog.h"

#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY = 86400 };

static icaltimezone *ical_zone(const char *name) {
    return strcmp(name, "UTC") == 0 ? icaltimezone_get_utc_timezone()
                                    : icaltimezone_get_builtin_timezone(name);
}

/* Seconds east of UTC at a moment. Of libical only this direction is used: its other one takes the
 * wrong side of skipped and doubled hours. */
static int64_t offset_at(int64_t at, const char *zone) {
    if (zone == NULL) {
        time_t time = (time_t)at;
        struct tm tm = {0};
        localtime_r(&time, &tm);
        return tm.tm_gmtoff;
    }
    int is_daylight = 0;
    struct icaltimetype utc =
        icaltime_from_timet_with_zone((time_t)at, 0, icaltimezone_get_utc_timezone());
    return icaltimezone_get_utc_offset_of_utc_time(ical_zone(zone), &utc, &is_daylight);
}

int64_t nl_zone_seconds(const struct nl_datetime *datetime, const char *zone) {
    /* No zone is a day or more from UTC, so these two are on either side of a change nearby. */
    int64_t as_utc = nl_datetime_seconds(datetime);
    int64_t before = offset_at(as_utc - DAY, zone);
    int64_t after = offset_at(as_utc + DAY, zone);
    if (offset_at(as_utc - before, zone) == before)
        return as_utc - before; /* the only time, or the first of two */
    if (offset_at(as_utc - after, zone) == after)
        return as_utc - after;
    return as_utc - before; /* skipped */
}

void nl_zone_clock(int64_t at, const char *zone, struct nl_datetime *out) {
    nl_datetime_of(at + offset_at(at, zone), out);
}

enum nl_status nl_zone_read(const char *text, const char *zone, int64_t *at, struct nl_error *err) {
    struct nl_datetime datetime = {0};
    *at = 0;
    if (zone != NULL && nl_zone_check(zone, err) != NL_OK)
        return NL_DATA;
    if (!nl_datetime_read(text, &datetime) || !datetime.has_time ||
        (datetime.has_offset && zone != NULL))
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("'%s' is not a day and time that exist: write it as "
                                    "'2026-12-01 09:00'"),
                            text);
    *at = datetime.has_offset ? nl_datetime_seconds(&datetime) - datetime.offset
                              : nl_zone_seconds(&datetime, zone);
    return NL_OK;
}

bool nl_zone_time(const char *text, const char *zone, int64_t *at) {
    struct nl_error ignored = {0};
    enum nl_status status = nl_zone_read(text, zone, at, &ignored);
    nl_error_free(&ignored);
    return status == NL_OK;
}

/* ---- hours of the day ---- */

/* "22:00" or "7:30" in minutes from midnight; *rest is the text after it. */
static bool read_minutes(const char *text, int *minutes, const char **rest) {
    size_t digits = strspn(text, "0123456789");
    if (digits < 1 || digits > 2 || text[digits] != ':' ||
        strspn(text + digits + 1, "0123456789") != 2)
        return false;
    long hour = strtol(text, NULL, 10);
    long minute = strtol(text + digits + 1, NULL, 10);
    *minutes = (int)(hour * 60 + minute);
    *rest = text + digits + 3;
    return hour < 24 && minute < 60;
}

bool nl_hours_parse(const char *text, struct nl_hours *out) {
    const char *rest = NULL;
    *out = (struct nl_hours){0};
    return read_minutes(text, &out->from, &rest) && *rest == '-' &&
           read_minutes(rest + 1, &out->to, &rest) && *rest == '\0' && out->from != out->to;
}

bool nl_hours_hold(const struct nl_hours *hours, const char *zone, int64_t now, int64_t *end) {
    enum { MINUTES = 24 * 60 };
    struct nl_datetime clock = {0};
    nl_zone_clock(now, zone, &clock);
    int minute = clock.hour * 60 + clock.minute;
    int since = (minute - hours->from + MINUTES) % MINUTES;
    int length = (hours->to - hours->from + MINUTES) % MINUTES;
    /* The clock may be changed before the hours are over, so the end is a local time too. */
    int64_t midnight = nl_datetime_seconds(&clock) - (int64_t)minute * 60 - clock.second;
    bool tomorrow = hours->to <= minute;
    struct nl_datetime last = {0};
    nl_datetime_of(midnight + (tomorrow ? DAY : 0) + (int64_t)hours->to * 60, &last);
    *end = nl_zone_seconds(&last, zone);
    return since < length;
}

/* ---- days ---- */

void nl_zone_today(int64_t now, char out[NL_DAY_LEN + 1]) {
    struct nl_datetime clock = {0};
    char text[40];
    nl_zone_clock(now, NULL, &clock);
    snprintf(text, sizeof text, "%04d-%02d-%02d", clock.year, clock.month, clock.day);
    memcpy(out, text, NL_DAY_LEN);
    out[NL_DAY_LEN] = '\0';
}

int64_t nl_zone_days_since(const char *day, int64_t now) {
    struct nl_datetime from = {0};
    struct nl_datetime today = {0};
    char text[NL_DAY_LEN + 1];
    snprintf(text, sizeof text, "%.10s", day);
    nl_zone_clock(now, NULL, &today);
    today.hour = today.minute = today.second = 0;
    if (!nl_datetime_read(text, &from))
        return 0;
    return (nl_datetime_seconds(&today) - nl_datetime_seconds(&from)) / DAY;
}

void nl_zone_text(int64_t at, const char *zone, char out[NL_ZONE_TEXT_LEN]) {
    struct nl_datetime clock = {0};
    char text[80];
    nl_zone_clock(at, zone, &clock);
    int minutes = (int)((nl_datetime_seconds(&clock) - at) / 60);
    int len = snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d ", clock.year, clock.month,
                       clock.day, clock.hour, clock.minute);
    if (minutes == 0)
        snprintf(text + len, sizeof text - (size_t)len, "UTC");
    else
        snprintf(text + len, sizeof text - (size_t)len, "%c%02d:%02d", minutes < 0 ? '-' : '+',
                 abs(minutes) / 60, abs(minutes) % 60);
    snprintf(out, NL_ZONE_TEXT_LEN, "%.*s", NL_ZONE_TEXT_LEN - 1, text);
}
