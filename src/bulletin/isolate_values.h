/* Values of readers within a text that runs from right to left. */
#ifndef NL_BULLETIN_ISOLATE_VALUES_H
#define NL_BULLETIN_ISOLATE_VALUES_H

#include "bulletin/markdown.h"

/* Puts each variable of a document's texts between isolates (UAX 9 section 2.4), so that a name in
 * other letters, with figures or brackets, changes nothing around it. */
void nl_values_isolate(struct nl_md_node *node);

#endif
