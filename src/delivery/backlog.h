/* The deliveries that a run has leased and not begun, and when it may lease more. */
#ifndef NL_DELIVERY_BACKLOG_H
#define NL_DELIVERY_BACKLOG_H

#include "delivery/pace.h"
#include "delivery/run.h"
#include "newsletter/base/attribute.h"

struct nl_pending {
    struct nl_job job;
    struct nl_token token;               /* for the link in a notice */
    const struct nl_domain_limit *limit; /* of the recipient's domain; NULL: none */
    char *domain;                        /* an A-label, where there is a limit */
    uint64_t commit_point; /* the number of the commit that holds it ahead of time; 0: none */
    bool ahead;            /* the next commit does */
    bool alone; /* it is not recorded ahead: the subscription has ended, or it waits elsewhere */
    int64_t permit;            /* which of the domain's connections; 0: none */
    struct nl_route_to *route; /* direct.h: the way to its domain; NULL: not looked for yet */
    int64_t park_until;        /* the next commit puts it off; 0: it does not */
    bool elsewhere;            /* it waits for a server that offers SMTPUTF8 */
};
void nl_pending_free(struct nl_pending *pending);

/* Zero it, then nl_backlog_open; free with nl_backlog_close. */
struct nl_backlog {
    const struct nl_run_plan *plan;
    struct nl_scope scope;
    const char *owner; /* holds the leases */
    struct nl_pace pace;
    struct nl_pending *items; /* from `first` on */
    struct nl_job *jobs;      /* fresh from the store */
    size_t first, count, size;
    size_t batch;  /* how many are leased at a time, at most; `size` at first */
    bool by_route; /* `admit` is asked for each delivery, and a search goes on at `cursor` */
    size_t cursor;
    size_t parking;     /* how many are put off by the next commit */
    size_t elsewhere;   /* how many wait for a server that offers SMTPUTF8 */
    bool drained;       /* there was nothing to lease */
    bool blocked;       /* everything here waits for a connection to its domain */
    bool throttled;     /* something was postponed because of its domain's rate */
    int64_t not_before; /* lease no more until then; 0: at once */
};
void nl_backlog_open(struct nl_backlog *backlog, const struct nl_run_plan *plan, const char *owner,
                     size_t size);
void nl_backlog_close(struct nl_backlog *backlog);

/* Whether more can be leased; and whether it is time to, since nothing here can begin. */
bool nl_backlog_has_room(const struct nl_backlog *backlog);
bool nl_backlog_wants(const struct nl_backlog *backlog);

/* Whether the run should stay: nothing can be leased now, but soon. */
bool nl_backlog_waits(const struct nl_backlog *backlog);

/* Leases as many deliveries as the limits allow. Deliveries beyond their domain's rate are
 * postponed. When nothing may be sent for now, `reason` says why. To be called within a
 * transaction. */
NL_CHECKED enum nl_status nl_backlog_fill(struct nl_backlog *backlog,
                                          struct nl_pause_reason *reason, struct nl_error *err);

/* Puts the deliveries that were not begun back into the queue, within a transaction: forget them
 * after it. */
NL_CHECKED enum nl_status nl_backlog_release(struct nl_backlog *backlog, struct nl_error *err);

/* Whether a run is one of transactional messages, each of which has a text of its own. */
bool nl_backlog_is_of_messages(const struct nl_run_plan *plan);

/* Records commit points, as nl_delivery_commit_points. */
NL_CHECKED enum nl_status nl_backlog_commit_points(const struct nl_backlog *backlog,
                                                   const int64_t *deliveries, size_t count,
                                                   bool ahead, bool *ok, struct nl_error *err);

/* Records results, as nl_delivery_record, within a transaction. */
NL_CHECKED enum nl_status nl_backlog_record(const struct nl_run_plan *plan,
                                            const struct nl_record *records, size_t count,
                                            const char *owner, struct nl_error *err);

/* Drops all but the first `kept`: the transaction that leased the others failed. */
void nl_backlog_forget(struct nl_backlog *backlog, size_t kept);

/* Puts off the deliveries that have a time for it, within a transaction: drop them after it. */
NL_CHECKED enum nl_status nl_backlog_park(struct nl_backlog *backlog, struct nl_error *err);
void nl_backlog_drop_parked(struct nl_backlog *backlog);

/* Leases again, though the last lease has found nothing: deliveries have become due. */
void nl_backlog_look(struct nl_backlog *backlog) NL_ALL_NONNULL;

/* Moves the next delivery that may begin to *out. Where the connections to its domain are limited,
 * or `by_route` says so, `admit` is asked; it sets the permit. False when no delivery may begin. */
bool nl_backlog_take(struct nl_backlog *backlog,
                     bool (*admit)(void *ctx, struct nl_pending *pending), void *ctx,
                     struct nl_pending *out);

/* Puts a delivery that was just taken back, for a server that offers SMTPUTF8; and moves the next
 * such one to *out. */
void nl_backlog_set_aside(struct nl_backlog *backlog, struct nl_pending *pending) NL_ALL_NONNULL;
bool nl_backlog_take_elsewhere(struct nl_backlog *backlog, struct nl_pending *out) NL_ALL_NONNULL;

#endif
