/* The writer of the text part (plain.c), whose words plain_inline.c and whose
 * tables plain_table.c write. */
#ifndef NL_BULLETIN_PLAIN_H
#define NL_BULLETIN_PLAIN_H

#include "bulletin/render.h"

struct nl_plain_writer {
    struct nl_buf *out;
    struct nl_buf links; /* the numbered list for the end */
    size_t link_count;
    bool blank; /* the next block needs a blank line before it */
};

/* Appends the words that a node holds to `out`. Adds its links to the list. */
void nl_plain_inlines(struct nl_plain_writer *writer, const struct nl_md_node *node,
                      struct nl_buf *out);

/* Appends the number of a footnote in superscript digits, since "[1]" is a link. */
void nl_plain_small_number(struct nl_buf *out, int number);

/* Writes a table, each line after `rest`. */
void nl_plain_table(struct nl_plain_writer *writer, const struct nl_md_node *node,
                    const char *rest);

#endif
