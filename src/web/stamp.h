/* A signed note of when a form was shown: robots post at once, or use a form for ever. */
#ifndef NL_WEB_STAMP_H
#define NL_WEB_STAMP_H

#include "newsletter/base/buf.h"
#include "newsletter/base/env.h"

#include <stdbool.h>
#include <stdint.h>

/* The hidden field that people do not see and robots fill in. */
#define NL_HONEYPOT "website"

/* Stands for the stamp in pages that are kept for several visitors. */
#define NL_STAMP_MARK "\x1astamp\x1a"

enum { NL_STAMP_SECONDS = 86400 }; /* for how long a stamp is good */

/* Appends a stamp for a form that is shown now: "TIME.NUMBER.MAC". The random number makes it one
 * of its kind, so that it can be used once. */
void nl_stamp_write(const char *secret, const struct nl_env *env, struct nl_buf *out);

/* Whether it is ours and from two seconds to a day before `now`. NULL is not. */
bool nl_stamp_is_timely(const char *secret, const char *stamp, int64_t now);

#endif
