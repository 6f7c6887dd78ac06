/* Signs of list items: which list items of the tree had which sign in the author's text. */
#ifndef NL_BULLETIN_MARKDOWN_LISTS_H
#define NL_BULLETIN_MARKDOWN_LISTS_H

#include "bulletin/markdown_source.h"
#include "bulletin/markdown_tree.h"

/* Gives the items of numbered lists their signs, and makes those of footnotes NL_MD_NOTE. A list
 * needs two signs that follow each other, or one that goes on with a list before; else its signs
 * are refused in `source`, and *again is set: the text is to be parsed once more. */
void nl_md_lists_settle(struct nl_md_node *document, struct nl_md_source *source, bool *again);

#endif
