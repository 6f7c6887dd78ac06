/* When a turn of a run is recorded: at once, or a moment later together with others. */
#include "delivery/record.h"

#include "newsletter/base/clock.h"

/* Microseconds, except MANY_UNDER_WAY. */
enum {
    LONGEST_GATHERING = 4000,
    FAR = 2000,          /* a round trip */
    MANY_UNDER_WAY = 16, /* then a moment more is a small part of what each message takes */
};

/* A turn costs much, however few messages it records. So it waits for others that are under way: at
 * a server for three quarters of them, in a file for half. */
static bool has_gathered(const struct run *run) {
    size_t most = nl_store_is_served(run->plan->store) ? 3 : 1;
    size_t waiting = 0;
    size_t others = 0;
    for (size_t i = 0; i < run->used; i++) {
        const struct nl_in_flight *message = &run->messages[i];
        bool waits = message->done || message->wants_commit_point;
        waiting += waits;
        others += message->busy && !waits && !message->follows;
    }
    return waiting == 0 || waiting >= most * others || nl_run_must_stop(run) ||
           nl_backlog_wants(&run->backlog);
}

/* It waits no longer than a turn takes, or than two where there are many. With a relay that is far
 * away it waits in a file only while the last turn is made durable: it has to, anyway. */
bool nl_record_gathers(struct run *run) {
    bool many = nl_in_flight_under_way(run) >= MANY_UNDER_WAY;
    bool at_once = run->syncing == 0 && run->round_trip > FAR;
    int64_t turns = many ? 2 * run->turn_time : run->turn_time;
    int64_t longest = turns < LONGEST_GATHERING ? turns : LONGEST_GATHERING;
    if ((!nl_store_is_served(run->plan->store) && at_once) || has_gathered(run)) {
        run->gathering_since = 0;
        return false;
    }
    int64_t now = nl_clock_nanoseconds() / 1000;
    if (run->gathering_since == 0)
        run->gathering_since = now;
    return now - run->gathering_since < longest;
}
