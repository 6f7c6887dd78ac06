/* The levels that a tuner goes through, and how far up it may go now. */
#ifndef NL_DELIVERY_TUNER_LEVEL_H
#define NL_DELIVERY_TUNER_LEVEL_H

#include "delivery/tuner.h"

static inline size_t nl_tuner_least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* 1, 2, 3, 4, 6, 8, 12, 16 ... and the limit. */
void nl_tuner_make_levels(struct nl_tuner *tuner) NL_ALL_NONNULL;

/* The lowest level with at least that many messages under way. */
size_t nl_tuner_level_of(const struct nl_tuner *tuner, size_t under_way) NL_ALL_NONNULL;

/* How many the relay and the configuration allow now; the level of that number. */
size_t nl_tuner_most_connections(const struct nl_tuner *tuner) NL_ALL_NONNULL;
size_t nl_tuner_most_under_way(const struct nl_tuner *tuner) NL_ALL_NONNULL;
size_t nl_tuner_top(const struct nl_tuner *tuner) NL_ALL_NONNULL;

#endif
