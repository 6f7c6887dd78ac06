/* Dates and times as text: the one reader, which takes days and hours that exist and nothing else.
 */
#ifndef NEWSLETTER_BASE_TIMESTAMP_H
#define NEWSLETTER_BASE_TIMESTAMP_H

#include "newsletter/base/attribute.h"

#include <stdbool.h>
#include <stdint.h>

enum { NL_TIMESTAMP_LEN = 32 };

/* A day, with or without a time of day, with or without an offset from UTC. */
struct nl_datetime {
    int year, month, day; /* 1 to 9999, 1 to 12, 1 to 31 */
    bool has_time;
    int hour, minute, second; /* 0 without a time */
    bool has_offset;          /* "Z" or "+05:00" came after the time */
    int offset;               /* seconds east of UTC */
};

/* Reads "2026-12-01", "2026-12-01 09:00", also with a T between them, with seconds, with fractions
 * of a second (which are dropped) and with an offset ("Z", "+05", "+05:00", "-0330"; a space may
 * stand before it). The day must exist, as must the hour. False for anything else. */
bool nl_datetime_read(const char *text, struct nl_datetime *out) NL_ALL_NONNULL;

/* True for a day that exists, as YYYY-MM-DD, and nothing else. */
bool nl_datetime_is_day(const char *text) NL_ALL_NONNULL;

/* The seconds since 1970 at which clocks on UTC show that day and time. The offset is ignored. */
int64_t nl_datetime_seconds(const struct nl_datetime *datetime) NL_ALL_NONNULL;

/* The day and time that clocks on UTC show at `seconds`. */
void nl_datetime_of(int64_t seconds, struct nl_datetime *out) NL_ALL_NONNULL;

/* How many days a month has. */
int nl_days_in_month(int year, int month);

/* Writes "2026-08-25T09:30:00Z"; "" for 0. */
void nl_timestamp_text(int64_t at, char out[NL_TIMESTAMP_LEN]) NL_ALL_NONNULL;

/* Reads a moment from 1970 on: a text of nl_datetime_read (UTC if it has no offset), or a number of
 * seconds since the epoch. False for anything else. */
bool nl_timestamp_parse(const char *text, int64_t *at) NL_ALL_NONNULL;

#endif
