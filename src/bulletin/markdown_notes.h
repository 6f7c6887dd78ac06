/* Footnotes: "[^id]" in the text, "[^id]: ..." where it is defined. */
#ifndef NL_BULLETIN_MARKDOWN_NOTES_H
#define NL_BULLETIN_MARKDOWN_NOTES_H

#include "bulletin/markdown_tree.h"

/* Moves all NL_MD_NOTE to one NL_MD_NOTES at the end of the document, in the order of their first
 * marks, which number them; those without a mark come last and have the number 0. Marks of
 * footnotes that do not exist become text again. */
void nl_md_notes_collect(struct nl_md_node *document);

#endif
