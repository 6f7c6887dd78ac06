/* Tables in Markdown. */
#ifndef NL_BULLETIN_MARKDOWN_COLUMNS_H
#define NL_BULLETIN_MARKDOWN_COLUMNS_H

#include "newsletter/base/buf.h"

/* Appends Markdown whose tables have at least three hyphens in each column of their delimiter row.
 * Code stays as it is. */
void nl_md_tables_widen(const char *text, size_t len, struct nl_buf *out);

#endif
