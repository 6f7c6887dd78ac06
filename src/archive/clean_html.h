/* Raw HTML of an issue on the website. */
#ifndef NL_ARCHIVE_CLEAN_HTML_H
#define NL_ARCHIVE_CLEAN_HTML_H

#include "newsletter/base/buf.h"

/* Appends the HTML of an issue's body without what acts in a browser: scripts, forms, frames,
 * styles, elements of a page's head, handlers of events, and addresses of other schemes than those
 * of links, pictures and recordings. Its elements are balanced. */
void nl_html_clean(const char *html, struct nl_buf *out);

#endif
