/* The clock that nobody sets: it tells how long something takes, and never what time it is. Its
 * zero has no meaning. */
#ifndef NEWSLETTER_BASE_CLOCK_H
#define NEWSLETTER_BASE_CLOCK_H

#include <stdint.h>

int64_t nl_clock_nanoseconds(void);
int64_t nl_clock_milliseconds(void);

#endif
