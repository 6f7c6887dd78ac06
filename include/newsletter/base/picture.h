/* The type and size of a picture, from its first bytes. */
#ifndef NEWSLETTER_BASE_PICTURE_H
#define NEWSLETTER_BASE_PICTURE_H

#include "newsletter/base/buf.h"

#include <stdbool.h>

/* The media type of a PNG, JPEG or GIF, a constant; NULL for anything else. */
const char *nl_picture_type(const struct nl_buf *data) NL_ALL_NONNULL;

/* Its size in pixels; 0 and 0 if it is not known. */
struct nl_picture_size {
    int width, height;
};
struct nl_picture_size nl_picture_size(const struct nl_buf *data) NL_ALL_NONNULL;

/* Notes of a camera or a telephone in a picture (Exif 2.32, section 4.6). */
struct nl_picture_note {
    int turn;   /* the Orientation tag, from 1 (as it is) to 8 */
    bool place; /* it says where it was taken */
};
struct nl_picture_note nl_picture_note(const struct nl_buf *data) NL_ALL_NONNULL;

/* A chunk of a PNG (RFC 2083, section 3.2), in the data of the picture: its type is four bytes. */
struct nl_png_chunk {
    const unsigned char *type, *data;
    size_t len;
};

/* The chunk that begins at `*at`, 0 for the first one; `*at` moves on to the next. False at the end
 * of the picture, and where a chunk is not there as long as it says. */
bool nl_png_next(const struct nl_buf *data, size_t *at, struct nl_png_chunk *out) NL_ALL_NONNULL;

#endif
