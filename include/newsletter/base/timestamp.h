/* Times as text (RFC 3339). */
#ifndef NEWSLETTER_BASE_TIMESTAMP_H
#define NEWSLETTER_BASE_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

enum { NL_TIMESTAMP_LEN = 32 };

/* Writes "2026-08-25T09:30:00Z"; "" for 0. */
void nl_timestamp_text(int64_t at, char out[NL_TIMESTAMP_LEN]);

/* Reads that, also with a space for the T, with fractions, with an offset (none is UTC), only a
 * date, or a number of seconds since the epoch. False for anything else. */
bool nl_timestamp_parse(const char *text, int64_t *at);

#endif
