#include "newsletter/base/qr.h"
#include "newsletter/base/memory.h"

#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

enum { MARGIN = 4 }; /* modules */

enum nl_status nl_qr_svg(struct nl_buf *out, const char *text, const char *label,
                         struct nl_error *err) {
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (code == NULL)
        return nl_error_set(err, NL_DATA, "a text of %zu bytes makes no QR code", strlen(text));
    int side = code->width + 2 * MARGIN;
    nl_buf_addf(out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"qr\" viewBox=\"0 0 %d %d\" "
                "role=\"img\" aria-label=\"%s\" shape-rendering=\"crispEdges\"><rect "
                "width=\"%d\" height=\"%d\" fill=\"#fff\"/><path fill=\"#000\" d=\"",
                side, side, label, side, side);
    for (int y = 0; y < code->width; y++)
        for (int x = 0; x < code->width; x++)
            if ((code->data[y * code->width + x] & 1) != 0)
                nl_buf_addf(out, "M%d %dh1v1h-1z", x + MARGIN, y + MARGIN);
    nl_buf_adds(out, "\"/></svg>");
    QRcode_free(code);
    return NL_OK;
}

enum nl_status nl_qr_modules(const char *text, unsigned char **out, int *side,
                             struct nl_error *err) {
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (code == NULL)
        return nl_error_set(err, NL_DATA, "a text of %zu bytes makes no QR code", strlen(text));
    *side = code->width + 2 * MARGIN;
    *out = nl_malloc((size_t)*side * (size_t)*side);
    memset(*out, 255, (size_t)*side * (size_t)*side);
    for (int y = 0; y < code->width; y++)
        for (int x = 0; x < code->width; x++)
            if ((code->data[y * code->width + x] & 1) != 0)
                (*out)[(y + MARGIN) * *side + x + MARGIN] = 0;
    QRcode_free(code);
    return NL_OK;
}
