/* Deliveries: one row per message, leased, sent and accounted for. The functions that change rows
 * are to be called between nl_store_begin_exclusive and nl_store_commit, so that one commit carries
 * what happened on all connections. */
#ifndef NEWSLETTER_STORE_DELIVERY_H
#define NEWSLETTER_STORE_DELIVERY_H

#include "newsletter/base/token.h"
#include "newsletter/db/handle.h"
#include "newsletter/store/bounce_record.h"
#include "newsletter/store/link.h"
#include "newsletter/store/state.h"

/* "confirmation", "already-subscribed", "welcome", "goodbye", "preferences", "address-change"
 * and "reconfirmation";
 * NULL ends them. */
extern const char *const nl_notice_kinds[];

/* Whether notices of that kind carry a link, and for what. */
bool nl_notice_purpose(const char *kind, enum nl_purpose *purpose) NL_NONNULL(2);

/* The scope of a run: an issue, or the notices of one kind for one list. NL_KIND_MESSAGE, for
 * transactional messages, is such a kind (store/transactional.h). */
struct nl_scope {
    int64_t issue;     /* 0 for notices */
    int64_t list;      /* notices only */
    const char *kind;  /* notices only: one of nl_notice_kinds, or NL_KIND_MESSAGE */
    int64_t delivery;  /* notices only: just this one; 0 for all */
    int64_t after;     /* how far an issue's queue was searched; kept by nl_delivery_lease */
    bool reservations; /* domains have rates: deliveries whose reserved time has come go first */
};

/* A leased delivery with what its message needs. Free with nl_job_free. */
struct nl_job {
    int64_t delivery;
    int64_t subscription;
    int64_t attempts;         /* made before this one */
    int64_t first_attempt_at; /* now, if this is the first */
    char *address;            /* the recipient; for a change of address, the new address */
    char *name;               /* NULL if not known */
    char *attributes;         /* a JSON object */
    char *language;           /* NULL if not known */
    struct nl_token unsubscribe;
    bool reserved;   /* its domain's rate has reserved this second for it */
    int64_t subject; /* the number of the subject that it gets, 1 or 2 */
};

enum nl_outcome { NL_SENT, NL_DEFERRED, NL_BOUNCED, NL_FAILED, NL_UNKNOWN, NL_REQUEUED };

/* Whose fault a failed attempt is, if not the recipient's or the message's. */
enum nl_blame { NL_BLAME_NONE, NL_BLAME_RELAY, NL_BLAME_US };

/* The server of the recipient that an attempt was made at. */
struct nl_hop {
    char server[254]; /* "": none was reached */
    char address[48];
    char tls[16]; /* the version; "": none */
    char cipher[48];
    char policy[8];    /* "DANE", "MTA-STS" or "" */
    char provider[16]; /* of mailbox_providers.txt, or "other" */
    char source[48];   /* the address of ours; "": the kernel's choice */
    bool throttled;    /* the reply wanted less of us, or refused our address */
    bool goes_on;      /* REQUEUED: this address of ours was refused, and the message goes another
                        * way. That is an attempt, too */
};

/* The result of one attempt. */
struct nl_result {
    enum nl_outcome outcome;
    int64_t next_attempt_at; /* NL_DEFERRED */
    int code;                /* SMTP reply code, 0 without a reply */
    char status[12];         /* enhanced status code of RFC 3463, or "" */
    const char *text;        /* the reply's text or our own words; NULL for none */
    const char *reason;      /* of a refusal, as in inbound/patterns.txt; NULL for none */
    bool vague;              /* the refusal names no cause, or one that may pass */
    enum nl_effect effect;   /* of NL_BOUNCED and NL_FAILED on the subscription */
    enum nl_blame blame;
    const struct nl_hop *hop; /* NULL: the relay's affair */
};

/* Leases up to `max` deliveries until `until` for `owner`: queued ones first, then deferred ones
 * whose time has come, or the other way round. Deliveries to people whose subscription has ended
 * meanwhile, or who are suppressed, are marked skipped. A confirmation for somebody who has
 * confirmed meanwhile counts as ended. */
NL_CHECKED enum nl_status nl_delivery_lease(struct nl_store *store, struct nl_scope *scope,
                                            const char *owner, int64_t until, size_t max,
                                            struct nl_job *jobs, size_t *count,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Whether anything of the scope is queued or due. */
NL_CHECKED enum nl_status nl_delivery_waits(struct nl_store *store, const struct nl_scope *scope,
                                            bool *waits, struct nl_error *err) NL_ALL_NONNULL;

/* Records the commit points of `count` deliveries of an issue, or of none: 0; `ahead` of time,
 * where each is recorded once more before its message goes out, and a witness under the name
 * `owner` tells which did. The commit point is the moment before the final dot: after it, only the
 * server's reply tells whether the message was accepted. ok[i] is false where the lease is gone or
 * the subscription has ended since: then the dot must not be sent. In a transaction that was begun
 * together, `ok` is filled by its commit. */
NL_CHECKED enum nl_status nl_delivery_commit_points(struct nl_store *store, int64_t issue,
                                                    const int64_t *deliveries, size_t count,
                                                    bool ahead, const char *owner, bool *ok,
                                                    struct nl_error *err) NL_ALL_NONNULL;

/* Renews the leases of `owner` on deliveries of an issue, or of none: 0, until `until`. */
NL_CHECKED enum nl_status nl_delivery_renew(struct nl_store *store, int64_t issue,
                                            const char *owner, int64_t until,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Takes the commit points of leased deliveries back: their messages were refused. */
NL_CHECKED enum nl_status nl_delivery_withdraw_commit_points(struct nl_store *store, int64_t issue,
                                                             const int64_t *deliveries,
                                                             size_t count, const char *owner,
                                                             struct nl_error *err) NL_ALL_NONNULL;

/* Whether any message of an issue was sent. */
NL_CHECKED enum nl_status nl_delivery_any_sent(struct nl_store *store, int64_t issue, bool *any,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Puts a leased delivery off until `at`, without an attempt: its domain has had enough for now. */
NL_CHECKED enum nl_status nl_delivery_postpone(struct nl_store *store, int64_t issue,
                                               int64_t delivery, const char *owner, int64_t at,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Takes back that deliveries were put off, for those that still are: they are due now. The ids live
 * until the commit. */
NL_CHECKED enum nl_status nl_delivery_recall(struct nl_store *store, int64_t issue,
                                             const int64_t *deliveries, size_t count,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* The result for one leased delivery. */
struct nl_record {
    int64_t delivery;
    const struct nl_result *result;
};

/* Records the results for leased deliveries of an issue, or of none: 0, and ends their leases.
 * NL_REQUEUED does not count as an attempt. Deliveries whose lease `owner` no longer holds stay as
 * they are, with one exception: a delivery that another run has marked unknown meanwhile becomes
 * sent. */
NL_CHECKED enum nl_status nl_delivery_record(struct nl_store *store, int64_t issue,
                                             const struct nl_record *records, size_t count,
                                             const char *owner, struct nl_error *err)
    NL_NONNULL(1, 5, 6);

/* Takes over the deliveries that a dead run left: its leases go back to queued, or to unknown where
 * the final dot may have gone out. For an issue whose lock keeps other processes off, all leases
 * are dead; otherwise those that have expired. Its own transaction. */
NL_CHECKED enum nl_status nl_delivery_recover(struct nl_store *store, int64_t issue,
                                              int64_t *unknown,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Makes deferred messages due that wait for longer than they can: a process whose clock was ahead
 * has put them off. `longest`, in seconds, is the longest delay after a reply. A message that keeps
 * a rate may wait for all others besides; one that has not been tried and keeps none, for its hour.
 */
NL_CHECKED enum nl_status nl_delivery_bound_waits(struct nl_store *store, int64_t issue,
                                                  int64_t longest,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* The earliest time at which a deferred delivery of the issue is due; 0 if none is deferred. */
NL_CHECKED enum nl_status nl_delivery_next_due(struct nl_store *store, int64_t issue, int64_t *due,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* The list and kind of one notice, and its subscriber's language, NULL if that is not known. *kind
 * is a constant; free *language. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_delivery_notice(struct nl_store *store, int64_t delivery,
                                             int64_t *list, const char **kind, char **language,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* One delivery in its present state. Borrowed for the time of a call. */
struct nl_delivery_row {
    int64_t subscription;
    const char *address;
    enum nl_delivery_state state;
    int64_t attempts;
    int64_t updated_at;
    struct nl_result result; /* `outcome` is not set: see `state` */
};

/* Calls `each` for the deliveries of an issue, in the order of their subscriptions: those in
 * `state` after subscription `after`, at most `limit` (0: all). */
NL_CHECKED enum nl_status nl_delivery_each(struct nl_store *store, int64_t issue,
                                           enum nl_delivery_state state, int64_t after,
                                           int64_t limit,
                                           enum nl_status (*each)(const struct nl_delivery_row *row,
                                                                  void *ctx, struct nl_error *err),
                                           void *ctx, struct nl_error *err) NL_NONNULL(1, 6, 8);

void nl_job_free(struct nl_job *job);

#endif
