/* Rows of tables, as GitHub Flavored Markdown has them (section 4.10). The parser takes a row of
 * delimiters only with three hyphens in each column, GFM with one; and neither knows that the bar
 * of a variable, {{name|reader}}, ends no cell. */
#ifndef NL_BULLETIN_MARKDOWN_ROWS_H
#define NL_BULLETIN_MARKDOWN_ROWS_H

#include "newsletter/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Stands for the bar of a variable. No valid UTF-8 holds this byte, and the parser takes it for a
 * letter. */
#define NL_MD_BAR '\xff'

/* Copies Markdown. The bars of variables in it become NL_MD_BAR. */
void nl_md_bars_hide(const char *text, size_t len, struct nl_buf *out);

/* The columns of a row of delimiters, such as "|:-|-:|"; 0 for any other line. */
size_t nl_md_delimiters(const char *line, const char *end);

/* Whether a line may be the row of names above `columns` columns. Bars within code count as the
 * parser has it, or as GFM has it. */
bool nl_md_is_head(const char *line, const char *end, size_t columns);

#endif
