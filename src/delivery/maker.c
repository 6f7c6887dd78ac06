#include "delivery/maker.h"

#include "delivery/in_flight.h"
#include "newsletter/base/clock.h"
#include "newsletter/store/making.h"

enum {
    REST = 2, /* how many times as long as a part took, the database is left to others */
    MILLISECOND = 1000000,
    LATER = 100, /* milliseconds, when another process makes a part or the database is locked */
};

bool nl_maker_has_work(const struct nl_maker *maker) {
    return maker->issue != 0 && !maker->done;
}

int nl_maker_wait(const struct nl_maker *maker, int longest) {
    if (!nl_maker_has_work(maker))
        return longest;
    int64_t left = (maker->not_before - nl_clock_nanoseconds() + MILLISECOND - 1) / MILLISECOND;
    if (left <= 0)
        return 0;
    return left < longest ? (int)left : longest;
}

enum nl_status nl_maker_step(struct run *run) {
    struct nl_maker *maker = &run->maker;
    enum nl_part_result result = NL_PART_TAKEN;
    int64_t began = nl_clock_nanoseconds();
    if (nl_run_must_stop(run) || !nl_maker_has_work(maker) || began < maker->not_before)
        return NL_OK;
    enum nl_status status = nl_making_next(run->plan->store, maker->issue, &result, run->err);
    if (status == NL_BUSY || status == NL_TEMPFAIL) {
        nl_error_free(run->err);
        status = NL_OK;
        result = NL_PART_TAKEN;
    }
    int64_t ended = nl_clock_nanoseconds();
    maker->done = result == NL_PART_NONE;
    maker->not_before =
        ended + (result == NL_PART_TAKEN ? (int64_t)LATER * MILLISECOND : REST * (ended - began));
    if (result == NL_PART_MADE)
        run->backlog.drained = false;
    return status;
}

enum nl_status nl_maker_look_again(struct run *run) {
    run->maker.done = false;
    run->maker.not_before = 0;
    return nl_maker_step(run);
}
