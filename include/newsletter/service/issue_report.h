/* The report of an issue next to those before it. */
#ifndef NEWSLETTER_SERVICE_ISSUE_REPORT_H
#define NEWSLETTER_SERVICE_ISSUE_REPORT_H

#include "newsletter/base/buf.h"
#include "newsletter/service/office.h"

/* The figures of a row, in the order in which they are shown; NULL at the end. The first is what
 * the others are percent of: the mails that were handed over. */
extern const char *const nl_report_figures[];

enum { NL_REPORT_ISSUES = 12 };

/* The issue first, then those of its list that were begun before it, newest first; at most
 * NL_REPORT_ISSUES. Each is {id, title, slug, list, state, begun (RFC 3339), figures: {handed,
 * delivered, bounced, failed, complaints, unsubscribed, replies}, percent: {the same as texts, such
 * as "12.5"; "" for `handed`, and where none was handed over}}. The figures are those of
 * `newsletter report`. NL_NOTFOUND; NL_DATA for an issue that waits for its time. The caller frees
 * *out. */
NL_CHECKED enum nl_status nl_office_issue_report(const struct nl_office *office, int64_t issue,
                                                 json_t **out, struct nl_error *err) NL_ALL_NONNULL;

/* Appends it as CSV for a spreadsheet, with a head of the names above. */
void nl_issue_report_csv(const json_t *report, struct nl_buf *out) NL_ALL_NONNULL;

#endif
