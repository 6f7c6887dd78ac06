/* Local times of time zones (the names of the IANA database, such as Asia/Almaty). */
#ifndef NEWSLETTER_BASE_ZONE_H
#define NEWSLETTER_BASE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

/* Reads "2026-12-01 09:00" (also with a T, also with seconds) as the UTC time at which clocks in
 * `zone` show it; NULL is this machine's zone. False for another text or an unknown zone. */
bool nl_zone_time(const char *text, const char *zone, int64_t *at);

/* Hours of a day, which may go over midnight; in minutes from it. */
struct nl_hours {
    int from, to;
};

/* Reads "22:00-07:00"; false for anything else. */
bool nl_hours_parse(const char *text, struct nl_hours *out);

/* Whether clocks in `zone` (as for nl_zone_time) show one of the hours; *end is when they are over.
 */
bool nl_hours_hold(const struct nl_hours *hours, const char *zone, int64_t now, int64_t *end);

/* Writes the day that this machine's clocks show, "2026-12-01", to `out`. */
enum { NL_DAY_LEN = 10 };
void nl_zone_today(int64_t now, char out[NL_DAY_LEN + 1]);

/* Days from `day` ("2026-12-01") to the one that this machine's clocks show; negative before it. */
int64_t nl_zone_days_since(const char *day, int64_t now);

/* Hours by which the earliest zone on Earth is ahead of UTC. */
enum { NL_ZONE_FIRST = 14 };

#endif
