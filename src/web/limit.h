/* How often something may happen: token buckets in a table of fixed size, so that a flood of
 * different visitors costs no memory. */
#ifndef NL_WEB_LIMIT_H
#define NL_WEB_LIMIT_H

#include "newsletter/base/network.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Any thread may ask it. */
struct nl_limit;

/* Each key may do `burst` things at once and `per_hour` in the long run. NULL without randomness;
 * free with nl_limit_free. */
struct nl_limit *nl_limit_new(int64_t burst, int64_t per_hour);

/* Takes one for the `len` bytes of `key` at time `now` (seconds). False if none is left; *wait is
 * then the number of seconds until the next. */
bool nl_limit_take(struct nl_limit *limit, const void *key, size_t len, int64_t now, int64_t *wait);

/* The same for the visitor's network, and at four times the rate for the site it belongs to
 * (nl_ip_site). */
bool nl_limit_take_network(struct nl_limit *limit, const struct nl_ip *client, int64_t now,
                           int64_t *wait);

void nl_limit_free(struct nl_limit *limit);

#endif
