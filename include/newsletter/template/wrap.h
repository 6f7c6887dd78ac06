/* Lines of plain text. */
#ifndef NEWSLETTER_TEMPLATE_WRAP_H
#define NEWSLETTER_TEMPLATE_WRAP_H

#include "newsletter/base/buf.h"
#include "newsletter/base/text_table.h"

enum { NL_COLUMNS = 72 };

/* Appends one line: the prefix and the text, without white space at its end. */
void nl_plain_line(struct nl_buf *out, const char *prefix, const char *text,
                   size_t len) NL_ALL_NONNULL;

/* Wraps one paragraph at NL_COLUMNS (by display width, breaking lines as UAX 14 says); `first` and
 * `rest` begin its first and its other lines. The tags of conditions take no room. */
void nl_plain_wrap(struct nl_buf *out, const char *tagged, const char *first,
                   const char *rest) NL_ALL_NONNULL;

#endif
