#include "newsletter/base/timestamp.h"

#include "newsletter/base/text.h"

#include <string.h>
#include <time.h>

enum { DAY = 86400, FROM_YEAR_0 = 719468, MONTHS_FROM_MARCH = 153 };

void nl_timestamp_text(int64_t at, char out[NL_TIMESTAMP_LEN]) {
    struct tm tm = {0};
    time_t time = (time_t)at;
    out[0] = '\0';
    if (at != 0 && gmtime_r(&time, &tm) != NULL &&
        strftime(out, NL_TIMESTAMP_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        out[0] = '\0';
}

int nl_days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Counts years from March, so that the leap day is the last of its year. */
int64_t nl_datetime_seconds(const struct nl_datetime *datetime) {
    int64_t year = datetime->year - (datetime->month <= 2);
    int64_t month = (datetime->month + 9) % 12;
    int64_t day = datetime->day - 1 + (MONTHS_FROM_MARCH * month + 2) / 5;
    int64_t days = 365 * year + year / 4 - year / 100 + year / 400 + day - FROM_YEAR_0;
    return days * DAY + (int64_t)datetime->hour * 3600 + (int64_t)datetime->minute * 60 +
           datetime->second;
}

void nl_datetime_of(int64_t seconds, struct nl_datetime *out) {
    struct tm tm = {0};
    time_t time = (time_t)seconds;
    gmtime_r(&time, &tm);
    *out = (struct nl_datetime){.year = tm.tm_year + 1900,
                                .month = tm.tm_mon + 1,
                                .day = tm.tm_mday,
                                .has_time = true,
                                .hour = tm.tm_hour,
                                .minute = tm.tm_min,
                                .second = tm.tm_sec};
}

/* Reads exactly `count` digits and moves *text after them. */
static bool read_digits(const char **text, int count, int *value) {
    *value = 0;
    for (int i = 0; i < count; i++) {
        if (**text < '0' || **text > '9')
            return false;
        *value = *value * 10 + (*(*text)++ - '0');
    }
    return true;
}

static bool read_sign(const char **text, char sign) {
    bool found = **text == sign;
    *text += found;
    return found;
}

/* "09:00", "09:00:30", "09:00:30.25". */
static bool read_time_of_day(const char **text, struct nl_datetime *out) {
    out->has_time = read_digits(text, 2, &out->hour) && read_sign(text, ':') &&
                    read_digits(text, 2, &out->minute);
    if (!out->has_time || out->hour > 23 || out->minute > 59)
        return false;
    if (!read_sign(text, ':'))
        return true;
    if (!read_digits(text, 2, &out->second) || out->second > 59)
        return false;
    if (read_sign(text, '.')) {
        size_t digits = strspn(*text, "0123456789");
        *text += digits;
        return digits > 0;
    }
    return true;
}

/* "Z", "+05", "+05:00", "-0330". */
static bool read_offset(const char **text, struct nl_datetime *out) {
    int hours = 0;
    int minutes = 0;
    out->has_offset = true;
    if (read_sign(text, 'Z') || read_sign(text, 'z'))
        return true;
    int sign = **text == '-' ? -1 : 1;
    if (!read_sign(text, '+') && !read_sign(text, '-'))
        return false;
    if (!read_digits(text, 2, &hours))
        return false;
    if (**text != '\0') {
        read_sign(text, ':');
        if (!read_digits(text, 2, &minutes))
            return false;
    }
    out->offset = sign * (hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60;
}

bool nl_datetime_read(const char *text, struct nl_datetime *out) {
    *out = (struct nl_datetime){0};
    bool day = read_digits(&text, 4, &out->year) && read_sign(&text, '-') &&
               read_digits(&text, 2, &out->month) && read_sign(&text, '-') &&
               read_digits(&text, 2, &out->day);
    if (!day || out->year < 1 || out->month < 1 || out->month > 12 || out->day < 1 ||
        out->day > nl_days_in_month(out->year, out->month))
        return false;
    if (*text == '\0')
        return true;
    if (!read_sign(&text, 'T') && !read_sign(&text, 't') && !read_sign(&text, ' '))
        return false;
    if (!read_time_of_day(&text, out))
        return false;
    text += strspn(text, " ");
    return *text == '\0' || (read_offset(&text, out) && *text == '\0');
}

bool nl_datetime_is_day(const char *text) {
    struct nl_datetime day = {0};
    return nl_datetime_read(text, &day) && !day.has_time;
}

bool nl_timestamp_parse(const char *text, int64_t *at) {
    struct nl_datetime datetime = {0};
    if (nl_text_integer(text, at))
        return *at >= 0;
    if (!nl_datetime_read(text, &datetime))
        return false;
    *at = nl_datetime_seconds(&datetime) - datetime.offset;
    return *at >= 0;
}
