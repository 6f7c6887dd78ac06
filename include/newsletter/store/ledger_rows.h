/* The rows that the ledger tells of, for an audit. Each walk goes by their ids, and borrows texts
 * and keys until `each` returns. A key is NULL where there is none. */
#ifndef NEWSLETTER_STORE_LEDGER_ROWS_H
#define NEWSLETTER_STORE_LEDGER_ROWS_H

#include "newsletter/db/handle.h"

struct nl_event_row {
    int64_t at, id, list, subscriber, issue, message;
    const char *kind, *detail;
    const unsigned char *key;
};

struct nl_action_row {
    int64_t at, id;
    const char *door, *action, *words[4]; /* actor, client, object, detail */
    const unsigned char *key;
};

struct nl_subscription_row {
    int64_t id, list, subscriber, consent_at;
    const char *state, *source, *version, *wordings[3]; /* digests, by enum nl_shown_on */
    const char *address;                                /* NULL: erased */
    const unsigned char *key;
};

struct nl_delivery_state_row {
    int64_t id, issue, subscription;
    int code;
    const char *state;
};

/* A question for an approval, one of its words, and one of the texts that were shown. */
struct nl_approval_row {
    int64_t id, draft, at;
    const char *state, *seal, *name, *words;
    const unsigned char *key;
};

struct nl_approval_word_row {
    int64_t id, approval, at;
    const char *kind, *name, *passage, *words;
    const unsigned char *key;
};

struct nl_approval_text_row {
    int64_t approval;
    const char *language, *source;
};

/* The words go by their ids, the questions by theirs, the texts by the question and the language.
 */
struct nl_approval_visits {
    enum nl_status (*question)(const struct nl_approval_row *row, void *ctx, struct nl_error *err);
    enum nl_status (*word)(const struct nl_approval_word_row *row, void *ctx, struct nl_error *err);
    enum nl_status (*text)(const struct nl_approval_text_row *row, void *ctx, struct nl_error *err);
    void *ctx;
};
NL_CHECKED enum nl_status nl_ledger_each_approval(struct nl_store *store,
                                                  const struct nl_approval_visits *visits,
                                                  struct nl_error *err) NL_ALL_NONNULL;

NL_CHECKED enum nl_status
nl_ledger_each_delivery(struct nl_store *store,
                        enum nl_status (*each)(const struct nl_delivery_state_row *row, void *ctx,
                                               struct nl_error *err),
                        void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

NL_CHECKED enum nl_status nl_ledger_each_event(
    struct nl_store *store,
    enum nl_status (*each)(const struct nl_event_row *row, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

NL_CHECKED enum nl_status nl_ledger_each_action(
    struct nl_store *store,
    enum nl_status (*each)(const struct nl_action_row *row, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

NL_CHECKED enum nl_status nl_ledger_each_subscription(
    struct nl_store *store,
    enum nl_status (*each)(const struct nl_subscription_row *row, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

#endif
