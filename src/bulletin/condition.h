/* Conditional passages in Markdown: {{#name}} ... {{/name}} is for subscribers with a name,
 * {{^name}} ... {{/name}} for the others. */
#ifndef NL_BULLETIN_CONDITION_H
#define NL_BULLETIN_CONDITION_H

#include "bulletin/markdown.h"

/* Turns the tags in the document's text into nodes of their own. A tag at the edge of a paragraph,
 * item or list whose partner is elsewhere moves out of it, so that both stand between blocks; a tag
 * on a line of its own ends the paragraph. It is an error if the two tags of a pair still have
 * different parents, since leaving the passage out would then leave half an element. `where` names
 * the issue. Variables of a text that runs from right to left (`rtl`) are put between
 * isolates. */
enum nl_status nl_conditions_place(struct nl_md_node *document, bool rtl, const char *where,
                                   struct nl_error *err);

#endif
