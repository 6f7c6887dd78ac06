/* The part of `check` that looks for what keeps readers out (WCAG 2.2 AA), and for text that is not
 * what its author meant. */
#ifndef NL_BULLETIN_CHECK_ACCESS_H
#define NL_BULLETIN_CHECK_ACCESS_H

#include "bulletin/markdown.h"
#include "newsletter/base/finding.h"

/* The edition that is examined. */
struct nl_access {
    const char *path;     /* of the edition */
    const char *language; /* of the edition */
    size_t before;        /* lines before the Markdown */
    struct nl_findings *out;
};

/* Examines an edition's Markdown: words of links and pictures, order of headings, heads of tables,
 * lines that only look like a table, passages in other languages, footnotes, code that was meant to
 * be a list.
 */
void nl_check_access(const struct nl_access *access, const struct nl_md_node *document);

/* Examines the raw HTML in it (check_html.c): pictures, tables, contrast of colours. */
void nl_check_raw_html(const struct nl_access *access, const struct nl_md_node *document);

/* Measures the longest word of each paragraph and cell: a telephone has to break it
 * (check_width.c). */
void nl_check_width(const struct nl_access *access, const struct nl_md_node *node);

/* Adds a warning. `line` is one of the Markdown; 0 if it is not known. */
void nl_access_find(const struct nl_access *access, size_t line, const char *rule,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Appends the words that a node shows. */
void nl_access_words(const struct nl_md_node *node, struct nl_buf *out);

/* Whether a text has more than white space. */
bool nl_access_is_blank(const char *text);

#endif
