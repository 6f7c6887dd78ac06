/* Comparisons as conditions: {{#if city = "Aktau"}} ... {{/if}}, {{^if ...}} ... {{/if}}. The
 * expression is a segment (newsletter/base/segment.h). */
#ifndef NL_BULLETIN_EXPRESSION_H
#define NL_BULLETIN_EXPRESSION_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"
#include "newsletter/base/segment.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether the text after "#", "^" or "/" of a tag is "if", with or without an expression. */
bool nl_expression_is_if(const char *name);

/* Copies Markdown. Expressions in it, which hold quotation marks and signs that Markdown would
 * interpret, become "0x" and hexadecimal digits. */
void nl_expressions_hide(const char *text, size_t len, struct nl_buf *out);

/* The line ends of a piece of Markdown, those in hidden expressions too. */
size_t nl_expressions_lines(const char *text, size_t len);

/* Appends the expression of a tag's text after "if" on one line, hidden or not. */
void nl_expression_show(const char *text, struct nl_buf *out);

/* Reads an expression. It may ask for email, domain, name and attributes; `where` names the issue
 * in the error. Free *out with nl_segment_free. */
enum nl_status nl_expression_read(const char *text, const char *where, struct nl_segment **out,
                                  struct nl_error *err);

#endif
