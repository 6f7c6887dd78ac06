#include "delivery/ahead.h"

enum {
    IN_DOUBT = NL_AHEAD_LIMIT,
    FEW = 0, /* how many are left when the next ones are recorded */
};

/* How many there may be. */
static size_t most(const struct run *run) {
    size_t under_way = nl_tuner_under_way(&run->tuner) + nl_in_flight_following(run);
    return under_way < IN_DOUBT && !run->without_witness && run->direct == NULL
               ? IN_DOUBT - under_way
               : 0;
}

static struct nl_pending *item(const struct run *run, size_t at) {
    return &run->backlog.items[run->backlog.first + at];
}

/* The place of the first message, of those whose turn comes next, that has none; `count` for none.
 * Where a domain is limited, turns are not known in advance. */
static size_t first_without(const struct run *run, size_t count) {
    size_t at = 0;
    while (at < count && (item(run, at)->commit_point != 0 || item(run, at)->alone ||
                          item(run, at)->limit != NULL))
        at++;
    return at;
}

static size_t reach(const struct run *run) {
    return run->backlog.count < most(run) ? run->backlog.count : most(run);
}

bool nl_ahead_wants(const struct run *run) {
    size_t count = reach(run);
    size_t recorded = 0;
    for (size_t i = 0; i < count; i++)
        recorded += item(run, i)->commit_point != 0;
    return recorded <= FEW && first_without(run, count) < count && !nl_run_must_stop(run);
}

bool nl_ahead_wants_lease(const struct run *run) {
    return run->backlog.count < most(run) && nl_backlog_has_room(&run->backlog) &&
           nl_ahead_wants(run);
}

enum nl_status nl_ahead_record(struct run *run) {
    struct nl_ahead *ahead = &run->ahead;
    size_t count = reach(run);
    ahead->count = 0;
    if (!nl_ahead_wants(run))
        return NL_OK;
    if (run->witness == NULL)
        run->witness = nl_witness_open(run->owner.text);
    run->without_witness = run->witness == NULL;
    for (size_t i = first_without(run, count); i < count && run->witness != NULL; i++) {
        item(run, i)->ahead = false;
        if (item(run, i)->commit_point != 0 || item(run, i)->alone || item(run, i)->limit != NULL)
            continue;
        item(run, i)->ahead = true;
        ahead->ids[ahead->count++] = item(run, i)->job.delivery;
    }
    return nl_backlog_commit_points(&run->backlog, ahead->ids, ahead->count, true, ahead->may_go,
                                    run->err);
}

void nl_ahead_committed(struct run *run) {
    size_t at = 0;
    for (size_t i = 0; i < run->backlog.count && at < run->ahead.count; i++) {
        struct nl_pending *pending = item(run, i);
        if (!pending->ahead)
            continue;
        pending->ahead = false;
        /* A subscription that has ended is dealt with at its turn. */
        if (run->ahead.may_go[at++])
            pending->commit_point = run->committed;
        else
            pending->alone = true;
    }
    run->ahead.count = 0;
}

bool nl_ahead_wants_sync(const struct run *run) {
    for (size_t i = 0; i < run->backlog.count && i < IN_DOUBT; i++)
        if (item(run, i)->commit_point > run->synced)
            return true;
    return false;
}

void nl_ahead_begin(struct run *run, const struct nl_in_flight *message) {
    if (message->pending.commit_point != 0)
        nl_witness_note(run->witness, message->pending.job.delivery);
}

void nl_ahead_close(struct run *run, bool durable) {
    nl_witness_close(run->witness, durable);
    run->witness = NULL;
}
