#include "delivery/tuner_level.h"

enum { FEWEST_ROWS = 16 };

void nl_tuner_make_levels(struct nl_tuner *tuner) {
    size_t most = tuner->connections * tuner->window;
    for (size_t power = 1; power <= most && tuner->count < NL_TUNER_LEVELS - 2; power *= 2) {
        tuner->levels[tuner->count++].under_way = power;
        if (power > 1 && power + power / 2 <= most)
            tuner->levels[tuner->count++].under_way = power + power / 2;
    }
    if (tuner->levels[tuner->count - 1].under_way < most)
        tuner->levels[tuner->count++].under_way = most;
}

size_t nl_tuner_most_connections(const struct nl_tuner *tuner) {
    size_t cap = tuner->connection_cap.most;
    return cap != 0 ? nl_tuner_least(cap, tuner->connections) : tuner->connections;
}

size_t nl_tuner_most_under_way(const struct nl_tuner *tuner) {
    size_t most = nl_tuner_most_connections(tuner) * (tuner->flies ? tuner->window : 1);
    return tuner->message_cap.most != 0 ? nl_tuner_least(most, tuner->message_cap.most) : most;
}

size_t nl_tuner_level_of(const struct nl_tuner *tuner, size_t under_way) {
    size_t at = 0;
    while (at + 1 < tuner->count && tuner->levels[at].under_way < under_way)
        at++;
    return at;
}

size_t nl_tuner_top(const struct nl_tuner *tuner) {
    return nl_tuner_level_of(tuner, nl_tuner_most_under_way(tuner));
}

/* ---- what a level stands for ---- */

size_t nl_tuner_under_way(const struct nl_tuner *tuner) {
    return nl_tuner_least(tuner->levels[tuner->at].under_way, nl_tuner_most_under_way(tuner));
}

size_t nl_tuner_connections(const struct nl_tuner *tuner) {
    return nl_tuner_least(nl_tuner_under_way(tuner), nl_tuner_most_connections(tuner));
}

size_t nl_tuner_window(const struct nl_tuner *tuner) {
    size_t connections = nl_tuner_connections(tuner);
    return (nl_tuner_under_way(tuner) + connections - 1) / connections;
}

size_t nl_tuner_keep(const struct nl_tuner *tuner) {
    size_t home =
        nl_tuner_least(tuner->levels[tuner->home].under_way, nl_tuner_most_connections(tuner));
    size_t here = nl_tuner_connections(tuner);
    return home > here ? home : here;
}

size_t nl_tuner_rows(const struct nl_tuner *tuner) {
    size_t most = 2 * nl_tuner_under_way(tuner) + FEWEST_ROWS;
    size_t quarter_second = (size_t)(tuner->levels[tuner->at].rate / 4);
    return quarter_second > most ? quarter_second : most;
}
