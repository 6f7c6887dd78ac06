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
    int64_t list, at;
};

struct nl_booked_person {
    unsigned char address[NL_DIGEST_LEN];
    bool has_address, gone;
};

struct nl_books {
    struct nl_audit *audit;
    struct nl_hasher *hasher;
    struct nl_merkle tree;
    struct nl_numbered events, actions, subscriptions, people, lists;  /* lists: those removed */
    int64_t last_event, last_action, last_delivery, last_subscription; /* from before the ledger */
    int64_t pruned_before;
};

/* The mark of a row of the history, and of an action. */
void nl_mark_event(const int64_t numbers[6], const char *kind, size_t kind_len,
                   unsigned char out[NL_MARK_LEN]);
void nl_mark_action(int64_t at, int64_t id, const char *door, const char *action, size_t door_len,
                    size_t action_len, unsigned char out[NL_MARK_LEN]);

/* Notes a fault. */
void nl_books_fault(struct nl_books *books, const char *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Enters one entry. */
NL_CHECKED enum nl_status nl_books_enter(struct nl_books *books, const struct nl_entry *entry,
                                         struct nl_error *err);

/* Holds the database against the books. */
NL_CHECKED enum nl_status nl_books_compare(struct nl_books *books, struct nl_store *store,
                                           struct nl_error *err);

#endif
