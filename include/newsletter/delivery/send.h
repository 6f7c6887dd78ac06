/* The sender: drains deliveries through the relay, keeping the promises of DESIGN.md. */
#ifndef NEWSLETTER_DELIVERY_SEND_H
#define NEWSLETTER_DELIVERY_SEND_H

#include "newsletter/base/address.h"
#include "newsletter/base/buf.h"
#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"
#include "newsletter/smtp/relay.h"
#include "newsletter/store/delivery.h"
#include "newsletter/store/issue.h"

#include <signal.h>

/* What a run has done so far. */
struct nl_run_counts {
    int64_t sent, deferred, bounced, failed, unknown, skipped;
};

/* How many messages it has tried. */
int64_t nl_run_tried(const struct nl_run_counts *counts);

/* How a run goes about it. Zero-initialised is fine. */
struct nl_run_options {
    const volatile sig_atomic_t *stop; /* becomes non-zero: finish what is in flight, then return */
    int64_t until;                     /* likewise at this time; 0: as long as there is work */
    void (*progress)(const struct nl_run_counts *counts, void *ctx); /* after each commit */
    void *ctx;
};

/* Why nothing more goes out for now. */
struct nl_hold {
    const char *why; /* NULL: nothing holds it */
    int64_t until;
};

/* What came of a run. Free `problem` with nl_error_free. */
struct nl_run_summary {
    struct nl_run_counts counts;
    bool stopped;              /* by `stop`, or for `problem` */
    bool halted;               /* somebody paused or cancelled the issue meanwhile */
    bool paused;               /* the fault is ours: no retry before somebody has looked */
    struct nl_hold hold;       /* the configuration lets no more go out for now */
    int64_t recovered_unknown; /* left in doubt by an earlier run that died */
    struct nl_error problem;   /* why the run ended early; status NL_OK if it did not */
};

/* Sends what is queued or due of an issue: takes its lock (NL_BUSY names the holder), recovers what
 * a dead run left, sends, and marks the issue sent or paused. Returns a failure only when the store
 * fails or the lock is taken; what the server did is in the summary. */
enum nl_status nl_send_issue(struct nl_store *store, const struct nl_config *config,
                             const struct nl_relay *relay, const struct nl_issue *issue,
                             const struct nl_run_options *options, struct nl_run_summary *summary,
                             struct nl_error *err);

/* Sends the notices that are queued or due, or only `delivery` if it is not 0. Safe to run beside
 * others. */
enum nl_status nl_send_notices(struct nl_store *store, const struct nl_config *config,
                               const struct nl_relay *relay, int64_t delivery,
                               const struct nl_run_options *options, struct nl_run_summary *summary,
                               struct nl_error *err);

/* Signs one message, in place, and sends it from `sender` (an envelope address) to `recipient`,
 * outside all records, for `send --test`. */
enum nl_status nl_send_test(const struct nl_config *config, const struct nl_relay *relay,
                            const char *sender, const struct nl_address *recipient,
                            struct nl_buf *message, struct nl_error *err);

#endif
