#include "newsletter/transfer/clean_picture.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/picture.h"
#include "transfer/pixels.h"

#include <string.h>

enum nl_status nl_picture_clean(const struct nl_buf *data, int width, struct nl_buf *out,
                                struct nl_error *err) {
    const char *type = nl_picture_type(data);
    if (type == NULL)
        return nl_error_set(
            err, NL_DATA,
            NL_TEXT("it is not a picture that mail programs show: use PNG, JPEG or GIF"));
    if (strcmp(type, "image/jpeg") == 0)
        return nl_jpeg_clean(data, width, out, err);
    if (strcmp(type, "image/png") == 0)
        return nl_png_clean(data, width, out, err);
    return nl_gif_clean(data, out, err);
}
