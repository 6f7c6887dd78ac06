/* A signed note of when a form was shown: robots post at once, or use a form for ever. */
#ifndef NL_WEB_STAMP_H
#define NL_WEB_STAMP_H

#include "newsletter/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* The hidden field that people do not see and robots fill in. */
#define NL_HONEYPOT "website"

/* Appends "TIME.MAC" for a form shown at `now` (seconds). */
void nl_stamp_write(const char *secret, int64_t now, struct nl_buf *out);

/* Whether it is ours and from two seconds to a day before `now`. NULL is not. */
bool nl_stamp_is_timely(const char *secret, const char *stamp, int64_t now);

#endif
