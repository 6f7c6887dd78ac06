/* Errors that are stored, so that a page can word them later in a language of its own. */
#ifndef NEWSLETTER_BASE_KEPT_ERROR_H
#define NEWSLETTER_BASE_KEPT_ERROR_H

#include "newsletter/base/catalog.h"

#include <jansson.h>

/* The parts of an error as JSON: for each an array of its format and the words that were put in,
 * such as [["line %zu", "7"], ["there is no address"]]. NULL for an error that cannot be taken
 * apart, or has a word that is not UTF-8: its text is all there is. */
json_t *nl_error_keep(const struct nl_error *err) NL_ALL_NONNULL;

/* The text of such parts in the language of the catalog, as nl_catalog_error; `text` where they are
 * NULL or none. Free with free(). */
char *nl_catalog_kept(const struct nl_catalog *catalog, const json_t *kept, const char *text)
    NL_NONNULL(1, 3);

#endif
