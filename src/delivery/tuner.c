#include "delivery/tuner_level.h"

enum {
    SECOND = 1000000,
    START = 8,                      /* messages under way at first */
    FAR_AWAY = SECOND / 50,         /* a round trip */
    SETTLE = 2 * SECOND,            /* the longest wait for connections that are being opened */
    SHORT_MESSAGES = 16,            /* a measurement while growing */
    LONG_MESSAGES = 96,             /* and later */
    MANY_MESSAGES = 512,            /* this many say enough, however soon */
    SHORT_TIME = SECOND / 20,       /* the shortest ones */
    LONG_TIME = SECOND / 5,         /* */
    DOUBLE = 2,                     /* levels up for twice as many */
    QUADRUPLE = 4,                  /* */
    PATIENCE = 4,                   /* measurements between two probes, at first */
    MOST_PATIENCE = 64,             /* and at most */
    FRESH = 60 * SECOND,            /* how long a measurement of another level counts */
    FIRST_PENALTY = 30 * SECOND,    /* until one more is tried again */
    LONGEST_PENALTY = 600 * SECOND, /* */
};

/* Growing goes on while twice as many are this much faster. Of few messages, less could be chance,
 * and a connection is dear to a relay that starts a process for it. A higher level found by a probe
 * must be faster, a lower one may be a little slower. Many messages under way are a burden to the
 * relay, and in doubt after a crash. */
static const double GROWTH = 1.04;
static const double GROWTH_OF_FEW = 1.1;
static const double FASTER = 1.02;
static const double AS_FAST = 0.98;
static const double NEARLY_BEST = 0.97;
static const double NEARLY_BEST_OF_FEW = 0.91;
/* A relay that answers as fast with more messages under way is far away and not busy. */
static const double AS_SOON = 1.15;
static const double NEARLY_ALL = 1.3; /* an answer, of the round trip */
static const double COLLAPSE = 0.6;
static const double FAR_WORSE = 0.9; /* of the rate at home */
static const double HOPELESS = 0.85; /* of it, after few messages */
static const double WEIGHT = 0.3;    /* of the latest measurement in the mean */
/* Three refusals in a row, or one of twenty messages. */
static const double FORGET = 0.98;
static const double TOO_MANY = 2.5;

/* The next measurement begins once as many messages are under way as the level says. */
static void move_to(struct nl_tuner *tuner, size_t at, int64_t now) {
    tuner->at = at;
    tuner->measuring = false;
    tuner->since = now;
}

static void hold(struct nl_tuner *tuner, size_t home, int patience, int64_t now) {
    tuner->phase = NL_TUNER_HOLD;
    tuner->home = home;
    tuner->patience = patience < MOST_PATIENCE ? patience : MOST_PATIENCE;
    tuner->held = 0;
    if (tuner->at != home)
        move_to(tuner, home, now);
}

/* Goes on at the level that an earlier run has found, as far as it may now. Where nothing lies
 * above it, a look below is likely to cost more than it brings, and can wait. */
static void hold_remembered(struct nl_tuner *tuner, int64_t now) {
    size_t top = nl_tuner_top(tuner);
    tuner->upwards = true;
    hold(tuner, nl_tuner_least(tuner->remembered, top),
         tuner->remembered >= top ? 2 * PATIENCE : PATIENCE / 2, now);
}

void nl_tuner_open(struct nl_tuner *tuner, size_t connections, size_t window,
                   const struct nl_relay_pace *earlier, int64_t now) {
    *tuner = (struct nl_tuner){.connections = connections, .window = window};
    nl_tuner_make_levels(tuner);
    tuner->grown_from = tuner->count;
    tuner->patience = PATIENCE;
    tuner->message_cap.penalty = tuner->connection_cap.penalty = FIRST_PENALTY;
    tuner->home = nl_tuner_least(nl_tuner_level_of(tuner, START), nl_tuner_top(tuner));
    move_to(tuner, tuner->home, now);
    if (earlier->connections > 0) {
        tuner->remembered = nl_tuner_level_of(tuner, earlier->connections * earlier->window);
        hold_remembered(tuner, now);
    }
}

void nl_tuner_answered(struct nl_tuner *tuner, int64_t answer) {
    tuner->answered++;
    tuner->pushed *= FORGET;
    tuner->answer_sum += (double)answer;
}

/* ---- the relay pushes back ---- */

static int64_t least_time(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* How long the messages may take that are under way now. */
static int64_t under_way_for(const struct nl_tuner *tuner) {
    int64_t answers = (int64_t)(2 * tuner->levels[tuner->home].answer);
    return answers < SECOND / 10 ? SECOND / 10 : least_time(answers, SETTLE);
}

static void lower(struct nl_tuner *tuner, struct nl_tuner_cap *cap, size_t most, int64_t now) {
    cap->most = most > 0 ? most : 1;
    cap->until = now + cap->penalty;
    if (now >= tuner->deaf_until)
        cap->penalty = least_time(2 * cap->penalty, LONGEST_PENALTY);
    tuner->deaf_until = now + under_way_for(tuner);
    tuner->home = nl_tuner_least(tuner->at, nl_tuner_top(tuner));
    tuner->held = 0;
    /* Fewer connections, each with more messages on it, may still be better. */
    if (tuner->phase != NL_TUNER_GROW || tuner->at >= nl_tuner_top(tuner))
        tuner->phase = NL_TUNER_HOLD;
    move_to(tuner, tuner->home, now);
}

/* While growing, the last level was all right: the middle between the two is tried. */
static size_t less_under_way(const struct nl_tuner *tuner) {
    size_t under_way = nl_tuner_under_way(tuner);
    if (tuner->phase != NL_TUNER_GROW)
        return under_way * 3 / 4;
    return tuner->grown_from == tuner->count
               ? under_way / 2
               : tuner->levels[(tuner->grown_from + tuner->at) / 2].under_way;
}

void nl_tuner_pushed_back(struct nl_tuner *tuner, int64_t now) {
    size_t most = less_under_way(tuner);
    if (now < tuner->deaf_until || ++tuner->pushed < TOO_MANY)
        return;
    tuner->pushed = 0;
    lower(tuner, &tuner->message_cap, most, now);
}

void nl_tuner_refused(struct nl_tuner *tuner, size_t open, int64_t now) {
    if (open > 0 && (tuner->connection_cap.most == 0 || open < tuner->connection_cap.most))
        lower(tuner, &tuner->connection_cap, open, now);
}

/* One more, when the time is over. */
static void raise_cap(struct nl_tuner_cap *cap, size_t limit, int64_t now) {
    if (cap->most == 0 || now < cap->until)
        return;
    cap->most += cap->most / 4 + 1;
    cap->until = now + cap->penalty;
    if (cap->most >= limit)
        cap->most = 0;
}

void nl_tuner_starved(struct nl_tuner *tuner, bool limit, int64_t now) {
    tuner->starved = tuner->starved || limit;
    move_to(tuner, tuner->at, now);
}

/* ---- decisions ---- */

static double mean(double old, double latest) {
    return old == 0 ? latest : (1 - WEIGHT) * old + WEIGHT * latest;
}

static double best_rate(const struct nl_tuner *tuner, int64_t now) {
    double best = 0;
    for (size_t i = 0; i < tuner->count; i++)
        if (tuner->levels[i].measured + FRESH > now && tuner->levels[i].rate > best)
            best = tuner->levels[i].rate;
    return best;
}

static bool is_of_few(const struct nl_tuner *tuner) {
    return tuner->answered < MANY_MESSAGES;
}

/* The lowest level that is nearly as fast as the fastest. */
static size_t choose(const struct nl_tuner *tuner, int64_t now) {
    double wanted = best_rate(tuner, now) * (is_of_few(tuner) ? NEARLY_BEST_OF_FEW : NEARLY_BEST);
    for (size_t i = 0; i < tuner->count; i++)
        if (tuner->levels[i].rate >= wanted && tuner->levels[i].measured + FRESH > now)
            return i;
    return tuner->at;
}

/* Whether an answer takes no longer than at the level before, or than the way there and back. */
static bool is_far(const struct nl_tuner *tuner) {
    const struct nl_tuner_level *here = &tuner->levels[tuner->at];
    bool compared = tuner->grown_from < tuner->count;
    return here->answer < 3 * tuner->round_trip ||
           (compared && here->answer < AS_SOON * tuner->levels[tuner->grown_from].answer);
}

static void grow(struct nl_tuner *tuner, int64_t now) {
    bool first = tuner->grown_from == tuner->count;
    double gain = first ? 0 : tuner->levels[tuner->at].rate / tuner->levels[tuner->grown_from].rate;
    bool helped = first || gain >= (is_of_few(tuner) ? GROWTH_OF_FEW : GROWTH);
    if (!helped || tuner->at >= nl_tuner_top(tuner)) {
        tuner->upwards = first || (gain > 1 && !is_of_few(tuner));
        hold(tuner, choose(tuner, now), PATIENCE, now);
        return;
    }
    size_t next =
        nl_tuner_least(tuner->at + (is_far(tuner) ? QUADRUPLE : DOUBLE), nl_tuner_top(tuner));
    tuner->home = tuner->grown_from = tuner->at;
    move_to(tuner, next, now);
}

/* Whether answers came no sooner with far fewer under way. Then fewer are not as fast. */
static bool is_latency(const struct nl_tuner *tuner, int64_t now) {
    const struct nl_tuner_level *home = &tuner->levels[tuner->home];
    for (size_t i = 0; i < tuner->home; i++) {
        const struct nl_tuner_level *level = &tuner->levels[i];
        if (5 * level->under_way <= 4 * home->under_way && level->rate > 0 &&
            level->measured + FRESH > now && level->answer >= AS_FAST * home->answer)
            return true;
    }
    return false;
}

static size_t lower_level(const struct nl_tuner *tuner, int64_t now) {
    return tuner->home - (tuner->home > 0 && !is_latency(tuner, now));
}

/* Goes to another level for a measurement; stays where there is none. */
static void probe(struct nl_tuner *tuner, int64_t now) {
    size_t up = nl_tuner_least(tuner->home + DOUBLE, nl_tuner_top(tuner));
    size_t to = tuner->upwards ? up : lower_level(tuner, now);
    if (to == tuner->home) {
        tuner->upwards = !tuner->upwards;
        to = tuner->upwards ? up : lower_level(tuner, now);
    }
    tuner->held = 0;
    if (to == tuner->home)
        return;
    tuner->levels[to].rate = 0;
    tuner->phase = NL_TUNER_PROBE;
    move_to(tuner, to, now);
}

static void stay(struct nl_tuner *tuner, double rate, double before, int64_t now) {
    bool collapsed = before > 0 && rate < COLLAPSE * before;
    if (collapsed) { /* what was true of the other levels is true no longer */
        for (size_t i = 0; i < tuner->count; i++)
            tuner->levels[i].measured = i == tuner->at ? now : 0;
        tuner->levels[tuner->at].rate = rate;
        tuner->patience = PATIENCE;
        tuner->upwards = false;
    }
    if (collapsed || ++tuner->held >= tuner->patience)
        probe(tuner, now);
}

/* Where there is nothing to try but a level that was far worse, the next look comes much later. */
static int next_patience(const struct nl_tuner *tuner, bool up, bool far_worse) {
    bool only_this = up ? tuner->home == 0 : tuner->home >= nl_tuner_top(tuner);
    return tuner->patience * (far_worse && only_this ? 4 : 2);
}

static void judge_probe(struct nl_tuner *tuner, int64_t now) {
    double rate = tuner->levels[tuner->at].rate;
    double home = tuner->levels[tuner->home].rate;
    bool up = tuner->at > tuner->home;
    bool better = up ? rate >= FASTER * home
                     : rate >= AS_FAST * home && rate >= NEARLY_BEST * best_rate(tuner, now);
    if (!better) {
        tuner->upwards = !up;
        hold(tuner, tuner->home, next_patience(tuner, up, rate < FAR_WORSE * home), now);
    } else if (tuner->phase == NL_TUNER_PROBE) {
        tuner->phase = NL_TUNER_CONFIRM;
    } else {
        tuner->upwards = up;
        hold(tuner, tuner->at, PATIENCE / 2, now);
    }
}

static void decide(struct nl_tuner *tuner, double rate, double before, int64_t now) {
    switch (tuner->phase) {
    case NL_TUNER_GROW:
        grow(tuner, now);
        break;
    case NL_TUNER_HOLD:
        stay(tuner, rate, before, now);
        break;
    default:
        judge_probe(tuner, now);
        break;
    }
}

/* ---- measurements ---- */

/* Answers come in bursts, as many at once as are under way. So a measurement ends after a multiple
 * of that number. */
static void begin_measurement(struct nl_tuner *tuner, int64_t now) {
    size_t under_way = nl_tuner_under_way(tuner);
    size_t wanted = tuner->phase == NL_TUNER_GROW ? SHORT_MESSAGES : LONG_MESSAGES;
    tuner->measuring = true;
    tuner->since = now;
    tuner->answered = 0;
    tuner->answer_sum = 0;
    tuner->needed = (wanted + under_way - 1) / under_way * under_way;
}

static void end_measurement(struct nl_tuner *tuner, int64_t now) {
    struct nl_tuner_level *level = &tuner->levels[tuner->at];
    double rate = (double)tuner->answered * SECOND / (double)(now - tuner->since);
    double before = level->rate;
    level->rate = mean(before, rate);
    level->answer = tuner->answer_sum / (double)tuner->answered;
    level->measured = now;
    tuner->measurements++;
    tuner->starved = false;
    tuner->measuring = false;
    tuner->since = now;
    decide(tuner, rate, before, now);
}

/* Where the way there and back is most of an answer, few messages say as much as many. */
static bool is_long_enough(const struct nl_tuner *tuner, int64_t took) {
    bool growing = tuner->phase == NL_TUNER_GROW;
    bool steady = tuner->answer_sum < NEARLY_ALL * tuner->round_trip * (double)tuner->answered;
    return took >= LONG_TIME || (growing && took >= SHORT_TIME && (steady || !is_of_few(tuner)));
}

/* Each message that is not under way at a lower level costs speed: a look at one ends as soon as it
 * is seen to be far slower. */
static bool is_hopeless(const struct nl_tuner *tuner, int64_t took) {
    size_t under_way = nl_tuner_under_way(tuner);
    size_t rounds = (SHORT_MESSAGES + under_way - 1) / under_way * under_way;
    bool below = tuner->phase != NL_TUNER_GROW && tuner->at < tuner->home;
    return below && tuner->answered >= rounds && took >= SHORT_TIME &&
           (double)tuner->answered * SECOND <
               HOPELESS * tuner->levels[tuner->home].rate * (double)took;
}

/* The window is known to be of use once the first message in one piece was answered. */
static void note_flights(struct nl_tuner *tuner, bool flies, int64_t now) {
    if (flies == tuner->flies)
        return;
    tuner->flies = flies;
    if (flies && tuner->remembered > tuner->at)
        hold_remembered(tuner, now);
}

/* With a relay that is far away, the first messages would only tell that. */
static void start_higher(struct nl_tuner *tuner, int64_t now) {
    size_t start = nl_tuner_level_of(tuner, START);
    bool at_start = tuner->phase == NL_TUNER_GROW && tuner->grown_from == tuner->count &&
                    tuner->at == start && tuner->levels[start].rate == 0;
    size_t higher = nl_tuner_least(start + QUADRUPLE, nl_tuner_top(tuner));
    if (!at_start || higher == start || tuner->round_trip < FAR_AWAY)
        return;
    tuner->home = higher;
    move_to(tuner, higher, now);
}

bool nl_tuner_step(struct nl_tuner *tuner, size_t under_way, bool flies, int64_t round_trip,
                   int64_t now) {
    raise_cap(&tuner->connection_cap, tuner->connections, now);
    raise_cap(&tuner->message_cap, tuner->connections * tuner->window, now);
    note_flights(tuner, flies, now);
    tuner->round_trip = (double)round_trip;
    start_higher(tuner, now);
    if (tuner->at > nl_tuner_top(tuner))
        move_to(tuner, nl_tuner_top(tuner), now);
    if (!tuner->measuring) {
        /* More are under way after a higher level: they would count for this one. */
        if (under_way == nl_tuner_under_way(tuner) || now >= tuner->since + SETTLE)
            begin_measurement(tuner, now);
        return false;
    }
    bool over = is_hopeless(tuner, now - tuner->since);
    if (!over && tuner->answered < tuner->needed)
        return false;
    if (!over && !is_long_enough(tuner, now - tuner->since)) {
        tuner->needed += nl_tuner_under_way(tuner);
        return false;
    }
    end_measurement(tuner, now);
    return true;
}
