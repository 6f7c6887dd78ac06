/* Bounces: the mail that came back, and its effect on subscriptions. */
#ifndef NEWSLETTER_STORE_BOUNCE_RECORD_H
#define NEWSLETTER_STORE_BOUNCE_RECORD_H

#include "newsletter/base/address.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/token.h"
#include "newsletter/db/handle.h"

/* How a message bears on one subscription. */
enum nl_effect {
    NL_EFFECT_NONE,
    NL_EFFECT_SOFT,
    NL_EFFECT_HARD,
    NL_EFFECT_COMPLAINT,
    NL_EFFECT_UNSUBSCRIBE /* the subscriber has left, by the provider's own link */
};

struct nl_bounce_verdict {
    const struct nl_address *address; /* NULL for the subscription that the token proves */
    enum nl_effect effect;
    const char *kind, *reason, *status; /* words, for the record; never NULL */
    const char *diagnostic;             /* NULL for none */
};

/* One message as it was understood, or one reply with which the relay refused a delivery. */
struct nl_bounce_record {
    const char *kind;
    int64_t delivery;     /* proved by a token of ours; 0 for none */
    const char *reporter; /* the domain that sent a complaint; NULL for none */
    const struct nl_bounce_verdict *verdicts;
    size_t count;
    const void *message; /* the part of the message to keep; NULL for nothing */
    size_t len;
    unsigned char digest[NL_DIGEST_LEN]; /* of the whole message */
};

/* Points: a subscription ends when it has `limit`. They halve every `half_life` seconds. */
struct nl_bounce_policy {
    int64_t hard, soft, limit;
    int64_t half_life;
    int64_t interval; /* seconds in which further soft bounces do not count */
};

/* The effect of a message. */
struct nl_bounce_record_outcome {
    bool seen;     /* this very message was recorded before: nothing was done */
    int64_t ended; /* subscriptions that it ended */
};

/* Records a message and its effects in one transaction. With a proved delivery, its subscription
 * gains points, or ends at once by a complaint, which also suppresses the address. Without a proved
 * delivery, every subscription of the address gains soft points at most. */
NL_CHECKED enum nl_status nl_bounce_record_add(struct nl_store *store,
                                               const struct nl_bounce_record *record,
                                               const struct nl_bounce_policy *policy,
                                               struct nl_bounce_record_outcome *outcome,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* The same within a transaction that the caller has opened with nl_store_begin_exclusive, for many
 * messages at once. */
NL_CHECKED enum nl_status nl_bounce_record_add_within(struct nl_store *store,
                                                      const struct nl_bounce_record *record,
                                                      const struct nl_bounce_policy *policy,
                                                      struct nl_bounce_record_outcome *outcome,
                                                      struct nl_error *err) NL_ALL_NONNULL;

/* Whether a message of that digest was recorded. */
NL_CHECKED enum nl_status nl_bounce_record_exists(struct nl_store *store,
                                                  const unsigned char digest[NL_DIGEST_LEN],
                                                  bool *seen, struct nl_error *err) NL_ALL_NONNULL;

/* The same; *is tells whether it was recorded as one of that kind. */
NL_CHECKED enum nl_status nl_bounce_record_find(struct nl_store *store,
                                                const unsigned char digest[NL_DIGEST_LEN],
                                                const char *kind, bool *seen, bool *is,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Whether a delivery went to the address of this key. */
NL_CHECKED enum nl_status nl_bounce_record_is_to(struct nl_store *store, int64_t delivery,
                                                 const char *address_key, bool *is,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` for every message that was not understood and is still kept. */
NL_CHECKED enum nl_status nl_bounce_record_each_kept(
    struct nl_store *store,
    enum nl_status (*each)(int64_t id, int64_t at, size_t len, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Appends a kept message. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_bounce_record_message(struct nl_store *store, int64_t id,
                                                   struct nl_buf *out,
                                                   struct nl_error *err) NL_ALL_NONNULL;

/* Drops the text of a kept message that somebody has looked at. The record of its arrival stays.
 * NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_bounce_record_dismiss(struct nl_store *store, int64_t id,
                                                   struct nl_error *err) NL_ALL_NONNULL;

/* How long and how much of messages is kept. */
struct nl_bounce_record_limits {
    int64_t understood, unknown; /* drop the text of those from before these times */
    int64_t bytes;               /* then drop the oldest texts until this many bytes are left */
};

/* Drops the texts that exceed these limits, and the words of servers about people who were erased.
 */
NL_CHECKED enum nl_status nl_bounce_record_forget(struct nl_store *store,
                                                  const struct nl_bounce_record_limits *limits,
                                                  struct nl_error *err) NL_ALL_NONNULL;

#endif
