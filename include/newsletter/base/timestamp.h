/* Times as text (RFC 3339). */
#ifndef NEWSLETTER_BASE_TIMESTAMP_H
#define NEWSLETTER_BASE_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

enum { NL_TIMESTAMP_LEN = 32 };

/* Writes "2026-08-25T09:30:00Z"; "" for 0. */
void nl_timestamp_text(int64_t at, char out[NL_TIMESTAMP_LEN]);

/* Reads such a time. A space may stand for the T; fractions, an offset (UTC without one), a mere
 * date and a number of seconds since the epoch are accepted too. False for anything else. */
bool nl_timestamp_parse(const char *text, int64_t *at);

#endif
