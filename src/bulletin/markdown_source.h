/* Text that must not become mark-up is hidden from the Markdown parser by control characters and
 * digits, which no input may hold or which mean nothing to it. */
#ifndef NL_BULLETIN_MARKDOWN_SOURCE_H
#define NL_BULLETIN_MARKDOWN_SOURCE_H

#include "newsletter/base/buf.h"

/* Copies Markdown for the parser. Hides "\{{" (NL_LITERAL_BRACES, until slots are marked),
 * expressions (bulletin/expression.h) and single tildes. */
void nl_md_source_hide(const char *text, size_t len, struct nl_buf *out);

/* Appends text that the parser returns, with its tildes back. */
void nl_md_source_show(struct nl_buf *out, const char *text, size_t len);

#endif
