/* Puts off deliveries of large destinations, so that there is room for those of others. */
#include "delivery/direct.h"

#include <search.h>

enum {
    REMEMBERED = 20000, /* of each destination; others come back when their time has passed */
    LOOK_MILLISECONDS = 20,
};

static struct nl_destination *destination_of(struct nl_direct *direct,
                                             const struct nl_pending *pending) {
    const struct nl_route_to *route = pending->route;
    return route != NULL && route->state == NL_TO_HOSTS ? route->destination : &direct->relays;
}

/* Counts those that would stay if each destination kept so many, besides two for each connection.
 */
static size_t count_kept(struct run *run, size_t share) {
    const struct nl_backlog *backlog = &run->backlog;
    size_t kept = 0;
    nl_direct_begin_pass(run);
    for (size_t i = 0; i < backlog->count; i++) {
        struct nl_destination *destination =
            destination_of(run->direct, &backlog->items[backlog->first + i]);
        nl_direct_join_pass(run->direct, destination);
        kept += ++destination->waiting <= share + 2 * destination->limit;
    }
    return kept;
}

/* The largest share for each that leaves half of the places free. */
static size_t find_share(struct run *run) {
    size_t share = NL_DIRECT_SHARE;
    while (share < run->backlog.size && count_kept(run, 2 * share) <= run->backlog.size / 2)
        share *= 2;
    return share;
}

static size_t count_parked(const struct nl_destination *destination) {
    return destination->parked.len / sizeof(int64_t);
}

static void remember(struct nl_destination *destination, int64_t delivery) {
    if (count_parked(destination) == destination->recalled) {
        nl_buf_clear(&destination->parked);
        destination->recalled = 0;
    }
    if (count_parked(destination) < REMEMBERED)
        nl_buf_add(&destination->parked, &delivery, sizeof delivery);
}

void nl_direct_park(struct run *run) {
    struct nl_direct *direct = run->direct;
    struct nl_backlog *backlog = &run->backlog;
    int64_t now = nl_env_now(nl_store_env(run->plan->store));
    if (direct == NULL || !backlog->blocked || backlog->drained || backlog->parking > 0 ||
        backlog->count < backlog->size / 4 * 3)
        return;
    size_t share = find_share(run);
    nl_direct_begin_pass(run);
    for (size_t i = 0; i < backlog->count; i++) {
        struct nl_pending *pending = &backlog->items[backlog->first + i];
        struct nl_destination *destination = destination_of(direct, pending);
        nl_direct_join_pass(direct, destination);
        size_t stays = share + 2 * destination->limit;
        if (++destination->waiting <= stays)
            continue;
        if (destination->waiting == stays + 1)
            nl_destination_park(destination, stays, direct->now);
        pending->park_until = now + destination->park_seconds;
        backlog->parking++;
        remember(destination, pending->job.delivery);
    }
}

/* ---- back again ---- */

/* A destination starves if it has nothing to send while deliveries of its own are put off. */
static bool starves(const struct nl_direct *direct, const struct nl_destination *destination) {
    return count_parked(destination) > destination->recalled && !destination->down &&
           (destination->pass != direct->pass || destination->waiting == 0);
}

static void look(const void *node, VISIT visit, void *ctx) {
    struct run *run = ctx;
    if ((visit == postorder || visit == leaf) &&
        starves(run->direct, *(struct nl_destination *const *)node))
        run->direct->recalls = true;
}

void nl_direct_look_for_parked(struct run *run) {
    struct nl_direct *direct = run->direct;
    struct nl_backlog *backlog = &run->backlog;
    if (direct == NULL || direct->now < direct->look_at || backlog->parking > 0 ||
        backlog->count > backlog->size / 2)
        return;
    direct->look_at = direct->now + LOOK_MILLISECONDS;
    twalk_r(direct->destinations, look, run);
    if (starves(direct, &direct->relays))
        direct->recalls = true;
    if (direct->recalls) { /* the next lease finds them */
        backlog->not_before = 0;
        backlog->drained = false;
    }
}

struct recall {
    struct run *run;
    size_t room;
    enum nl_status status;
};

/* Deliveries come back in the order in which they were put off. */
static void recall_some(struct recall *recall, struct nl_destination *destination) {
    const struct nl_buf *parked = &destination->parked;
    size_t count = count_parked(destination) - destination->recalled;
    size_t share = recall->run->backlog.size / 4;
    if (recall->status != NL_OK || !starves(recall->run->direct, destination))
        return;
    count = count < share ? count : share;
    count = count < recall->room ? count : recall->room;
    recall->status =
        nl_delivery_recall(recall->run->plan->store,
                           (const int64_t *)(const void *)parked->data + destination->recalled,
                           count, recall->run->err);
    recall->room -= count;
    destination->recalled += count; /* they are read until the commit */
}

static void recall_each(const void *node, VISIT visit, void *ctx) {
    if (visit == postorder || visit == leaf)
        recall_some(ctx, *(struct nl_destination *const *)node);
}

enum nl_status nl_direct_recall(struct run *run) {
    struct nl_direct *direct = run->direct;
    struct recall recall = {run, run->backlog.size / 2, NL_OK};
    if (direct == NULL || !direct->recalls)
        return NL_OK;
    direct->recalls = false;
    twalk_r(direct->destinations, recall_each, &recall);
    recall_some(&recall, &direct->relays);
    return recall.status;
}
