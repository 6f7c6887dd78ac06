/* Sizes of files in words, in the language of a theme. */
#ifndef NEWSLETTER_TEMPLATE_SIZE_H
#define NEWSLETTER_TEMPLATE_SIZE_H

#include "newsletter/template/theme.h"

/* Appends "12 kB" or "1.5 MB" for a number of bytes: kilobytes are rounded up. */
void nl_size_words(const struct nl_theme *theme, size_t bytes, struct nl_buf *out) NL_ALL_NONNULL;

#endif
