/* The names of languages, as their speakers write them. */
#ifndef NEWSLETTER_TEMPLATE_LANGUAGE_NAME_H
#define NEWSLETTER_TEMPLATE_LANGUAGE_NAME_H

#include "newsletter/base/buf.h"

#include <jansson.h>

/* Appends the name of a language in itself ("Қазақша" for kk), or the tag where none is known. */
void nl_language_name(const char *tag, struct nl_buf *out) NL_ALL_NONNULL;

/* Adds the link to a text in another language to `links`, as languages.html shows them: a point
 * stands after each but the last. `current`: the page is in this language. */
void nl_language_link_add(json_t *links, const char *tag, const char *href,
                          bool current) NL_ALL_NONNULL;

#endif
