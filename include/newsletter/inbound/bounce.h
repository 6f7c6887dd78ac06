/* Reading bounces: delivery status notifications (RFC 3464), feedback reports (RFC 5965), automatic
 * replies (RFC 3834), bounces of no standard form, requests to unsubscribe, and reports about us
 * (RFC 9990, RFC 8460). Says what a message
 * means and knows nothing of subscribers. */
#ifndef NEWSLETTER_INBOUND_BOUNCE_H
#define NEWSLETTER_INBOUND_BOUNCE_H

#include "newsletter/base/error.h"
#include "newsletter/base/token.h"
#include "newsletter/inbound/judge.h"
#include "newsletter/store/reputation.h"

#include <stdbool.h>
#include <stddef.h>

/* In order of severity: a message is what its gravest recipient is. */
enum nl_bounce_kind {
    NL_BOUNCE_UNKNOWN,     /* not understood */
    NL_BOUNCE_AUTO_REPLY,  /* somebody is away, or a machine answers: means nothing */
    NL_BOUNCE_DELAYED,     /* a warning: the mail is still being tried */
    NL_BOUNCE_SOFT,        /* not delivered; the address may be good */
    NL_BOUNCE_HARD,        /* not delivered; the address is dead */
    NL_BOUNCE_COMPLAINT,   /* reported as spam */
    NL_BOUNCE_UNSUBSCRIBE, /* the mailto form of List-Unsubscribe (RFC 2369) */
    NL_BOUNCE_REPORT,      /* a DMARC or TLS report about us: about no delivery */
};

/* One address that the mail is about. */
struct nl_bounce_recipient {
    char *address;
    enum nl_bounce_kind kind;
    enum nl_fault fault;
    bool exact;         /* words or a code named the reason: see nl_judgement */
    const char *reason; /* one of the set in inbound/patterns.txt, a constant of the reader's */
    char status[12];    /* RFC 3463, or "" */
    char *diagnostic;   /* what the server said, one line, or NULL */
};

/* Free with nl_bounce_free. */
struct nl_bounce {
    enum nl_bounce_kind kind;
    struct nl_bounce_recipient *recipients;
    size_t count;
    char **sent_to; /* the addresses the message itself came to: one may be a return path of ours */
    size_t sent_to_count;
    char *message_id; /* of the mail that came back, without angle brackets, or NULL */
    char **answers;   /* Message-IDs that it is an answer to */
    size_t answers_count;
    struct nl_token unsubscribe;         /* "" unless NL_BOUNCE_UNSUBSCRIBE */
    struct nl_reputation_report *report; /* NULL unless NL_BOUNCE_REPORT */
    char *problem;  /* why a report about us could not be read, or NULL; the kind is unknown then */
    char *reporter; /* of a complaint: the domain that sent it, or NULL */
    size_t steps;   /* the work that reading it took, NL_BOUNCE_STEPS at most */
};

/* One message costs no more steps than this; what would cost more is left unread. A step is some
 * nanoseconds of work, so that the worst message takes about 30 ms on a small machine. */
enum { NL_BOUNCE_STEPS = 1000000 };

/* Reads one message, however malformed; only a lack of memory is an error. Memory is in proportion
 * to its size, time too and within NL_BOUNCE_STEPS; of more than 1 MiB the beginning is read. */
NL_CHECKED enum nl_status nl_bounce_read(const struct nl_bounce_reader *reader, const char *data,
                                         size_t len, struct nl_bounce *out,
                                         struct nl_error *err) NL_ALL_NONNULL;
void nl_bounce_free(struct nl_bounce *bounce);

/* "hard", "auto-reply" and so on. */
const char *nl_bounce_kind_name(enum nl_bounce_kind kind);

#endif
