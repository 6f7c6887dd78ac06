/* Finds while sending how many messages should be under way at once, and so how many connections,
 * how large a window, and how many rows to lease at a time. It counts what the relay has answered
 * and how long that took, at one level after the other, and keeps to the lowest level that is about
 * as fast as the fastest. It knows neither a clock nor a connection: all that it decides follows
 * from what it is told. Times are microseconds of any clock that never goes back. */
#ifndef NL_DELIVERY_TUNER_H
#define NL_DELIVERY_TUNER_H

#include "newsletter/base/attribute.h"
#include "newsletter/store/relay_note.h"

#include <stddef.h>

enum { NL_TUNER_LEVELS = 40 };

/* A number of messages under way, and what was measured with that many. */
struct nl_tuner_level {
    size_t under_way;
    double rate;      /* messages per second; 0: not measured */
    double answer;    /* how long the relay took for a message */
    int64_t measured; /* when */
};

enum nl_tuner_phase {
    NL_TUNER_GROW,    /* double, as long as that helps */
    NL_TUNER_HOLD,    /* stay, and try another level now and then */
    NL_TUNER_PROBE,   /* at that other level */
    NL_TUNER_CONFIRM, /* it looked better: measure it once more */
};

/* A number that the relay does not let us exceed for now. */
struct nl_tuner_cap {
    size_t most;     /* 0: none */
    int64_t until;   /* then one more is tried */
    int64_t penalty; /* how long the next one holds */
};

struct nl_tuner {
    size_t connections, window; /* the limits of the configuration */
    struct nl_tuner_level levels[NL_TUNER_LEVELS];
    size_t count;
    size_t at;         /* the level in use */
    size_t home;       /* the best one known */
    size_t remembered; /* the one of the last run */
    size_t grown_from; /* NL_TUNER_GROW: the level before; `count` for none */
    enum nl_tuner_phase phase;
    bool flies;   /* messages go out in one piece each: a window is of use */
    bool upwards; /* where the next probe goes */
    int patience, held;
    struct nl_tuner_cap message_cap, connection_cap;
    int64_t deaf_until; /* what was under way when the relay pushed back tells nothing new */
    double pushed;      /* how often it did, less for each message that it answered since */
    /* The measurement under way. */
    bool measuring;
    int64_t since;
    size_t answered, needed;
    double answer_sum;
    double round_trip; /* of the network */
    bool starved;      /* a limit of ours left places empty */
    int64_t measurements;
};

/* Begins with what an earlier run has found, or small. */
void nl_tuner_open(struct nl_tuner *tuner, size_t connections, size_t window,
                   const struct nl_relay_pace *earlier, int64_t now) NL_ALL_NONNULL;

/* The relay has accepted or refused a message for good, and took so long for it. */
void nl_tuner_answered(struct nl_tuner *tuner, int64_t answer) NL_ALL_NONNULL;

/* The relay wants less: 421, or a refusal for now that is its own. A few among many messages change
 * nothing. */
void nl_tuner_pushed_back(struct nl_tuner *tuner, int64_t now) NL_ALL_NONNULL;

/* The relay has refused one more connection while `open` others stood, or were being opened. */
void nl_tuner_refused(struct nl_tuner *tuner, size_t open, int64_t now) NL_ALL_NONNULL;

/* Places stayed empty for lack of messages. `limit`: a rate of the configuration keeps them back.
 */
void nl_tuner_starved(struct nl_tuner *tuner, bool limit, int64_t now) NL_ALL_NONNULL;

/* Decides, where enough was measured. `under_way` is how many messages are; `round_trip` the
 * network's, 0 if it is not known. Returns whether a measurement has ended. */
bool nl_tuner_step(struct nl_tuner *tuner, size_t under_way, bool flies, int64_t round_trip,
                   int64_t now) NL_ALL_NONNULL;

/* Its decisions. */
size_t nl_tuner_under_way(const struct nl_tuner *tuner) NL_ALL_NONNULL;
size_t nl_tuner_connections(const struct nl_tuner *tuner) NL_ALL_NONNULL;
size_t nl_tuner_window(const struct nl_tuner *tuner) NL_ALL_NONNULL;
size_t nl_tuner_rows(const struct nl_tuner *tuner) NL_ALL_NONNULL;

/* How many connections to keep open: a level that is tried for a moment closes none. */
size_t nl_tuner_keep(const struct nl_tuner *tuner) NL_ALL_NONNULL;

/* Whether anything was found, and what. */
bool nl_tuner_has_found(const struct nl_tuner *tuner) NL_ALL_NONNULL;
void nl_tuner_found(const struct nl_tuner *tuner, struct nl_relay_pace *out) NL_ALL_NONNULL;

#endif
