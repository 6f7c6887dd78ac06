/* The ledger: what happened, in records that are only ever added (docs/audit.md). */
#ifndef NEWSLETTER_STORE_LEDGER_H
#define NEWSLETTER_STORE_LEDGER_H

#include "newsletter/base/buf.h"
#include "newsletter/base/token.h"
#include "newsletter/db/handle.h"

/* An entry is a CBOR array, whose first item is one of these. docs/audit.md has the other items. */
enum nl_ledger_kind {
    NL_LEDGER_BEGUN = 1,
    NL_LEDGER_EVENT = 2,
    NL_LEDGER_ACTION = 3,
    NL_LEDGER_IMPORTED = 4,
    NL_LEDGER_ISSUE = 5,
    NL_LEDGER_REMOVED = 6,
    NL_LEDGER_PRUNED = 7,
    NL_LEDGER_LEASED = 8,
    NL_LEDGER_COMMIT_POINT = 9,
    NL_LEDGER_OUTCOME = 10,
    NL_LEDGER_WITHDRAWN = 11,
    NL_LEDGER_SET = 12,
    NL_LEDGER_SUPPRESSED = 13,
    NL_LEDGER_APPROVAL = 14,
};

struct nl_ledger_record {
    int64_t id, stream;
    const unsigned char *body, *chain;
    size_t len, chain_len;
};

/* Calls `each` for the records after the id `after`, in the order of their ids, up to the id
 * `last`. The bytes live until it returns. */
NL_CHECKED enum nl_status nl_ledger_each(
    struct nl_store *store, int64_t after, int64_t last,
    enum nl_status (*each)(const struct nl_ledger_record *record, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 4, 6);

enum { NL_LEDGER_KEY = 32 };

/* Appends the editions of an issue, as an entry has them, and counts them. */
NL_CHECKED enum nl_status nl_ledger_editions(struct nl_store *store, int64_t issue,
                                             struct nl_buf *out, size_t *count,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* A consent as the ledger commits to it. `wordings`: the digests of those that the person saw, by
 * enum nl_shown_on; NULL where there is none. */
struct nl_ledger_consent {
    int64_t at;
    const char *source, *version, *wordings[3];
};
void nl_ledger_add_consent(struct nl_buf *items,
                           const struct nl_ledger_consent *consent) NL_ALL_NONNULL;

/* The commitment to items that are personal data, each encoded as CBOR: HMAC-SHA256 of the
 * encodings one after the other. */
void nl_ledger_commit(const unsigned char key[NL_LEDGER_KEY], const struct nl_buf *items,
                      unsigned char out[NL_DIGEST_LEN]) NL_ALL_NONNULL;

#endif
