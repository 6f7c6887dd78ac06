/* Invisible characters that turn the direction of a text. */
#ifndef NL_BULLETIN_DIRECTIONS_H
#define NL_BULLETIN_DIRECTIONS_H

#include "bulletin/markdown.h"

/* Refuses a document in which a paragraph, the text of a link, or the words for a picture show
 * letters in an order that is not theirs, or turn what stands after them
 * (nl_text_check_directions). `where` names the issue. */
enum nl_status nl_directions_check(const struct nl_md_node *document, const char *where,
                                   struct nl_error *err);

#endif
