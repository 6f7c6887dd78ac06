/* The names of languages, as their speakers write them. */
#ifndef NEWSLETTER_TEMPLATE_LANGUAGE_NAME_H
#define NEWSLETTER_TEMPLATE_LANGUAGE_NAME_H

#include "newsletter/base/buf.h"

/* Appends the name of a language in itself ("Қазақша" for kk), or the tag where none is known. */
void nl_language_name(const char *tag, struct nl_buf *out) NL_ALL_NONNULL;

#endif
