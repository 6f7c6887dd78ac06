/* "Did you mean ...?": the known word that is nearest to a mistyped one. */
#ifndef NEWSLETTER_BASE_SUGGEST_H
#define NEWSLETTER_BASE_SUGGEST_H

#include "newsletter/base/attribute.h"

#include <stddef.h>

/* The number of edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`, counted
 * in bytes. Words of more than 63 bytes count as far apart. */
size_t nl_edit_distance(const char *a, const char *b) NL_ALL_NONNULL;

/* The nearest of `known`, an array that ends with NULL, or NULL where none is near: at most one
 * edit for each three characters of `word`, at least one. A word that `word` begins counts as near
 * too. Borrowed from `known`. */
const char *nl_suggest(const char *word, const char *const *known) NL_NONNULL(1);

#endif
