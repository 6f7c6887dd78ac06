/* What a run has leased and not begun, and when it may lease more. */
#ifndef NL_DELIVERY_BACKLOG_H
#define NL_DELIVERY_BACKLOG_H

#include "delivery/pace.h"
#include "delivery/run.h"

struct nl_pending {
    struct nl_job job;
    struct nl_token token;               /* of the link in a notice */
    const struct nl_domain_limit *limit; /* of its domain; NULL: none */
    char *domain;                        /* where there is a limit: as an A-label */
    int64_t slot;                        /* of the domain's connections; 0: none */
};
void nl_pending_free(struct nl_pending *pending);

/* Zero it, then nl_backlog_open; free with nl_backlog_close. */
struct nl_backlog {
    const struct nl_run_plan *plan;
    struct nl_scope scope;
    const char *owner; /* of the leases */
    struct nl_pace pace;
    struct nl_pending *items; /* from `first` on */
    struct nl_job *jobs;      /* fresh from the store */
    size_t first, count, size;
    bool drained;   /* there was nothing to lease */
    bool blocked;   /* all that is there waits for connections to its domain */
    bool throttled; /* something was put off for its domain's sake */
    int64_t again;  /* not before this; 0: at once */
};
enum nl_status nl_backlog_open(struct nl_backlog *backlog, const struct nl_run_plan *plan,
                               const char *owner, size_t size, struct nl_error *err);
void nl_backlog_close(struct nl_backlog *backlog);

/* Whether it is time to lease more. */
bool nl_backlog_wants(const struct nl_backlog *backlog);

/* Whether there will be something to lease soon, though nothing is there now. */
bool nl_backlog_waits(const struct nl_backlog *backlog);

/* Leases more, as far as limits let it; those that have to wait for their domain's sake are put
 * off. `hold` says why when there is no more for now. Within a transaction. */
enum nl_status nl_backlog_fill(struct nl_backlog *backlog, struct nl_hold *hold,
                               struct nl_error *err);

/* Gives back what was not begun, within a transaction. */
enum nl_status nl_backlog_release(struct nl_backlog *backlog, struct nl_error *err);

/* Drops all but the first `kept`, whose leases are not ours: the transaction that took them failed.
 */
void nl_backlog_forget(struct nl_backlog *backlog, size_t kept);

/* The next one that may begin, moved to *out. `admit` finds a connection to its domain, where these
 * are limited, and sets its slot. False when there is none. */
bool nl_backlog_take(struct nl_backlog *backlog,
                     bool (*admit)(void *ctx, struct nl_pending *pending), void *ctx,
                     struct nl_pending *out);

#endif
