#include "newsletter/base/zone.h"

#include <libical/ical.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool read_local_time(const char *text, struct tm *out) {
    const char *rest = strptime(text, "%Y-%m-%d", out);
    if (rest == NULL || (*rest != ' ' && *rest != 'T'))
        return false;
    const char *seconds = strptime(rest + 1, "%H:%M:%S", out);
    const char *end = seconds != NULL ? seconds : strptime(rest + 1, "%H:%M", out);
    return end != NULL && *end == '\0';
}

static icaltimezone *find_zone(const char *name) {
    return strcmp(name, "UTC") == 0 ? icaltimezone_get_utc_timezone()
                                    : icaltimezone_get_builtin_timezone(name);
}

bool nl_zone_time(const char *text, const char *zone, int64_t *at) {
    struct tm tm = {.tm_isdst = -1};
    if (!read_local_time(text, &tm))
        return false;
    if (zone == NULL) {
        *at = (int64_t)mktime(&tm);
        return *at != -1;
    }
    icaltimezone *found = find_zone(zone);
    struct icaltimetype time = icaltime_null_time();
    time.year = tm.tm_year + 1900;
    time.month = tm.tm_mon + 1;
    time.day = tm.tm_mday;
    time.hour = tm.tm_hour;
    time.minute = tm.tm_min;
    time.second = tm.tm_sec;
    *at = found != NULL ? (int64_t)icaltime_as_timet_with_zone(time, found) : 0;
    return found != NULL;
}

bool nl_hours_parse(const char *text, struct nl_hours *out) {
    struct tm from = {0};
    struct tm to = {0};
    const char *rest = strptime(text, "%H:%M", &from);
    if (rest == NULL || *rest != '-')
        return false;
    rest = strptime(rest + 1, "%H:%M", &to);
    *out = (struct nl_hours){from.tm_hour * 60 + from.tm_min, to.tm_hour * 60 + to.tm_min};
    return rest != NULL && *rest == '\0' && out->from != out->to;
}

bool nl_hours_hold(const struct nl_hours *hours, const char *zone, int64_t now, int64_t *end) {
    enum { DAY = 24 * 60 };
    int minute = 0;
    int second = 0;
    if (zone == NULL) {
        time_t at = (time_t)now;
        struct tm tm = {0};
        localtime_r(&at, &tm);
        minute = tm.tm_hour * 60 + tm.tm_min;
        second = tm.tm_sec;
    } else {
        struct icaltimetype time = icaltime_from_timet_with_zone((time_t)now, 0, find_zone(zone));
        minute = time.hour * 60 + time.minute;
        second = time.second;
    }
    int since = (minute - hours->from + DAY) % DAY;
    int length = (hours->to - hours->from + DAY) % DAY;
    *end = now + (int64_t)(length - since) * 60 - second;
    return since < length;
}

void nl_zone_today(int64_t now, char out[NL_DAY_LEN + 1]) {
    time_t at = (time_t)now;
    struct tm tm = {0};
    localtime_r(&at, &tm);
    out[0] = '\0';
    strftime(out, NL_DAY_LEN + 1, "%Y-%m-%d", &tm);
}

/* Compares both days at noon, since a change of clocks never moves noon to another day. */
int64_t nl_zone_days_since(const char *day, int64_t now) {
    char today[NL_DAY_LEN + 1];
    char text[NL_DAY_LEN + 8];
    int64_t from = 0;
    int64_t to = 0;
    nl_zone_today(now, today);
    snprintf(text, sizeof text, "%.10s 12:00", day);
    nl_zone_time(text, "UTC", &from);
    snprintf(text, sizeof text, "%.10s 12:00", today);
    nl_zone_time(text, "UTC", &to);
    return (to - from) / 86400;
}
