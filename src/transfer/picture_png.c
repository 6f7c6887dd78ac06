#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/picture.h"
#include "transfer/pixels.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

/* Colours of a palette: 256 of four bytes. */
enum { PALETTE = 1024 };

static enum nl_status broken(struct nl_error *err) {
    return nl_error_set(err, NL_DATA, NL_TEXT("the picture is broken"));
}

static enum nl_status write_png(png_image *image, const void *pixels, const void *palette,
                                struct nl_buf *out, struct nl_error *err) {
    png_alloc_size_t size = 0;
    if (!png_image_write_to_memory(image, NULL, &size, 0, pixels, 0, palette))
        return broken(err);
    nl_buf_reserve(out, size + 1);
    if (!png_image_write_to_memory(image, out->data + out->len, &size, 0, pixels, 0, palette))
        return broken(err);
    out->len += size;
    out->data[out->len] = '\0';
    return NL_OK;
}

/* Colours stay as they are written: a palette stays one. */
static enum nl_status copy_exactly(png_image *image, struct nl_buf *out, struct nl_error *err) {
    unsigned char palette[PALETTE];
    image->format &= (png_uint_32) ~(PNG_FORMAT_FLAG_LINEAR);
    unsigned char *pixels = nl_malloc(PNG_IMAGE_SIZE(*image));
    enum nl_status status = png_image_finish_read(image, NULL, pixels, 0, palette)
                                ? write_png(image, pixels, palette, out, err)
                                : broken(err);
    free(pixels);
    return status;
}

/* Decodes the picture and turns it. */
static enum nl_status read_pixels(png_image *image, int turn, struct nl_pixels *out,
                                  struct nl_error *err) {
    bool opaque = (image->format & PNG_FORMAT_FLAG_ALPHA) == 0;
    image->format = opaque ? PNG_FORMAT_RGB : PNG_FORMAT_RGBA;
    *out = (struct nl_pixels){nl_malloc(PNG_IMAGE_SIZE(*image)), (int)image->width,
                              (int)image->height, opaque ? 3 : 4};
    if (!png_image_finish_read(image, NULL, out->data, 0, NULL))
        return broken(err);
    nl_pixels_turn(out, turn);
    return NL_OK;
}

static enum nl_status rework(png_image *image, int turn, int width, struct nl_buf *out,
                             struct nl_error *err) {
    struct nl_pixels pixels = {0};
    enum nl_status status = read_pixels(image, turn, &pixels, err);
    if (status == NL_OK) {
        nl_pixels_shrink(&pixels, width);
        png_image made = {.version = PNG_IMAGE_VERSION,
                          .width = (png_uint_32)pixels.width,
                          .height = (png_uint_32)pixels.height,
                          .format = pixels.depth == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_RGBA};
        status = write_png(&made, pixels.data, NULL, out, err);
        png_image_free(&made);
    }
    free(pixels.data);
    return status;
}

/* Whether each chunk is there as long as it says. libpng takes that much memory for some of them
 * before it reads them: up to 2 GiB for a file of a hundred bytes. */
static bool are_chunks_whole(const struct nl_buf *data) {
    struct nl_png_chunk chunk;
    for (size_t at = 0; nl_png_next(data, &at, &chunk);)
        if (memcmp(chunk.type, "IEND", 4) == 0)
            return true;
    return false;
}

static enum nl_status begin_reading(png_image *image, const struct nl_buf *data,
                                    struct nl_error *err) {
    enum nl_status status = are_chunks_whole(data) ? NL_OK : broken(err);
    if (status == NL_OK && !png_image_begin_read_from_memory(image, data->data, data->len))
        status = broken(err);
    return status == NL_OK ? nl_pixels_check(image->width, image->height, err) : status;
}

enum nl_status nl_png_pixels(const struct nl_buf *data, struct nl_pixels *out,
                             struct nl_error *err) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    enum nl_status status = begin_reading(&image, data, err);
    *out = (struct nl_pixels){0};
    if (status == NL_OK)
        status = read_pixels(&image, nl_picture_note(data).turn, out, err);
    png_image_free(&image);
    if (status != NL_OK) {
        free(out->data);
        *out = (struct nl_pixels){0};
    }
    return status;
}

enum nl_status nl_png_clean(const struct nl_buf *data, int width, struct nl_buf *out,
                            struct nl_error *err) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    int turn = nl_picture_note(data).turn;
    enum nl_status status = begin_reading(&image, data, err);
    if (status == NL_OK)
        status = turn == 1 && image.width <= (png_uint_32)width
                     ? copy_exactly(&image, out, err)
                     : rework(&image, turn, width, out, err);
    png_image_free(&image);
    return status;
}
