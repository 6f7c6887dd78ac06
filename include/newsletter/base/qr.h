/* QR codes (ISO/IEC 18004), as pictures that a page can hold. */
#ifndef NEWSLETTER_BASE_QR_H
#define NEWSLETTER_BASE_QR_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

/* Appends an SVG picture of the text, black on white with the margin that scanners need. `label` is
 * what a screen reader says; it is plain text without markup. NL_DATA if the text is too long. */
NL_CHECKED enum nl_status nl_qr_svg(struct nl_buf *out, const char *text, const char *label,
                                    struct nl_error *err) NL_ALL_NONNULL;

/* The modules of the code with its margin, row by row: 0 for black, 255 for white. The caller frees
 * *out. NL_DATA if the text is too long. */
NL_CHECKED enum nl_status nl_qr_modules(const char *text, unsigned char **out, int *side,
                                        struct nl_error *err) NL_ALL_NONNULL;

#endif
