/* Sessions with recipients' mail hosts, counted by day (UTC) and domain for SMTP TLS reports (RFC
 * 8460). */
#ifndef NEWSLETTER_STORE_TLS_SESSION_H
#define NEWSLETTER_STORE_TLS_SESSION_H

#include "newsletter/base/buf.h"
#include "newsletter/db/handle.h"

#include <stddef.h>

/* All texts are set; "" where there is nothing to say. */
struct nl_tls_session {
    const char *domain; /* of the policy: the recipients' */
    const char *kind;   /* "tlsa", "sts" or "no-policy-found" (section 4.2) */
    const char *policy; /* a line for each text of the policy; of "sts", those of the file */
    const char *result; /* "" for a success, else a type of section 4.3 */
    /* A failure has these, too. */
    const char *server;  /* the mail host */
    const char *address; /* its address */
    const char *source;  /* the address of ours */
    const char *detail;  /* more about it */
    int64_t count;
};

/* Adds them to those of today. A day keeps NL_TLS_SESSION_ROWS rows at most: more are not kept. */
enum { NL_TLS_SESSION_ROWS = 50000 };
NL_CHECKED enum nl_status nl_tls_sessions_add(struct nl_store *store,
                                              const struct nl_tls_session *sessions, size_t count,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* Finds up to `most` domains with sessions of a day that is over, the oldest days first, whose
 * reports do not wait, and calls `each` with them. */
NL_CHECKED enum nl_status nl_tls_sessions_due(struct nl_store *store, size_t most,
                                              enum nl_status (*each)(const char *day,
                                                                     const char *domain, void *ctx,
                                                                     struct nl_error *err),
                                              void *ctx, struct nl_error *err) NL_NONNULL(1, 3, 5);

/* Calls `each` for the rows of a domain on a day, by kind and policy. */
NL_CHECKED enum nl_status nl_tls_sessions_each(
    struct nl_store *store, const char *day, const char *domain,
    enum nl_status (*each)(const struct nl_tls_session *session, void *ctx, struct nl_error *err),
    void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 3, 4, 6);

/* A report that not everybody has who asks for it waits for so many seconds. `reached` has a line
 * for each place that has it. */
NL_CHECKED enum nl_status nl_tls_report_wait(struct nl_store *store, const char *day,
                                             const char *domain, int64_t seconds,
                                             const char *reached,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Appends the places that have a report already. */
NL_CHECKED enum nl_status nl_tls_report_reached(struct nl_store *store, const char *day,
                                                const char *domain, struct nl_buf *out,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Removes those of a domain on a day, with what was noted of their report. */
NL_CHECKED enum nl_status nl_tls_sessions_drop(struct nl_store *store, const char *day,
                                               const char *domain,
                                               struct nl_error *err) NL_ALL_NONNULL;

#endif
