/* Shares destinations with the other processes that deliver directly, on this host and on others.
 */
#include "delivery/destination_note.h"
#include "delivery/direct.h"
#include "newsletter/store/direct_sender.h"

#include <search.h>

enum {
    SHARE_MILLISECONDS = 2000,
    SENDER_SECONDS = 10, /* so long a process counts that says nothing more */
    FEW = 1,             /* connections: for a mail or two, nobody needs to know */
};

static size_t count_of(const struct nl_direct *direct) {
    return direct->senders > 1 ? direct->senders : 1;
}

size_t nl_direct_of_all(const struct nl_direct *direct, size_t ours) {
    return ours * count_of(direct);
}

size_t nl_direct_allowed(const struct nl_direct *direct, const struct nl_destination *destination) {
    size_t senders = count_of(direct);
    return destination == &direct->relays ? destination->limit
                                          : (destination->limit + senders - 1) / senders;
}

static void count_senders(struct run *run) {
    struct nl_error ignored = {0};
    int64_t count = 1;
    if (nl_direct_sender_note(run->plan->store, run->owner.text, SENDER_SECONDS, &count,
                              &ignored) == NL_OK)
        run->direct->senders = count > 1 ? (size_t)count : 1;
    nl_error_free(&ignored);
}

/* Tells what was found of a destination that is mailed to, and closes connections that are now
 * those of others. */
static void share_destination(const void *node, VISIT visit, void *ctx) {
    struct run *run = ctx;
    struct nl_destination *destination = *(struct nl_destination *const *)node;
    size_t last = destination->first + destination->count - 1;
    if (visit != postorder && visit != leaf)
        return;
    size_t there = nl_transport_leading_to(run->transport, destination->first, last);
    size_t allowed = nl_direct_allowed(run->direct, destination);
    if (destination->holds != destination->holds_noted || there > 0)
        nl_destination_share(destination, run->plan->store, run->direct->now);
    if (there > allowed)
        nl_transport_keep(run->transport, destination->first, last, allowed);
}

void nl_direct_share(struct run *run) {
    struct nl_direct *direct = run->direct;
    if (direct->now < direct->share_at)
        return;
    if (direct->senders > 0 ||
        nl_transport_open(run->transport) + nl_transport_connecting(run->transport) > FEW)
        count_senders(run);
    twalk_r(direct->destinations, share_destination, run);
    direct->share_at = direct->now + SHARE_MILLISECONDS;
}

void nl_direct_leave(struct run *run) {
    struct nl_error ignored = {0};
    if (run->direct->senders == 0)
        return;
    nl_error_ignore(nl_direct_sender_drop(run->direct->plan.store, run->owner.text, &ignored));
    nl_error_free(&ignored);
}
