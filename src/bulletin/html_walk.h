/* HTML of strangers, element by element. */
#ifndef NL_BULLETIN_HTML_WALK_H
#define NL_BULLETIN_HTML_WALK_H

#include <libxml/HTMLparser.h>
#include <stdbool.h>
#include <stddef.h>

/* Calls the functions of `sax` with `ctx` for all of html[0..len), which is UTF-8: what follows the
 * end of the document counts, too, since browsers show it. len < INT_MAX. False where libxml2 has
 * no memory. */
bool nl_html_walk(const char *html, size_t len, htmlSAXHandler *sax, void *ctx);

#endif
