/* Puts off deliveries of large destinations, so that there is room for those of others. */
#include "delivery/direct.h"

#include <search.h>
#include <string.h>

enum {
    REMEMBERED = 20000, /* of each destination; others come back when their time has passed */
    ASKING_SECONDS = 1, /* by then the DNS may have answered */
    LOOK_MILLISECONDS = 20,
    FIRST_WAIT = 200, /* milliseconds */
    LONGEST_WAIT = 1600,
};

static struct nl_destination *destination_of(struct nl_direct *direct,
                                             const struct nl_pending *pending) {
    const struct nl_route_to *route = pending->route;
    bool fallback = direct->plan.config->fallback == NL_FALLBACK_RELAY;
    if (route != NULL && route->state == NL_TO_ASKING)
        return &direct->unknown;
    if (route == NULL || route->state != NL_TO_HOSTS || (route->destination->down && fallback))
        return &direct->relays;
    return route->destination;
}

/* Counts those that would stay if each destination kept that many, besides two for each connection.
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

/* How many of them are not back. */
static size_t count_away(const struct nl_destination *destination) {
    return count_parked(destination) - destination->recalled;
}

static void drop_first(struct nl_buf *numbers, size_t count) {
    size_t gone = count * sizeof(int64_t);
    if (count > 0)
        memmove(numbers->data, numbers->data + gone, numbers->len - gone);
    numbers->len -= gone;
}

/* No place is needed for those that are back. */
static void compact(struct nl_destination *destination) {
    drop_first(&destination->parked, destination->recalled);
    drop_first(&destination->due, destination->recalled);
    destination->recalled = 0;
}

/* False where there are too many of them. */
static bool remember(struct nl_destination *destination, int64_t delivery, int64_t due) {
    if (count_away(destination) == 0 || count_parked(destination) == REMEMBERED)
        compact(destination);
    if (count_parked(destination) == REMEMBERED)
        return false;
    nl_buf_add(&destination->due, &due, sizeof due);
    nl_buf_add(&destination->parked, &delivery, sizeof delivery);
    return true;
}

/* Leaves out those that are back by themselves: a lease finds them. */
static void forget_due(struct run *run, struct nl_destination *destination) {
    const int64_t *due = (const int64_t *)(const void *)destination->due.data;
    int64_t now = nl_store_now(run->plan->store);
    size_t before = destination->recalled;
    while (count_away(destination) > 0 && due[destination->recalled] <= now)
        destination->recalled++;
    if (destination->recalled > before)
        nl_backlog_look(&run->backlog);
}

/* Deliveries are put off for what takes their places: at once where connections have nothing to do
 * and the last time has helped, or else more and more seldom. Each one costs two changes of a row.
 */
static bool is_time(struct run *run) {
    struct nl_direct *direct = run->direct;
    bool idle = 4 * nl_in_flight_count(run) < 3 * nl_transport_open(run->transport);
    bool helps = idle && direct->parked > 0 && direct->gained - direct->had >= direct->parked;
    if (!helps && direct->now < direct->parked_at + direct->park_wait)
        return false;
    if (helps || direct->park_wait == 0)
        direct->park_wait = FIRST_WAIT;
    else if (direct->park_wait < LONGEST_WAIT)
        direct->park_wait *= 2;
    return true;
}

void nl_direct_park(struct run *run) {
    struct nl_direct *direct = run->direct;
    struct nl_backlog *backlog = &run->backlog;
    int64_t now = nl_store_now(run->plan->store);
    if (direct == NULL || !backlog->blocked || backlog->drained || backlog->parking > 0 ||
        backlog->count < backlog->size / 4 * 3 || !is_time(run))
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
        backlog->parking++;
        if (destination == &direct->unknown) {
            pending->park_until = now + ASKING_SECONDS;
            continue;
        }
        if (destination->waiting == stays + 1)
            nl_destination_park(destination, stays, direct->now);
        /* It comes back when those that stay, and those before it, have gone at the pace of the
         * destination. */
        int64_t turn = destination->park_seconds * (int64_t)destination->waiting / (int64_t)stays;
        pending->park_until = now + (turn < NL_LONGEST_PARK ? turn : NL_LONGEST_PARK);
        if (!remember(destination, pending->job.delivery, pending->park_until))
            pending->park_until = now + destination->park_seconds;
    }
    direct->parked = backlog->parking;
    direct->parked_at = direct->now;
    direct->had = direct->gained;
}

/* ---- back again ---- */

/* A destination starves if it has nothing to send while deliveries of its own are put off. */
static bool starves(struct run *run, struct nl_destination *destination) {
    if (count_away(destination) > 0)
        forget_due(run, destination);
    return count_away(destination) > 0 && !destination->down &&
           (destination->pass != run->direct->pass || destination->waiting == 0);
}

static void look(const void *node, VISIT visit, void *ctx) {
    struct run *run = ctx;
    if ((visit == postorder || visit == leaf) &&
        starves(run, *(struct nl_destination *const *)node))
        run->direct->recalls = true;
}

void nl_direct_look_for_parked(struct run *run) {
    struct nl_direct *direct = run->direct;
    struct nl_backlog *backlog = &run->backlog;
    if (direct == NULL)
        return;
    direct->looks_later = false;
    if (backlog->parking > 0 || backlog->count > backlog->size / 2)
        return;
    /* With nothing to do the run would end. */
    direct->looks_later = direct->now < direct->look_at && backlog->count > 0;
    if (direct->looks_later)
        return;
    direct->look_at = direct->now + LOOK_MILLISECONDS;
    twalk_r(direct->destinations, look, run);
    if (starves(run, &direct->relays))
        direct->recalls = true;
    if (direct->recalls)
        nl_backlog_look(backlog);
}

int nl_direct_wait(const struct run *run, int milliseconds) {
    return run->direct != NULL && run->direct->looks_later && milliseconds > LOOK_MILLISECONDS
               ? LOOK_MILLISECONDS
               : milliseconds;
}

/* Deliveries come back in the order in which they were put off. They are read until the commit. */
static enum nl_status call_back(const struct nl_run_plan *plan,
                                const struct nl_destination *destination, size_t count,
                                struct nl_error *err) {
    const int64_t *parked = (const int64_t *)(const void *)destination->parked.data;
    return nl_delivery_recall(plan->store, plan->scope.issue, parked + destination->recalled, count,
                              err);
}

struct recall {
    struct run *run;
    size_t room;
    enum nl_status status;
};

static void recall_some(struct recall *recall, struct nl_destination *destination) {
    size_t count = count_away(destination);
    size_t share = recall->run->backlog.size / 4;
    destination->recalling = 0;
    if (recall->status != NL_OK || !starves(recall->run, destination))
        return;
    count = count < share ? count : share;
    count = count < recall->room ? count : recall->room;
    recall->status = call_back(recall->run->plan, destination, count, recall->run->err);
    recall->room -= count;
    destination->recalling = count;
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
    twalk_r(direct->destinations, recall_each, &recall);
    recall_some(&recall, &direct->relays);
    return recall.status;
}

static void end_recall(struct nl_destination *destination) {
    destination->recalled += destination->recalling;
    destination->recalling = 0;
}

static void end_each(const void *node, VISIT visit, void *ctx) {
    (void)ctx;
    if (visit == postorder || visit == leaf)
        end_recall(*(struct nl_destination *const *)node);
}

void nl_direct_recalled(struct run *run) {
    struct nl_direct *direct = run->direct;
    if (direct == NULL || !direct->recalls)
        return;
    direct->recalls = false;
    twalk_r(direct->destinations, end_each, NULL);
    end_recall(&direct->relays);
}

/* The next run does not know who was put off. */
static void let_go(const void *node, VISIT visit, void *ctx) {
    const struct nl_direct *direct = ctx;
    const struct nl_destination *destination = *(struct nl_destination *const *)node;
    size_t count = count_away(destination);
    struct nl_error ignored = {0};
    if ((visit != postorder && visit != leaf) || count == 0 || destination->down)
        return;
    nl_error_ignore(call_back(&direct->plan, destination, count, &ignored));
    nl_error_free(&ignored);
}

void nl_direct_let_go(struct run *run) {
    struct nl_direct *direct = run->direct;
    if (direct == NULL)
        return;
    const struct nl_destination *relays = &direct->relays;
    twalk_r(direct->destinations, let_go, direct);
    let_go(&relays, leaf, direct);
}
