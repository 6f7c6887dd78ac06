/* Lettered lists. "a)" opens no list in CommonMark, so its items arrive as paragraphs, or as lines
 * of one. */
#ifndef NL_BULLETIN_LETTERED_H
#define NL_BULLETIN_LETTERED_H

#include "bulletin/markdown_tree.h"

/* Turns each run of paragraphs "a) ...", "b) ..." below `node` into a list. Working on the tree, it
 * takes no line of a code block for an item. False without memory. */
bool nl_lettered_lists(struct nl_md_node *node);

#endif
