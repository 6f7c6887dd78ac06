/* The books: all that the ledger says, gathered while it is read. */
#ifndef NL_PROOF_BOOKS_H
#define NL_PROOF_BOOKS_H

#include "newsletter/base/merkle.h"
#include "newsletter/proof/audit.h"
#include "proof/entry.h"
#include "proof/numbered.h"

enum { NL_MARK_LEN = 16 }; /* of a digest, enough to tell rows apart */

struct nl_booked_event {
    unsigned char mark[NL_MARK_LEN], detail[NL_DIGEST_LEN];
    bool has_detail, seen;
    int64_t at, list, subscriber;
};

struct nl_booked_action {
    unsigned char mark[NL_MARK_LEN], words[NL_DIGEST_LEN];
    bool seen;
};

struct nl_booked_subscription {
    unsigned char consent[NL_DIGEST_LEN];
    char state[16];
    bool has_consent, removed, seen;
    bool unsaid; /* nothing is said of its state */
    int64_t list;
    size_t change; /* the last one, in nl_books.changes; 0: none */
};

/* A subscription becomes active, or no longer is. */
struct nl_booked_change {
    int64_t at;
    size_t before; /* the change before it; 0: none */
    bool active;
};

struct nl_booked_person {
    unsigned char address[NL_DIGEST_LEN];
    bool has_address, gone;
};

struct nl_booked_issue {
    unsigned char editions[NL_DIGEST_LEN];
    int64_t list;
};

struct nl_books {
    struct nl_audit *audit;
    struct nl_hasher *hasher;
    struct nl_merkle tree;
    struct nl_numbered events, actions, subscriptions, people, lists; /* lists: those removed */
    struct nl_numbered removed;                   /* issues whose deliveries were removed */
    struct nl_numbered deliveries;                /* deliveries.h */
    struct nl_numbered copies;                    /* the delivery of an issue for a subscription */
    struct nl_numbered issues;                    /* the digest of its editions */
    struct nl_numbered approvals, approval_words; /* approvals_held.h */
    struct nl_buf changes;                        /* struct nl_booked_change; the first is none */
    int64_t last_event, last_action, last_delivery, last_subscription; /* from before the ledger */
    int64_t last_approval, last_approval_word;                         /* likewise */
    int64_t pruned_before;
};

/* The mark of a row of the history, and of an action. */
void nl_mark_event(const int64_t numbers[6], const char *kind, size_t kind_len,
                   unsigned char out[NL_MARK_LEN]);
void nl_mark_action(int64_t at, int64_t id, const char *door, const char *action, size_t door_len,
                    size_t action_len, unsigned char out[NL_MARK_LEN]);

/* Whether a row that is not in the ledger is older than it, by the id of the `last` such row; it is
 * counted then. */
bool nl_books_before(struct nl_books *books, int64_t id, int64_t last);

/* Notes a fault. */
void nl_books_fault(struct nl_books *books, const char *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether a subscription was active, and its address not suppressed, at any time from `from` to
 * `to`, by what is in the books so far. */
bool nl_books_active(const struct nl_books *books, int64_t subscription, int64_t from, int64_t to);

/* Whether it ever was active and then no longer, by what is in the books so far. */
bool nl_books_had_ended(const struct nl_books *books, int64_t subscription);

/* Enters one entry; those about deliveries are entered by deliveries.h. */
void nl_books_enter(struct nl_books *books, const struct nl_entry *entry);

/* Compares the database with the books. */
NL_CHECKED enum nl_status nl_books_compare(struct nl_books *books, struct nl_store *store,
                                           struct nl_error *err);

#endif
