/* QR codes as files of pictures, for mail, where programs show no SVG. */
#ifndef NEWSLETTER_TRANSFER_QR_PICTURE_H
#define NEWSLETTER_TRANSFER_QR_PICTURE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

/* Appends a PNG of the text, with the margin that scanners need, of that many pixels for each
 * module.
 */
NL_CHECKED enum nl_status nl_qr_png(const char *text, int scale, struct nl_buf *out,
                                    struct nl_error *err) NL_ALL_NONNULL;

#endif
