/* Translations of the texts that subscribers read, from gettext's compiled catalogs (.mo). */
#ifndef NEWSLETTER_BASE_CATALOG_H
#define NEWSLETTER_BASE_CATALOG_H

#include "newsletter/base/error.h"

#include <stddef.h>

struct nl_catalog;

/* Opens the catalog that serves `language` best: its own, else that of its primary subtag. Each is
 * looked for in `folder` (LANGUAGE.mo; `folder` may be NULL), then among the built-in ones. Without
 * a catalog the texts stay English. Free with nl_catalog_free. */
NL_CHECKED enum nl_status nl_catalog_open(const char *folder, const char *language,
                                          struct nl_catalog **out, struct nl_error *err)
    NL_NONNULL(3);

/* The language that the texts are in. Owned by the catalog. */
const char *nl_catalog_language(const struct nl_catalog *catalog) NL_ALL_NONNULL;

/* The translation of `text`, in `context` where it has one (NULL for none), or `text` itself. */
const char *nl_catalog_text(const struct nl_catalog *catalog, const char *context, const char *text)
    NL_NONNULL(1);

/* The translation of a text with a number `n` in it: `one` is the English text for 1, `many` for
 * any other number. */
const char *nl_catalog_plural(const struct nl_catalog *catalog, const char *one, const char *many,
                              unsigned long n) NL_ALL_NONNULL;

/* The text of an error in the language of the catalog; a format without a translation stays
 * English. A translation may change the order of its conversions by `%2$s`. Free with free(). */
char *nl_catalog_error(const struct nl_catalog *catalog, const struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` with every language that has a catalog, English first. */
NL_CHECKED enum nl_status nl_catalog_each(const char *folder,
                                          enum nl_status (*each)(const char *language, void *ctx,
                                                                 struct nl_error *err),
                                          void *ctx, struct nl_error *err) NL_NONNULL(2);

void nl_catalog_free(struct nl_catalog *catalog);

/* Mark texts for tools/messages, which collects them: texts of pages and mails, and formats of
 * nl_error_set that a page may show. */
#define NL_TEXT(text) text
#define NL_TEXT_IN(context, text) text
#define NL_TEXTS(one, many) one, many

#endif
