/* A worker sends whatever there is to send, beside any number of others on the same database, as
 * long as it is wanted. */
#ifndef NEWSLETTER_DELIVERY_WORKER_H
#define NEWSLETTER_DELIVERY_WORKER_H

#include "newsletter/delivery/send.h"

struct nl_worker_options {
    const volatile sig_atomic_t *stop; /* becomes non-zero: finish what is in flight, then return */
    /* Once something came of an issue, or of "notices". */
    void (*report)(const char *what, const struct nl_run_summary *summary, void *ctx);
    /* What failed, and after how many seconds it is tried again. */
    void (*trouble)(const char *text, int64_t again, void *ctx);
    void *ctx;
};

/* Notices, issues that are scheduled for now, and those being sent, half a minute at a time each. A
 * database that is away or locked is waited for; any other failure ends it. */
enum nl_status nl_worker_run(struct nl_store *store, const struct nl_config *config,
                             const struct nl_relay *relay, const struct nl_worker_options *options,
                             struct nl_error *err);

#endif
