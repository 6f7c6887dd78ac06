#include "newsletter/zone.h"

#include <libical/ical.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

static bool read(const char *text, struct tm *out) {
    const char *rest = strptime(text, "%Y-%m-%d", out);
    if (rest == NULL || (*rest != ' ' && *rest != 'T'))
        return false;
    const char *seconds = strptime(rest + 1, "%H:%M:%S", out);
    const char *end = seconds != NULL ? seconds : strptime(rest + 1, "%H:%M", out);
    return end != NULL && *end == '\0';
}

bool nl_zone_time(const char *text, const char *zone, int64_t *at) {
    struct tm tm = {.tm_isdst = -1};
    if (!read(text, &tm))
        return false;
    if (zone == NULL) {
        *at = (int64_t)mktime(&tm);
        return *at != -1;
    }
    icaltimezone *found = strcmp(zone, "UTC") == 0 ? icaltimezone_get_utc_timezone()
                                                   : icaltimezone_get_builtin_timezone(zone);
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
