/* The sender: passes deliveries to the relay and records what became of them. */
#ifndef NEWSLETTER_DELIVERY_SEND_H
#define NEWSLETTER_DELIVERY_SEND_H

#include "newsletter/base/address.h"
#include "newsletter/base/attribute.h"
#include "newsletter/base/buf.h"
#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"
#include "newsletter/smtp/relay.h"
#include "newsletter/store/delivery.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/relay_note.h"

#include <signal.h>

/* How many deliveries a run has recorded so far, by outcome. */
struct nl_run_counts {
    int64_t sent, deferred, bounced, failed, unknown, skipped;
};

/* How many messages it has attempted. */
int64_t nl_run_tried(const struct nl_run_counts *counts) NL_ALL_NONNULL;

/* Options of a run; all may be zero. */
struct nl_run_options {
    const volatile sig_atomic_t *stop; /* non-zero: finish the messages in flight, then return */
    int64_t until;                     /* the same at this time; 0: as long as there is work */
    bool waits;                        /* for a canary, until it is over */
    /* Called after each commit, with what was found of the relay so far. */
    void (*progress)(const struct nl_run_counts *counts, const struct nl_relay_pace *found,
                     void *ctx);
    void *ctx;
};

/* Why no more messages may be sent for now. */
struct nl_pause_reason {
    const char *text; /* NULL: more may be sent */
    int64_t until;
};

/* The result of a run. Free `problem` with nl_error_free. */
struct nl_run_summary {
    struct nl_run_counts counts;
    bool stopped; /* by `stop`, or because of `problem` */
    bool halted;  /* somebody paused or cancelled the issue meanwhile */
    bool paused;  /* the fault is ours: somebody must correct it before a retry */
    struct nl_pause_reason pause_reason; /* the configuration allows no more for now */
    int64_t look_at; /* when the mailboxes of a canary are looked into again; 0: none waits */
    int64_t recovered_unknown; /* deliveries that a dead run left in doubt */
    struct nl_error problem;   /* why the run ended early; status NL_OK if it did not */
};

/* Sends the queued and due deliveries of an issue: takes its lock (NL_BUSY names the holder),
 * recovers the leases of a dead run, sends, and marks the issue as sent or paused. Fails only when
 * the store fails or the lock is taken; failures of the server are in the summary. */
NL_CHECKED enum nl_status nl_send_issue(struct nl_store *store, const struct nl_config *config,
                                        const struct nl_relay *relay, const struct nl_issue *issue,
                                        const struct nl_run_options *options,
                                        struct nl_run_summary *summary,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* Sends the notices that are queued or due. Several processes may do so at the same time. */
NL_CHECKED enum nl_status nl_send_notices(struct nl_store *store, const struct nl_config *config,
                                          const struct nl_relay *relay,
                                          const struct nl_run_options *options,
                                          struct nl_run_summary *summary,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Sends one notice, which is composed in its subscriber's language alone. Does nothing when another
 * process has sent it. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_send_notice(struct nl_store *store, const struct nl_config *config,
                                         const struct nl_relay *relay, int64_t delivery,
                                         const struct nl_run_options *options,
                                         struct nl_run_summary *summary,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Connects to a mail host of a domain (an A-label), whatever way its mail goes, and leaves again.
 * `source` is the address of ours that it comes from; NULL: the kernel chooses.
 * Appends the host's name and the version of TLS. NL_UNAVAILABLE or NL_TEMPFAIL say what is in the
 * way; NL_NOTFOUND that the DNS names none that may be mailed to. */
NL_CHECKED enum nl_status nl_send_reach(const struct nl_relay *relay, const char *from,
                                        const struct nl_source *source, struct nl_buf *host,
                                        struct nl_error *err) NL_NONNULL(1, 2, 4, 5);

/* Signs one message, in place, as that of `from`, and sends it with the envelope address `sender`,
 * as mail to the recipient's domain goes. `store` has the policies of domains (RFC 8461); nothing
 * is recorded of the message. */
NL_CHECKED enum nl_status nl_send_single(struct nl_store *store, const struct nl_config *config,
                                         const struct nl_relay *relay, const char *from,
                                         const char *sender, const struct nl_address *recipient,
                                         struct nl_buf *message,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Signs one message, in place, and sends it from `sender` (an envelope address) to `recipient`,
 * without recording anything, for `send --test`: through the relay, or directly, as mail to the
 * recipient's domain goes. */
NL_CHECKED enum nl_status nl_send_test(struct nl_store *store, const struct nl_config *config,
                                       const struct nl_relay *relay, const char *sender,
                                       const struct nl_address *recipient, struct nl_buf *message,
                                       struct nl_error *err) NL_ALL_NONNULL;

#endif
