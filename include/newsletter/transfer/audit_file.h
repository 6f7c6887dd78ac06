/* The audit log as a file. */
#ifndef NEWSLETTER_TRANSFER_AUDIT_FILE_H
#define NEWSLETTER_TRANSFER_AUDIT_FILE_H

#include "newsletter/base/buf.h"
#include "newsletter/store/audit.h"

/* Appends the lines that are looked for as CSV (RFC 4180), the newest first, after a line of names.
 * A text that a spreadsheet would take for a formula gets an apostrophe. */
NL_CHECKED enum nl_status nl_audit_write_csv(struct nl_store *store,
                                             const struct nl_audit_filter *filter,
                                             struct nl_buf *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

#endif
