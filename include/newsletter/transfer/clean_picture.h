/* Pictures from outside, decoded and written again: whatever else was in the file is gone. */
#ifndef NEWSLETTER_TRANSFER_CLEAN_PICTURE_H
#define NEWSLETTER_TRANSFER_CLEAN_PICTURE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

/* The width of a picture in a mail, in the pixels of a fine screen, which has two for one; and the
 * most pixels that are decoded. */
enum { NL_PICTURE_WIDTH = 1200, NL_PICTURE_PIXELS = 50000000 };

/* Reads a PNG, JPEG or GIF and appends it to `out` as a file of the same kind: without notes of
 * cameras and programs, turned as the camera was held, and no wider than `width` pixels. A JPEG
 * that needs neither keeps its pixels exactly. An animation keeps its size. NL_DATA for a file that
 * is none of these, is broken, or has too many pixels, which is found out before they are decoded.
 */
NL_CHECKED enum nl_status nl_picture_clean(const struct nl_buf *data, int width, struct nl_buf *out,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
