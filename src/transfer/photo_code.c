#include "newsletter/transfer/photo_code.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/picture.h"
#include "transfer/pixels.h"

#include <stdlib.h>
#include <string.h>
#include <zbar.h>

/* The code is looked for at several sizes: a sharp photo has more pixels than it needs, and noise
 * goes when it is made smaller. */
static const int areas[] = {4000000, 1000000, 300000};

enum { WINDOW_PARTS = 12, DARKER_PERCENT = 93 };

/* One byte for each pixel, 0 for black. */
struct grey {
    unsigned char *data;
    int width, height;
};

static void make_grey(const struct nl_pixels *pixels, struct grey *out) {
    size_t count = (size_t)pixels->width * (size_t)pixels->height;
    const unsigned char *from = pixels->data;
    *out = (struct grey){nl_calloc(count, 1), pixels->width, pixels->height};
    for (size_t i = 0; i < count; i++, from += pixels->depth) {
        int light = (from[0] * 77 + from[1] * 150 + from[2] * 29) >> 8;
        if (pixels->depth == 4) /* on white paper */
            light = (light * from[3] + 255 * (255 - from[3])) / 255;
        out->data[i] = (unsigned char)light;
    }
}

/* ---- light ---- */

/* The sums of all pixels above and left of each. */
static uint32_t *sum_up(const struct grey *grey) {
    size_t row = (size_t)grey->width + 1;
    uint32_t *sums = nl_calloc(row * ((size_t)grey->height + 1), sizeof *sums);
    for (int y = 0; y < grey->height; y++) {
        uint32_t line = 0;
        for (int x = 0; x < grey->width; x++) {
            line += grey->data[(size_t)y * (size_t)grey->width + (size_t)x];
            sums[((size_t)y + 1) * row + (size_t)x + 1] =
                sums[(size_t)y * row + (size_t)x + 1] + line;
        }
    }
    return sums;
}

/* Black is what is darker than its surroundings: a shadow or a lamp over the page does not count.
 */
static void even_light(const struct grey *grey, struct grey *out) {
    int reach = (grey->width > grey->height ? grey->width : grey->height) / WINDOW_PARTS + 1;
    size_t row = (size_t)grey->width + 1;
    uint32_t *sums = sum_up(grey);
    *out = (struct grey){nl_malloc((size_t)grey->width * (size_t)grey->height), grey->width,
                         grey->height};
    for (int y = 0; y < grey->height; y++) {
        size_t top = (size_t)(y > reach ? y - reach : 0);
        size_t bottom = (size_t)(y + reach < grey->height ? y + reach : grey->height);
        for (int x = 0; x < grey->width; x++) {
            size_t left = (size_t)(x > reach ? x - reach : 0);
            size_t right = (size_t)(x + reach < grey->width ? x + reach : grey->width);
            uint64_t area = (bottom - top) * (right - left);
            uint64_t sum = (uint64_t)sums[bottom * row + right] + sums[top * row + left] -
                           sums[top * row + right] - sums[bottom * row + left];
            size_t at = (size_t)y * (size_t)grey->width + (size_t)x;
            out->data[at] = grey->data[at] * area * 100 < sum * DARKER_PERCENT ? 0 : 255;
        }
    }
    free(sums);
}

/* ---- codes ---- */

static void add_codes(zbar_image_t *image, struct nl_buf *out) {
    for (const zbar_symbol_t *symbol = zbar_image_first_symbol(image); symbol != NULL;
         symbol = zbar_symbol_next(symbol)) {
        const char *text = zbar_symbol_get_data(symbol);
        unsigned len = zbar_symbol_get_data_length(symbol);
        if (len == 0 || len > NL_PHOTO_TEXT || memchr(text, '\n', len) != NULL ||
            memchr(text, '\0', len) != NULL)
            continue;
        nl_buf_add(out, text, len);
        nl_buf_addc(out, '\n');
    }
}

static bool scan(const struct grey *grey, struct nl_buf *out) {
    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    zbar_image_t *image = zbar_image_create();
    bool good = scanner != NULL && image != NULL;
    if (good) {
        zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
        zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
        zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
        zbar_image_set_size(image, (unsigned)grey->width, (unsigned)grey->height);
        zbar_image_set_data(image, grey->data, (size_t)grey->width * (size_t)grey->height, NULL);
        if (zbar_scan_image(scanner, image) > 0)
            add_codes(image, out);
    }
    if (image != NULL)
        zbar_image_destroy(image);
    if (scanner != NULL)
        zbar_image_scanner_destroy(scanner);
    return good;
}

/* As the photo is, then in even light. */
static bool scan_both(const struct nl_pixels *pixels, struct nl_buf *out) {
    struct grey grey = {0};
    struct grey even = {0};
    make_grey(pixels, &grey);
    bool good = scan(&grey, out);
    if (good && out->len == 0) {
        even_light(&grey, &even);
        good = scan(&even, out);
    }
    free(grey.data);
    free(even.data);
    return good;
}

static int width_for(const struct nl_pixels *pixels, int area) {
    int64_t width = pixels->width;
    while (width > 16 && width * width * pixels->height / pixels->width > area)
        width = width * 15 / 16;
    return (int)width;
}

enum nl_status nl_photo_codes(const struct nl_buf *data, struct nl_buf *out, struct nl_error *err) {
    struct nl_picture_size size = nl_picture_size(data);
    const char *type = nl_picture_type(data);
    struct nl_pixels pixels = {0};
    bool jpeg = type != NULL && strcmp(type, "image/jpeg") == 0;
    size_t before = out->len;
    if (!jpeg && (type == NULL || strcmp(type, "image/png") != 0))
        return nl_error_set(err, NL_DATA, NL_TEXT("it is not a photo: use JPEG or PNG"));
    if ((int64_t)size.width * size.height > NL_PHOTO_PIXELS)
        return nl_error_set(err, NL_DATA, NL_TEXT("the photo is too large: make it smaller"));
    enum nl_status status =
        jpeg ? nl_jpeg_pixels(data, &pixels, err) : nl_png_pixels(data, &pixels, err);
    for (size_t i = 0; status == NL_OK && out->len == before && i < 3; i++) {
        nl_pixels_shrink(&pixels, width_for(&pixels, areas[i]));
        if (!scan_both(&pixels, out))
            status = nl_error_nomem(err);
    }
    free(pixels.data);
    return status;
}
