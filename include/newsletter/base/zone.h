/* Local times of time zones (the names of the IANA database, such as Asia/Almaty).
 *
 * Where clocks go forward, hours are skipped; where they go back, hours come twice. RFC 5545
 * (3.3.5) says what such a time means, and all functions here follow it: a skipped time has the
 * offset from before the change (02:30 is an hour after 01:30), a doubled one is its first
 * occurrence. */
#ifndef NEWSLETTER_BASE_ZONE_H
#define NEWSLETTER_BASE_ZONE_H

#include "newsletter/base/error.h"
#include "newsletter/base/timestamp.h"

#include <stdbool.h>
#include <stdint.h>

/* NL_DATA with a hint if there is no such zone: the right spelling of a name, the place of an
 * abbreviation such as PST, a place in place of an offset such as +05:00. */
NL_CHECKED enum nl_status nl_zone_check(const char *zone, struct nl_error *err);

/* The zone's name as the database spells it, for one whose capitals differ; NULL if there is no
 * such zone. Borrowed, from `zone` or for good. */
const char *nl_zone_find(const char *zone);

/* The UTC time at which clocks in `zone` (which exists; NULL for this machine's) show `datetime`,
 * whose offset is ignored. */
int64_t nl_zone_seconds(const struct nl_datetime *datetime, const char *zone) NL_NONNULL(1);

/* The day and time that clocks in `zone` (as for nl_zone_seconds) show at `at`. */
void nl_zone_clock(int64_t at, const char *zone, struct nl_datetime *out) NL_NONNULL(3);

/* "2026-12-01 09:00 +05:00", or "UTC" in place of no offset: the one form in which people are shown
 * a moment. NULL for this machine's zone. */
enum { NL_ZONE_TEXT_LEN = 32 };
void nl_zone_text(int64_t at, const char *zone, char out[NL_ZONE_TEXT_LEN]) NL_NONNULL(3);

/* Reads "2026-12-01 09:00" (also with a T, also with seconds) as a time in `zone`, NULL for this
 * machine's. Without a zone the text may have an offset ("2026-12-01T09:00+05:00"). NL_DATA for
 * another text, a day or hour that does not exist, or an unknown zone. */
NL_CHECKED enum nl_status nl_zone_read(const char *text, const char *zone, int64_t *at,
                                       struct nl_error *err) NL_NONNULL(1, 3);

/* As nl_zone_read, without a reason. */
bool nl_zone_time(const char *text, const char *zone, int64_t *at) NL_NONNULL(1, 3);

/* Hours of a day, which may go over midnight; in minutes from it. */
struct nl_hours {
    int from, to;
};

/* Reads "22:00-07:00"; false for anything else. */
bool nl_hours_parse(const char *text, struct nl_hours *out) NL_ALL_NONNULL;

/* Whether clocks in `zone` (as for nl_zone_seconds) show one of the hours; *end is when they are
 * over. */
bool nl_hours_hold(const struct nl_hours *hours, const char *zone, int64_t now, int64_t *end)
    NL_NONNULL(1, 4);

/* Writes the day that this machine's clocks show, "2026-12-01", to `out`. */
enum { NL_DAY_LEN = 10 };
void nl_zone_today(int64_t now, char out[NL_DAY_LEN + 1]) NL_ALL_NONNULL;

/* Days from `day` ("2026-12-01") to the one that this machine's clocks show; negative before it. */
int64_t nl_zone_days_since(const char *day, int64_t now) NL_ALL_NONNULL;

/* Hours by which the earliest zone on Earth is ahead of UTC. */
enum { NL_ZONE_FIRST = 14 };

#endif
