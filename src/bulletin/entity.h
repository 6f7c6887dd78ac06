/* Entities of HTML in Markdown, such as "&nbsp;". */
#ifndef NL_BULLETIN_ENTITY_H
#define NL_BULLETIN_ENTITY_H

#include "newsletter/base/buf.h"

/* Appends the characters that an entity stands for; an unknown one as it was written. */
void nl_entity_add(struct nl_buf *out, const char *text, size_t len);

#endif
