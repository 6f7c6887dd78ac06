/* QR codes in photos. */
#ifndef NEWSLETTER_TRANSFER_PHOTO_CODE_H
#define NEWSLETTER_TRANSFER_PHOTO_CODE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

/* The most pixels of a photo, as cameras of telephones make them, and the longest text of a code.
 */
enum { NL_PHOTO_PIXELS = 26000000, NL_PHOTO_TEXT = 1000 };

/* Reads a PNG or JPEG and appends the text of each QR code in it to `out`, with a line end after
 * each. Nothing is appended where there is none. NL_DATA for a file that is not such a picture, is
 * broken, or has too many pixels, which is found out before they are decoded. */
NL_CHECKED enum nl_status nl_photo_codes(const struct nl_buf *data, struct nl_buf *out,
                                         struct nl_error *err) NL_ALL_NONNULL;

#endif
