/* The findings of a tuner, for people and for the next run. */
#include "delivery/tuner_level.h"

enum { SECOND = 1000000 };

static bool is_capped(const struct nl_tuner *tuner) {
    return tuner->connection_cap.most != 0 || tuner->message_cap.most != 0;
}

bool nl_tuner_has_found(const struct nl_tuner *tuner) {
    return tuner->measurements > 0 || is_capped(tuner);
}

static enum nl_held_back held_back(const struct nl_tuner *tuner) {
    const struct nl_tuner_level *home = &tuner->levels[tuner->home];
    if (tuner->starved)
        return NL_HELD_BACK_RATE;
    bool at_top = tuner->home >= nl_tuner_top(tuner);
    if (at_top && is_capped(tuner))
        return NL_HELD_BACK_RELAY;
    if (home->rate == 0)
        return NL_HELD_BACK_UNKNOWN;
    /* The relay takes less than half of the time from one message to the next in its place. */
    size_t under_way = nl_tuner_least(home->under_way, nl_tuner_most_under_way(tuner));
    if (home->answer * 2 < (double)under_way * SECOND / home->rate)
        return NL_HELD_BACK_MACHINE;
    if (at_top)
        return NL_HELD_BACK_LIMIT;
    return home->answer < 3 * tuner->round_trip ? NL_HELD_BACK_NETWORK : NL_HELD_BACK_RELAY;
}

void nl_tuner_found(const struct nl_tuner *tuner, struct nl_relay_pace *out) {
    const struct nl_tuner_level *home = &tuner->levels[tuner->home];
    size_t under_way = nl_tuner_least(home->under_way, nl_tuner_most_under_way(tuner));
    out->connections = nl_tuner_least(under_way, nl_tuner_most_connections(tuner));
    out->window = (under_way + out->connections - 1) / out->connections;
    out->per_second = (int64_t)(home->rate + 0.5);
    out->held_back = held_back(tuner);
    out->at = 0;
}
