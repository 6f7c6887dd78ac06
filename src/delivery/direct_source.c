/* Addresses of ours that mail goes out from: which one a connection gets, and which ones are left
 * alone where they are refused. */
#include "delivery/direct.h"
#include "newsletter/base/log.h"
#include "newsletter/base/network.h"
#include "newsletter/base/timestamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_PAUSE = 3600,
    LONGEST_PAUSE = 86400,
    WORKS_SECONDS = 3600,      /* that an address works is noted so often */
    READ_MILLISECONDS = 10000, /* what other processes have learnt is read so often */
    LOOK_MILLISECONDS = 1000,  /* a pause may have ended */
};

static bool is_six(const struct nl_source *source) {
    return strchr(source->address, ':') != NULL;
}

static void read_pauses(struct nl_direct *direct) {
    struct nl_our_sources *sources = &direct->sources;
    struct nl_source_pause *found = NULL;
    struct nl_error ignored = {0};
    size_t count = 0;
    if (nl_source_pause_read(direct->plan.store, &found, &count, &ignored) == NL_OK) {
        free(sources->pauses);
        sources->pauses = found;
        sources->pause_count = count;
        sources->version++;
    }
    sources->read_not_before = direct->now + READ_MILLISECONDS;
    nl_error_free(&ignored);
}

void nl_direct_open_sources(struct nl_direct *direct) {
    struct nl_our_sources *sources = &direct->sources;
    sources->items = direct->plan.config->direct.sources;
    sources->count = nl_config_sources(direct->plan.config);
    sources->version = 1;
    for (size_t i = 0; i < sources->count; i++) {
        sources->missing[i] = !nl_address_is_here(sources->items[i].address);
        if (sources->missing[i])
            nl_log(NL_LOG_NOTICE, NULL,
                   "direct.sources: %s is not an address of this machine and is left out",
                   sources->items[i].address);
    }
    if (sources->count > 0)
        read_pauses(direct);
}

void nl_direct_close_sources(struct nl_direct *direct) {
    free(direct->sources.pauses);
    direct->sources.pauses = NULL;
}

void nl_direct_step_sources(struct nl_direct *direct) {
    if (direct->sources.count > 0 && direct->now >= direct->sources.read_not_before)
        read_pauses(direct);
}

static bool is_paused(const struct nl_direct *direct, const struct nl_destination *destination,
                      const struct nl_source *source, int64_t *until) {
    const struct nl_our_sources *sources = &direct->sources;
    *until = 0;
    return sources->pause_count > 0 &&
           nl_source_is_paused(sources->pauses, sources->pause_count, source->address,
                               destination->place, nl_store_now(direct->plan.store), until);
}

bool nl_direct_source_is_paused(const struct nl_direct *direct,
                                const struct nl_destination *destination,
                                const struct nl_source *source) {
    int64_t until = 0;
    return is_paused(direct, destination, source, &until);
}

size_t nl_direct_source_number(const struct nl_direct *direct, const struct nl_source *source) {
    return source != NULL ? (size_t)(source - direct->sources.items) : 0;
}

bool nl_direct_source_may_send(const struct nl_direct *direct,
                               const struct nl_destination *destination,
                               const struct nl_source *source) {
    int64_t until = 0;
    bool warms_up = false;
    return (source == NULL || !nl_direct_source_is_paused(direct, destination, source)) &&
           (destination->limits == NULL ||
            nl_direct_may_begin(direct, destination->limits,
                                nl_direct_source_number(direct, source), &until, &warms_up));
}

static unsigned families_of(const struct nl_destination *destination) {
    unsigned families = 0;
    for (size_t i = 0; i < destination->count; i++)
        families |= destination->families[i];
    return families;
}

/* The earliest time at which an address may be used again is kept, and what it waits for. */
static void note_wait(struct nl_destination *destination, int64_t until, enum nl_source_wait why) {
    if (destination->sources_until != 0 && destination->sources_until <= until)
        return;
    destination->sources_until = until;
    destination->sources_wait = why;
}

static void try_source(const struct nl_direct *direct, struct nl_destination *destination,
                       size_t which) {
    const struct nl_source *source = &direct->sources.items[which];
    unsigned family = is_six(source) ? NL_FAMILY_SIX : NL_FAMILY_FOUR;
    int64_t until = 0;
    bool warms_up = false;
    if (is_paused(direct, destination, source, &until))
        note_wait(destination, until, NL_WAIT_PAUSED);
    else if (destination->limits != NULL &&
             !nl_direct_may_begin(direct, destination->limits, which, &until, &warms_up))
        note_wait(destination, until, warms_up ? NL_WAIT_WARM_UP : NL_WAIT_RATE);
    else
        destination->usable |= family;
}

static void find_usable(const struct nl_direct *direct, struct nl_destination *destination) {
    const struct nl_our_sources *sources = &direct->sources;
    unsigned families = families_of(destination);
    int64_t until = 0;
    bool warms_up = false;
    destination->usable = 0;
    destination->sources_until = 0;
    destination->sources_wait = NL_WAIT_PAUSED;
    for (size_t i = 0; i < sources->count; i++)
        if (!sources->missing[i] &&
            (families & (is_six(&sources->items[i]) ? NL_FAMILY_SIX : NL_FAMILY_FOUR)) != 0)
            try_source(direct, destination, i);
    if (sources->count == 0 &&
        (destination->limits == NULL ||
         nl_direct_may_begin(direct, destination->limits, 0, &until, &warms_up)))
        destination->usable = NL_FAMILY_SIX | NL_FAMILY_FOUR;
    else if (sources->count == 0)
        note_wait(destination, until, NL_WAIT_RATE);
    destination->sources_at = direct->now;
    destination->sources_version = sources->version;
}

bool nl_direct_has_source(const struct nl_direct *direct, struct nl_destination *destination) {
    if (destination->sources_version != direct->sources.version ||
        direct->now >= destination->sources_at + LOOK_MILLISECONDS)
        find_usable(direct, destination);
    return (families_of(destination) & destination->usable) != 0;
}

/* One address of a family, by weight; NULL for none. */
static const struct nl_source *choose(const struct nl_direct *direct,
                                      const struct nl_destination *destination, bool six) {
    const struct nl_our_sources *sources = &direct->sources;
    const struct nl_source *candidates[NL_SOURCES];
    size_t count = 0;
    int64_t total = 0;
    for (size_t i = 0; i < sources->count; i++) {
        int64_t until = 0;
        const struct nl_source *source = &sources->items[i];
        bool warms_up = false;
        if (sources->missing[i] || is_six(source) != six ||
            is_paused(direct, destination, source, &until) ||
            (destination->limits != NULL &&
             !nl_direct_may_begin(direct, destination->limits, i, &until, &warms_up)))
            continue;
        candidates[count++] = source;
        total += source->weight;
    }
    double mark = nl_env_fraction(nl_store_env(direct->plan.store)) * (double)total;
    for (size_t i = 0; i < count; i++) {
        mark -= (double)candidates[i]->weight;
        if (mark < 0 || i + 1 == count)
            return candidates[i];
    }
    return NULL;
}

bool nl_direct_choose_source(const struct nl_direct *direct,
                             const struct nl_destination *destination,
                             struct nl_transport_from *out) {
    if (direct->sources.count == 0)
        return false;
    out->six = choose(direct, destination, true);
    out->four = choose(direct, destination, false);
    return true;
}

/* The pause of an address at a destination, also one that has ended; NULL for none. */
static struct nl_source_pause *find_pause(const struct nl_direct *direct,
                                          const struct nl_destination *destination,
                                          const struct nl_source *source) {
    for (size_t i = 0; i < direct->sources.pause_count; i++) {
        struct nl_source_pause *pause = &direct->sources.pauses[i];
        if (strcmp(pause->address, source->address) == 0 &&
            strcmp(pause->place, destination->place) == 0)
            return pause;
    }
    return NULL;
}

/* The words are somebody else's, and are kept as plain ASCII. */
static void set_reason(struct nl_source_pause *pause, const struct nl_result *said) {
    snprintf(pause->reason, sizeof pause->reason, "%d %s%s%s", said->code, said->status,
             said->status[0] != '\0' ? " " : "", said->text);
    for (char *at = pause->reason; *at != '\0'; at++)
        if (*at < ' ' || *at >= 0x7f)
            *at = '?';
}

void nl_direct_pause_source(struct nl_direct *direct, const struct nl_destination *destination,
                            const struct nl_source *source, const struct nl_result *said) {
    const struct nl_source_pause *earlier = find_pause(direct, destination, source);
    struct nl_source_pause pause = {.times = earlier != NULL ? earlier->times + 1 : 1};
    struct nl_error err = {0};
    char until[NL_TIMESTAMP_LEN];
    int64_t length = FIRST_PAUSE;
    if (earlier != NULL && earlier->until > nl_store_now(direct->plan.store))
        return; /* the same refusal, told on several connections */
    for (int64_t i = 1; i < pause.times && length < LONGEST_PAUSE; i++)
        length *= 2;
    pause.until =
        nl_store_now(direct->plan.store) + (length < LONGEST_PAUSE ? length : LONGEST_PAUSE);
    snprintf(pause.address, sizeof pause.address, "%s", source->address);
    snprintf(pause.place, sizeof pause.place, "%s", destination->place);
    set_reason(&pause, said);
    nl_timestamp_text(pause.until, until);
    nl_log(NL_LOG_NOTICE, NULL, "direct.sources: %s is left alone at %s until %s: %s",
           source->address, destination->place, until, pause.reason);
    if (nl_source_pause_write(direct->plan.store, &pause, &err) != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "direct.sources: %s", nl_error_text(&err));
    nl_error_free(&err);
    read_pauses(direct);
}

/* Three places where it is refused then say nothing of the others. */
static void note_that_it_works(struct nl_direct *direct, const struct nl_source *source) {
    int64_t *noted = &direct->sources.works_noted[nl_direct_source_number(direct, source)];
    struct nl_error ignored = {0};
    if (nl_store_now(direct->plan.store) < *noted + WORKS_SECONDS)
        return;
    *noted = nl_store_now(direct->plan.store);
    nl_error_ignore(nl_source_works_write(direct->plan.store, source->address, &ignored));
    nl_error_free(&ignored);
    if (direct->sources.pause_count > 0)
        read_pauses(direct);
}

void nl_direct_source_works(struct nl_direct *direct, const struct nl_destination *destination,
                            const struct nl_source *source) {
    struct nl_error ignored = {0};
    note_that_it_works(direct, source);
    struct nl_source_pause *pause =
        direct->sources.pause_count > 0 ? find_pause(direct, destination, source) : NULL;
    if (pause == NULL || pause->until > nl_store_now(direct->plan.store))
        return;
    nl_error_ignore(
        nl_source_pause_drop(direct->plan.store, source->address, destination->place, &ignored));
    nl_error_free(&ignored);
    read_pauses(direct);
}
