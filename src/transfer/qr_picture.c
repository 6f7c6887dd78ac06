#include "newsletter/transfer/qr_picture.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/qr.h"

#include <png.h>
#include <stdlib.h>

static enum nl_status write_png(const unsigned char *pixels, int side, struct nl_buf *out,
                                struct nl_error *err) {
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)side,
                       .height = (png_uint_32)side,
                       .format = PNG_FORMAT_GRAY};
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    enum nl_status status = NL_OK;
    nl_buf_reserve(out, size + 1);
    if (!png_image_write_to_memory(&image, out->data + out->len, &size, 0, pixels, 0, NULL))
        status = nl_error_nomem(err);
    if (status == NL_OK) {
        out->len += size;
        out->data[out->len] = '\0';
    }
    png_image_free(&image);
    return status;
}

enum nl_status nl_qr_png(const char *text, int scale, struct nl_buf *out, struct nl_error *err) {
    unsigned char *modules = NULL;
    int side = 0;
    enum nl_status status = nl_qr_modules(text, &modules, &side, err);
    if (status != NL_OK)
        return status;
    int large = side * scale;
    unsigned char *pixels = nl_malloc((size_t)large * (size_t)large);
    for (int y = 0; y < large; y++)
        for (int x = 0; x < large; x++)
            pixels[(size_t)y * (size_t)large + (size_t)x] = modules[(y / scale) * side + x / scale];
    status = write_png(pixels, large, out, err);
    free(pixels);
    free(modules);
    return status;
}
