/* One SMTP TLS report (RFC 8460): of one domain and one day, as JSON and as the mail that carries
 * it. */
#ifndef NL_DELIVERY_TLS_REPORT_H
#define NL_DELIVERY_TLS_REPORT_H

#include "newsletter/base/attribute.h"
#include "newsletter/base/buf.h"
#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"

struct nl_tls_report {
    const char *day, *domain; /* set them */
    const char *contact;      /* set it: an address of ours */
    const char *submitter;    /* its domain */
    char id[96];
    char file[400];     /* a name for it (section 5.1) */
    struct nl_buf json; /* compressed with gzip */
};
void nl_tls_report_free(struct nl_tls_report *report) NL_ALL_NONNULL;

/* Makes the report. NL_NOTFOUND when nothing was counted. */
NL_CHECKED enum nl_status nl_tls_report_make(struct nl_store *store, struct nl_tls_report *report,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Appends the mail to one address (section 5.3), without signatures. */
void nl_tls_report_mail(const struct nl_tls_report *report, const char *to, int64_t now,
                        struct nl_buf *out) NL_ALL_NONNULL;

#endif
