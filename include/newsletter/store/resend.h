/* Putting deliveries of an issue back into the queue, at the operator's word: after a relay has
 * refused them for a cause that is gone, or a run has ended before it knew. */
#ifndef NEWSLETTER_STORE_RESEND_H
#define NEWSLETTER_STORE_RESEND_H

#include "newsletter/db/handle.h"
#include "newsletter/store/audit.h"
#include "newsletter/store/state.h"

/* Which deliveries. */
struct nl_resend {
    int64_t issue;
    enum nl_delivery_state state; /* bounced, failed or unknown */
    const char *reply;            /* words of the server's reply, its code and status before them;
                                     '*' stands for anything between; NULL: any reply */
    int64_t since; /* only deliveries that reached their state at this time or later; 0: all */
    const struct nl_actor *by; /* for the audit log; NULL: nothing is noted */
};

struct nl_resend_counts {
    int64_t people; /* who get it (again) */
    int64_t ended;  /* left out, because the subscription has ended or the address is suppressed */
};

/* Counts without changing anything. */
NL_CHECKED enum nl_status nl_resend_count(struct nl_store *store, const struct nl_resend *resend,
                                          struct nl_resend_counts *out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Queues them, as if they had not been tried, in short transactions; after a failure some are
 * queued, and the same call chooses the others. A sent issue goes out again for them, a paused one
 * stays paused; NL_EXISTS for one that is cancelled. People whose subscription has ended get
 * nothing. */
NL_CHECKED enum nl_status nl_resend(struct nl_store *store, const struct nl_resend *resend,
                                    struct nl_resend_counts *out,
                                    struct nl_error *err) NL_ALL_NONNULL;

#endif
