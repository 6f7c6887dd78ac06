/* Language tags (RFC 5646) and choosing among the available ones (RFC 4647 section 3.4). */
#ifndef NEWSLETTER_BASE_LANGUAGE_H
#define NEWSLETTER_BASE_LANGUAGE_H

#include "newsletter/base/attribute.h"

#include <stdbool.h>

/* True for letters, digits and hyphens that begin with two or three letters, 35 at most. */
bool nl_language_is_tag(const char *text) NL_ALL_NONNULL;

enum { NL_LANGUAGE_TAG = 36 }; /* bytes of the longest tag, with its end */

/* The first choice that an Accept-Language field names (RFC 9110 section 12.5.4), "" if it names
 * none. `header` may be NULL. */
void nl_language_preferred(const char *header, char out[NL_LANGUAGE_TAG]) NL_NONNULL(2);

/* How well a text serves a reader, from the worst to the best. */
enum nl_language_match {
    NL_LANGUAGE_OTHER,
    NL_LANGUAGE_VARIETY, /* another variety of the language: pt-PT for pt-BR */
    NL_LANGUAGE_PRIMARY, /* the language without a variety: pt for pt-BR */
    NL_LANGUAGE_SAME
};

/* How well a text in language `have` serves a reader who wants `want`. Either may be NULL. */
enum nl_language_match nl_language_match(const char *want, const char *have);

/* The language of a tag without its variety, in lower case: "pt" for pt-BR. */
void nl_language_primary(const char *tag, char out[NL_LANGUAGE_TAG]) NL_ALL_NONNULL;

/* True for a language written from right to left. */
bool nl_language_is_rtl(const char *tag) NL_ALL_NONNULL;

/* The comma between two values, with the space after it where there is one. */
const char *nl_language_comma(const char *tag) NL_ALL_NONNULL;

#endif
