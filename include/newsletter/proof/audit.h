/* The audit: reads the ledger from its beginning, and compares the database with it. */
#ifndef NEWSLETTER_PROOF_AUDIT_H
#define NEWSLETTER_PROOF_AUDIT_H

#include "newsletter/base/buf.h"
#include "newsletter/base/finding.h"
#include "newsletter/base/token.h"
#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"

struct nl_audit_options {
    const struct nl_config *config; /* for the office's public keys */
    const char *checkpoint;         /* one that somebody kept; NULL: none */
};

/* The claims of an audit. Each is broken by faults of its own. */
enum nl_claim {
    NL_CLAIM_CONSENT, /* each message of an issue had a valid consent before it */
    NL_CLAIM_ONCE,    /* nobody was sent an issue twice, but where staff asked for it */
    NL_CLAIM_ENDED,   /* nobody was mailed after leaving, bouncing or being suppressed */
    NL_CLAIM_REPLIES, /* each outcome follows from a reply */
    NL_CLAIM_ROWS,    /* each row agrees with the ledger */
    NL_CLAIM_CHAIN,   /* the chain of records is unbroken, checkpoints hold */
    NL_CLAIMS,
};

/* Free with nl_audit_free. */
struct nl_audit {
    int64_t records, entries, streams;
    int64_t events, actions, subscriptions; /* rows that agree with the ledger */
    int64_t issues, deliveries, approvals;  /* likewise; approvals and the answers to them */
    int64_t commit_points, outcomes, sent;  /* of deliveries, in the ledger */
    int64_t consented;                      /* commit points of issues with a valid consent */
    int64_t repeated;                       /* deliveries that staff had sent once more */
    int64_t before;                         /* rows from before it began */
    unsigned char head[NL_DIGEST_LEN];      /* of the tree over all entries */
    int64_t checkpoints;                    /* our own that the ledger agrees with */
    int64_t given;                          /* the size of the given one; 0: none */
    bool given_holds;                       /* the ledger agrees with it, too */
    int64_t stamped;                        /* checkpoints whose time stamps hold */
    int64_t given_stamped, given_cosigned;  /* when the given one was; 0: not */
    struct nl_buf proof; /* that the tree goes on from it (RFC 9162 section 2.1.4): digests */
    struct nl_findings findings; /* the first ones */
    int64_t faults;              /* all of them */
    int64_t broken[NL_CLAIMS];   /* those that break each claim */
};

enum { NL_AUDIT_FAULTS = 100 }; /* findings that are reported */

/* NL_OK also where there are faults. */
NL_CHECKED enum nl_status nl_audit_run(struct nl_store *store,
                                       const struct nl_audit_options *options, struct nl_audit *out,
                                       struct nl_error *err) NL_ALL_NONNULL;

void nl_audit_free(struct nl_audit *audit);

#endif
