/* Lines of CSV (RFC 4180) for people, who open them with a spreadsheet. */
#ifndef NEWSLETTER_TRANSFER_CSV_LINE_H
#define NEWSLETTER_TRANSFER_CSV_LINE_H

#include "newsletter/base/buf.h"

#include <stdbool.h>

/* Appends a field, with a comma before it unless it is the first. NULL is an empty one. What a
 * spreadsheet would take for a formula gets an apostrophe before it. */
void nl_csv_add(struct nl_buf *out, const char *text, bool first) NL_NONNULL(1);

/* Ends the line. */
void nl_csv_end(struct nl_buf *out) NL_ALL_NONNULL;

#endif
