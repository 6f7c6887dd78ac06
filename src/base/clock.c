#include "newsletter/base/clock.h"

#include <time.h>

int64_t nl_clock_nanoseconds(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t nl_clock_milliseconds(void) {
    return nl_clock_nanoseconds() / 1000000;
}
