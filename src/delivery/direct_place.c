/* How much a provider takes from each of our addresses in a minute, in an hour and, while an
 * address is new, in a day. The counts are the database's, shared by all processes; each process
 * takes a few messages at a time from them. */
#include "delivery/direct.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/zone.h"
#include "newsletter/store/allowance.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MINUTE = 60,
    HOUR = 3600,
    DAY = 86400,
    SPANS = 3,
    BATCH = 50,         /* messages that are taken at a time */
    PARTS = 20,         /* but no more than this part of a span's */
    TROUBLE_SECONDS = 5 /* until the database is asked again that has not answered */
};

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct nl_place *)a)->name, ((const struct nl_place *)b)->name);
}

/* Without any, the kernel's choice is one. */
static size_t count_sources(const struct nl_direct *direct) {
    return direct->sources.count > 0 ? direct->sources.count : 1;
}

struct nl_place *nl_direct_place(struct nl_direct *direct, const char *host, const char *name) {
    const struct nl_place wanted = {.name = (char *)name};
    struct nl_place **known = tfind(&wanted, &direct->places, by_name);
    if (known != NULL)
        return *known;
    struct nl_place *place =
        nl_calloc(1, sizeof *place + count_sources(direct) * sizeof place->sources[0]);
    place->name = nl_strdup(name);
    nl_mailbox_provider_limits(host, direct->plan.config, &place->provider);
    if (tsearch(place, &direct->places, by_name) == NULL) {
        free(place->name);
        free(place);
        return NULL;
    }
    return place;
}

/* The limits that hold for an address at a place, with names in the database. */
struct spans {
    struct nl_allowance items[SPANS];
    char names[SPANS][NL_MAIL_NAME + 96];
    size_t count;
    bool warms_up; /* the last one is of a warm-up */
};

static void add_span(struct spans *spans, int64_t limit, int64_t span, const char *kind,
                     const char *place, const char *address) {
    if (limit == 0)
        return;
    snprintf(spans->names[spans->count], sizeof spans->names[0], "%s %s %s", kind, address, place);
    spans->items[spans->count] =
        (struct nl_allowance){.name = spans->names[spans->count], .limit = limit, .span = span};
    spans->count++;
}

/* The second at which the day of this machine's clocks ends. */
static int64_t next_midnight(const char *since, int64_t now) {
    enum { QUARTER = 900 };
    int64_t today = nl_zone_days_since(since, now);
    int64_t at = now - now % QUARTER + QUARTER; /* zones differ by quarters of an hour */
    while (nl_zone_days_since(since, at) == today)
        at += QUARTER;
    return at;
}

/* All providers that are not known share the plan of "other". */
static void add_warm_up(const struct nl_direct *direct, const struct nl_place *place,
                        const struct nl_source *source, struct spans *spans) {
    int64_t now = nl_store_now(direct->plan.store);
    int64_t day =
        source != NULL && source->since != NULL ? nl_zone_days_since(source->since, now) : -1;
    if (source == NULL || source->since == NULL)
        return;
    int64_t limit =
        day < 0 ? 0 : nl_mailbox_provider_warm_up(place->provider.name, day, direct->plan.config);
    char kind[32];
    char today[NL_DAY_LEN + 1];
    if (limit < 0)
        return;
    nl_zone_today(now, today);
    snprintf(kind, sizeof kind, "warm-up %s", today);
    add_span(spans, limit > 0 ? limit : -1, DAY, kind, place->provider.name, source->address);
    spans->items[spans->count - 1].end_at = next_midnight(source->since, now);
    spans->warms_up = true;
}

static void find_spans(const struct nl_direct *direct, const struct nl_place *place, size_t which,
                       struct spans *spans) {
    const struct nl_our_sources *sources = &direct->sources;
    const struct nl_source *source = sources->count > 0 ? &sources->items[which] : NULL;
    const char *address = source != NULL ? source->address : "-";
    spans->count = 0;
    spans->warms_up = false;
    add_span(spans, place->provider.per_minute, MINUTE, "minute", place->name, address);
    add_span(spans, place->provider.per_hour, HOUR, "hour", place->name, address);
    add_warm_up(direct, place, source, spans);
}

static int64_t batch_of(const struct spans *spans) {
    int64_t batch = BATCH;
    for (size_t i = 0; i < spans->count; i++)
        if (spans->items[i].limit / PARTS < batch)
            batch = spans->items[i].limit / PARTS;
    return batch > 0 ? batch : 1;
}

/* Takes some from the database. */
static void fetch(const struct nl_direct *direct, struct nl_place *place, size_t which) {
    struct nl_place_source *own = &place->sources[which];
    struct nl_error ignored = {0};
    struct spans spans;
    int64_t got = 0;
    int64_t until = 0;
    find_spans(direct, place, which, &spans);
    if (spans.count == 0) {
        own->left = INT64_MAX;
        return;
    }
    if (nl_allowance_take(direct->plan.store, spans.items, spans.count, batch_of(&spans), &got,
                          &until, &ignored) != NL_OK)
        until = nl_store_now(direct->plan.store) + TROUBLE_SECONDS;
    nl_error_free(&ignored);
    own->left = got;
    own->not_before = got > 0 ? 0 : until;
    own->warms_up = got == 0 && spans.warms_up && until >= spans.items[spans.count - 1].end_at;
    own->parked = 0;
}

bool nl_direct_may_begin(const struct nl_direct *direct, struct nl_place *place, size_t source,
                         int64_t *until, bool *warms_up) {
    struct nl_place_source *own = &place->sources[source];
    if (own->left == 0 && nl_store_now(direct->plan.store) >= own->not_before)
        fetch(direct, place, source);
    *until = own->not_before;
    *warms_up = own->warms_up;
    return own->left > 0;
}

void nl_direct_begins(struct nl_direct *direct, struct nl_place *place, size_t source) {
    struct nl_place_source *own = &place->sources[source];
    if (own->left == INT64_MAX || own->left == 0)
        return;
    if (--own->left == 0)
        direct->sources.version++; /* what was found of it does not hold any more */
}

/* Each address has a span's worth of messages in each span. */
int64_t nl_direct_turn(struct nl_direct *direct, struct nl_place *place, int64_t until) {
    size_t count = count_sources(direct);
    int64_t limit = 0;
    struct spans spans;
    find_spans(direct, place, 0, &spans);
    struct nl_place_source *own = &place->sources[0];
    for (size_t i = 0; i < spans.count; i++)
        if (limit == 0 || spans.items[i].limit < limit)
            limit = spans.items[i].limit;
    limit = (limit > 0 ? limit : 1) * (int64_t)count;
    return until + own->parked++ / limit * MINUTE;
}

static void give_back(const void *node, VISIT visit, void *ctx) {
    struct nl_direct *direct = ctx;
    struct nl_place *place = *(struct nl_place *const *)node;
    size_t count = count_sources(direct);
    for (size_t i = 0; (visit == postorder || visit == leaf) && i < count; i++) {
        struct nl_error ignored = {0};
        struct spans spans;
        if (place->sources[i].left == 0 || place->sources[i].left == INT64_MAX)
            continue;
        find_spans(direct, place, i, &spans);
        nl_error_ignore(nl_allowance_return(direct->plan.store, spans.items, spans.count,
                                            place->sources[i].left, &ignored));
        nl_error_free(&ignored);
    }
}

static void free_place(void *item) {
    struct nl_place *place = item;
    free(place->name);
    free(place);
}

void nl_direct_close_places(struct nl_direct *direct) {
    twalk_r(direct->places, give_back, direct);
    tdestroy(direct->places, free_place);
    direct->places = NULL;
}
