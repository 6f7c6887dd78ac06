/* The words of a page that its readers see. */
#ifndef NEWSLETTER_BULLETIN_VISIBLE_H
#define NEWSLETTER_BULLETIN_VISIBLE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

/* Appends the text within <main> of a page of ours (all of it where there is none), each paragraph,
 * label and button on a line of its own, without what is hidden from readers. len < INT_MAX. */
NL_CHECKED enum nl_status nl_visible_text(const char *html, size_t len, struct nl_buf *out,
                                          struct nl_error *err) NL_ALL_NONNULL;

#endif
