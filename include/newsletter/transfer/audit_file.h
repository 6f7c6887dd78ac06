/* The audit log as a file. */
#ifndef NEWSLETTER_TRANSFER_AUDIT_FILE_H
#define NEWSLETTER_TRANSFER_AUDIT_FILE_H

#include "newsletter/store/audit.h"

#include <stdio.h>

/* Opens the lines that are looked for as CSV (RFC 4180), the newest first, after a line of names;
 * filter->limit does not count. They are read page by page, so that memory does not grow with them.
 * A text that a spreadsheet would take for a formula gets an apostrophe. The caller closes *out,
 * which lives as long as the connection to the database. */
NL_CHECKED enum nl_status nl_audit_open_csv(struct nl_store *store,
                                            const struct nl_audit_filter *filter, FILE **out,
                                            struct nl_error *err) NL_ALL_NONNULL;

#endif
