/* Which form of a word stands with a number, by the rule in the head of a gettext catalog. */
#ifndef NEWSLETTER_BASE_PLURAL_H
#define NEWSLETTER_BASE_PLURAL_H

#include "newsletter/base/attribute.h"

#include <stddef.h>

/* The number of the form for `n`, from 0, and below `forms`, which is how many a text has. `head`
 * holds a line "Plural-Forms: nplurals=3; plural=(n%10==1 ? 0 : ...);", whose expression is one of
 * C over n (GNU gettext manual, "Plural forms"). Without such a rule, or with one that cannot be
 * evaluated, it is that of English: 0 for one, 1 for any other number. */
size_t nl_plural_form(const char *head, unsigned long n, size_t forms) NL_ALL_NONNULL;

#endif
