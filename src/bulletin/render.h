/* The two writers of a Markdown tree: HTML and plain text. Both leave {{variables}} unchanged. */
#ifndef NL_BULLETIN_RENDER_H
#define NL_BULLETIN_RENDER_H

#include "bulletin/markdown.h"
#include "newsletter/template/theme.h"

/* html.c: HTML with the theme's styles inlined. */
void nl_render_html(const struct nl_md_node *document, const struct nl_theme *theme,
                    struct nl_buf *out);

/* url.c: appends a URL as both writers show it, with the bytes percent-encoded that a URL must not
 * hold. */
void nl_url_add(struct nl_buf *out, const char *url);

/* plain.c: text wrapped at 72 columns (by display width, breaking lines as UAX 14 says), the links
 * numbered and listed at the end. */
void nl_render_plain(const struct nl_md_node *document, struct nl_buf *out);

#endif
