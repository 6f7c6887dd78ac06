/* A page on which staff look at an issue before it is sent. */
#ifndef NEWSLETTER_BULLETIN_PREVIEW_H
#define NEWSLETTER_BULLETIN_PREVIEW_H

#include "newsletter/base/buf.h"
#include "newsletter/bulletin/bulletin.h"
#include "newsletter/config/config.h"

#include <stdbool.h>

/* The parts of one edition, filled for a sample recipient. Borrowed. */
struct nl_sample {
    const char *page; /* HTML with its images embedded */
    const char *text;
    const char *html; /* the HTML part as it is sent */
    const char *message;
};

/* Writes a page that stands alone: each edition at the width of a phone and of a desktop, light and
 * dark, with its text part, header and sizes. `samples` has one for each of the bulletin's views.
 */
NL_CHECKED enum nl_status nl_preview_compose(const char *name, const struct nl_bulletin *bulletin,
                                             const struct nl_sample *samples,
                                             const struct nl_config *config, struct nl_buf *out,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Fixes a page to dark or light, independent of the browser's preference. */
void nl_preview_scheme(const char *page, bool dark, struct nl_buf *out) NL_ALL_NONNULL;

#endif
