/* Local times of time zones (the names of the IANA database, such as Asia/Almaty). */
#ifndef NEWSLETTER_ZONE_H
#define NEWSLETTER_ZONE_H

#include <stdbool.h>
#include <stdint.h>

/* Reads "2026-12-01 09:00" (also with a T, also with seconds) as the UTC time at which clocks in
 * `zone` show it; NULL is this machine's zone. False for another text or an unknown zone. */
bool nl_zone_time(const char *text, const char *zone, int64_t *at);

/* Hours by which the earliest zone on Earth is ahead of UTC. */
enum { NL_ZONE_FIRST = 14 };

#endif
