/* Markdown, read once into a tree, from which both the HTML and the text part are written. */
#ifndef NL_BULLETIN_MARKDOWN_H
#define NL_BULLETIN_MARKDOWN_H

#include "bulletin/markdown_tree.h"
#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

/* Reads CommonMark with tables, strikethrough, task lists and bare URLs; raw HTML is text unless
 * `raw_html`. Recognises lettered lists ("a)" ...), which CommonMark lacks. Links may be http,
 * https, mailto, tel or {{unsubscribe_url}}; images must be http(s) or paths. `where` names the
 * input in errors. Free *out with nl_md_free. */
enum nl_status nl_markdown_read(const char *text, size_t len, const char *where, bool raw_html,
                                struct nl_md_node **out, struct nl_error *err);

#endif
