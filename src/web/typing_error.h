/* Typing errors in the domains of well-known providers. */
#ifndef NL_WEB_TYPING_ERROR_H
#define NL_WEB_TYPING_ERROR_H

#include "newsletter/base/buf.h"

/* Appends the address that was probably meant: the same at the provider (providers.txt) whose
 * domain is one edit away, or two for a longer one. Appends nothing if the domain is a provider's,
 * or like none. */
void nl_typing_error(const char *address, struct nl_buf *out);

#endif
