/* Values of another direction within a text. */
#ifndef NL_TEMPLATE_ISOLATE_H
#define NL_TEMPLATE_ISOLATE_H

#include "newsletter/base/attribute.h"

#include <stdbool.h>

/* True for a value that would disturb the order of a text around it, which runs from right to left
 * or not: a name in Latin letters within Arabic, or a telephone number, whose groups would change
 * places. It is put between the characters FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE (UAX 9
 * section 2.4). Addresses and URLs need none, and programs would take it as a part of the link. */
bool nl_isolate_needed(const char *value, bool rtl) NL_ALL_NONNULL;

#define NL_ISOLATE "\u2068"
#define NL_ISOLATE_END "\u2069"

#endif
