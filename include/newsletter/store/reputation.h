/* Reports about us that receivers send: DMARC aggregate reports (RFC 9990, before RFC 7489) and
 * SMTP TLS reports (RFC 8460), kept by day and source; and complaints. Anybody can mail such a
 * report, so these figures are hints: nothing here changes a subscription. */
#ifndef NEWSLETTER_STORE_REPUTATION_H
#define NEWSLETTER_STORE_REPUTATION_H

#include "newsletter/base/buf.h"
#include "newsletter/base/network.h"
#include "newsletter/base/token.h"
#include "newsletter/db/handle.h"

enum nl_reputation_kind { NL_REPUTATION_DMARC, NL_REPUTATION_TLS };

enum { NL_REPUTATION_DOMAIN = 254, NL_REPUTATION_REPORTER = 101 };

/* Messages from one source that name a domain in their From, or TLS sessions on the way to a
 * domain. */
struct nl_reputation_row {
    char domain[NL_REPUTATION_DOMAIN]; /* A-labels, lower case */
    char source[NL_IP_TEXT];           /* DMARC: an IP address, "" for the rest. TLS: the policy */
    const char *reason;                /* TLS: why sessions failed, a constant; else "" */
    int64_t total, passed;             /* `passed` is never more than `total` */
    int64_t spf, dkim;                 /* DMARC: of `total`, that passed the one and the other */
};

/* One report, as a mail brought it. The largest rows come first. */
struct nl_reputation_report {
    enum nl_reputation_kind kind;
    char reporter[NL_REPUTATION_REPORTER]; /* what the reporter calls itself: one clean line */
    unsigned char digest[NL_DIGEST_LEN];   /* of kind, reporter and identifier */
    int64_t begin;                         /* of the time it is about, in UTC seconds */
    struct nl_reputation_row *rows;
    size_t count;
};

/* "dmarc", "tls". */
const char *nl_reputation_kind_name(enum nl_reputation_kind kind);

/* Adds a report: only what it says of our own domains (those of the lists' senders, and of
 * `bounce_address` unless it is NULL) and of domains below them, as the former. A report that was
 * there before changes nothing. *refused becomes a text that says why nothing was kept, or NULL:
 * one reporter and all together may store only so much. `keep` is for how many seconds reports
 * stay, 0 for ever. */
NL_CHECKED enum nl_status nl_reputation_add(struct nl_store *store,
                                            const struct nl_reputation_report *report,
                                            const char *bounce_address, int64_t keep,
                                            const char **refused, struct nl_error *err)
    NL_NONNULL(1, 2, 5);

/* Counts, and unless `dry_run` deletes, reports that are about days before `before` (UTC seconds).
 * Within the caller's transaction. */
NL_CHECKED enum nl_status nl_reputation_forget(struct nl_store *store, int64_t before, bool dry_run,
                                               int64_t *count, struct nl_error *err) NL_ALL_NONNULL;

/* ---- figures, of days since `since` (UTC seconds) ---- */

/* One row of figures; a column that has no meaning there is "" or 0. Texts end with the call.
 */
struct nl_reputation_figure {
    const char *domain, *source, *reason, *reporter;
    int64_t day; /* the day's first second; of several days, the latest */
    int64_t total, passed, spf, dkim;
    int64_t reports;
    int64_t issue; /* 0 where the row is about none */
};
typedef enum nl_status nl_reputation_visit(const struct nl_reputation_figure *figure, void *ctx,
                                           struct nl_error *err);

/* By day and domain in order; by domain and source, and by kind of policy and reason, the largest
 * first; by reporter. At most `limit` rows. */
enum nl_reputation_group {
    NL_REPUTATION_BY_DAY,
    NL_REPUTATION_BY_SOURCE,
    NL_REPUTATION_BY_REASON,
    NL_REPUTATION_BY_REPORTER,
};
NL_CHECKED enum nl_status nl_reputation_each(struct nl_store *store, enum nl_reputation_kind kind,
                                             enum nl_reputation_group group, int64_t since,
                                             int64_t limit, nl_reputation_visit *each, void *ctx,
                                             struct nl_error *err) NL_NONNULL(1, 6);

/* Complaints that a token of ours proves since `since`: `reporter` is the provider that passed them
 * on (where that is not known, the domain of the address), `total` their number. The most come
 * first. */
NL_CHECKED enum nl_status nl_reputation_complaints(struct nl_store *store, int64_t since,
                                                   int64_t limit, nl_reputation_visit *each,
                                                   void *ctx, struct nl_error *err)
    NL_NONNULL(1, 4);

/* The proved complaints about each issue that there are any about: `issue` and `total`. */
NL_CHECKED enum nl_status nl_reputation_issues(struct nl_store *store, nl_reputation_visit *each,
                                               void *ctx, struct nl_error *err) NL_NONNULL(1, 2);

/* Whether any message was sent from `since` to `until`. */
NL_CHECKED enum nl_status nl_reputation_sent(struct nl_store *store, int64_t since, int64_t until,
                                             bool *sent, struct nl_error *err) NL_ALL_NONNULL;

#endif
