/* Makes the rest of an issue, part by part, while a run sends the first ones. */
#ifndef NL_DELIVERY_MAKER_H
#define NL_DELIVERY_MAKER_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct run;

/* Zero it, then set `issue`; 0 makes nothing. */
struct nl_maker {
    int64_t issue;
    bool done;          /* nothing is left to make */
    int64_t not_before; /* nanoseconds of the monotonic clock */
};

/* Makes the next part if it is time for one, in a transaction of its own, and has the run lease
 * again. A database that is locked or away is asked again later. */
NL_CHECKED enum nl_status nl_maker_step(struct run *run) NL_ALL_NONNULL;

/* The same at the end of a run: meanwhile somebody may have chosen a subject, or sent the issue to
 * further people. */
NL_CHECKED enum nl_status nl_maker_look_again(struct run *run) NL_ALL_NONNULL;

/* Whether a part is left. */
bool nl_maker_has_work(const struct nl_maker *maker) NL_ALL_NONNULL;

/* The milliseconds until the next part, `longest` at most. */
int nl_maker_wait(const struct nl_maker *maker, int longest) NL_ALL_NONNULL;

#endif
