/* The deliveries in the books: what the ledger says of each, step by step. */
#ifndef NL_PROOF_DELIVERIES_H
#define NL_PROOF_DELIVERIES_H

#include "proof/books.h"

enum nl_booked_state {
    NL_BOOKED_QUEUED,
    NL_BOOKED_LEASED,
    NL_BOOKED_SENT,
    NL_BOOKED_DEFERRED,
    NL_BOOKED_BOUNCED,
    NL_BOOKED_FAILED,
    NL_BOOKED_UNKNOWN,
};

struct nl_booked_delivery {
    int64_t run, issue, subscription;
    int code;
    unsigned char state; /* enum nl_booked_state */
    bool open;           /* it has a commit point without an outcome */
    bool consented;      /* there was a consent at that commit point */
    bool mailed;         /* it was sent, or may have been, since somebody asked for it */
    bool seen;
};

/* Enters an entry about a delivery, of a record in that stream. */
void nl_deliveries_enter(struct nl_books *books, const struct nl_entry *entry, int64_t stream);

/* Compares the deliveries in the database with the books. */
NL_CHECKED enum nl_status nl_deliveries_compare(struct nl_books *books, struct nl_store *store,
                                                struct nl_error *err);

#endif
