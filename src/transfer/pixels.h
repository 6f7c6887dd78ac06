/* A decoded picture. */
#ifndef NL_TRANSFER_PIXELS_H
#define NL_TRANSFER_PIXELS_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdint.h>

/* Rows from the top, without gaps: 3 bytes for each pixel, or 4 with opacity. `data` is owned. */
struct nl_pixels {
    unsigned char *data;
    int width, height, depth;
};

/* NL_DATA for a picture with too many pixels, or none. */
NL_CHECKED enum nl_status nl_pixels_check(int64_t width, int64_t height,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Makes it `width` pixels wide, where it is wider: each new pixel is the mean of the area that it
 * stands for. */
void nl_pixels_shrink(struct nl_pixels *pixels, int width) NL_ALL_NONNULL;

/* Turns it, by the value of the Exif tag Orientation. */
void nl_pixels_turn(struct nl_pixels *pixels, int turn) NL_ALL_NONNULL;

/* Decodes a picture, turned as the camera was held. The caller frees out->data. */
NL_CHECKED enum nl_status nl_jpeg_pixels(const struct nl_buf *data, struct nl_pixels *out,
                                         struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_png_pixels(const struct nl_buf *data, struct nl_pixels *out,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* One file for each format. */
NL_CHECKED enum nl_status nl_jpeg_clean(const struct nl_buf *data, int width, struct nl_buf *out,
                                        struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_png_clean(const struct nl_buf *data, int width, struct nl_buf *out,
                                       struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_gif_clean(const struct nl_buf *data, struct nl_buf *out,
                                       struct nl_error *err) NL_ALL_NONNULL;

#endif
