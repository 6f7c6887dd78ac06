/* The tree as the Markdown parser makes it: markdown.c has its blocks and spans, markdown_text.c
 * its words. */
#ifndef NL_BULLETIN_MARKDOWN_BUILDER_H
#define NL_BULLETIN_MARKDOWN_BUILDER_H

#include "bulletin/markdown_source.h"
#include "bulletin/markdown_tree.h"
#include "newsletter/base/error.h"

#include <md4c.h>

struct nl_md_builder {
    struct nl_md_source *source;
    struct nl_md_node *root;
    struct nl_md_node *at;
    struct nl_buf text;   /* the run of characters being read */
    size_t place, line;   /* of the last words; a place is counted from 1 */
    size_t run, run_line; /* of the run of characters */
    bool marked;          /* there are marks of footnotes */
    const char *where;
    struct nl_error *err;
    enum nl_status status;
    int depth;
};

/* Ends the parsing with an error: returns what a callback returns for that. */
int nl_md_stop(struct nl_md_builder *builder, enum nl_status status);

/* Notes where the words stand that the parser returns, in all nodes that begin with them. */
void nl_md_note_place(struct nl_md_builder *builder, const char *text);

/* Ends a run of text, which the parser passes in pieces, and makes it a node. */
void nl_md_end_run(struct nl_md_builder *builder);

/* The parser's callback for text. */
int nl_md_add_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *userdata);

#endif
