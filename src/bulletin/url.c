#include "bulletin/render.h"

#include <string.h>

void nl_url_add(struct nl_buf *out, const char *url) {
    static const char hex[] = "0123456789ABCDEF";
    for (const char *p = url; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c > 0x20 && c < 0x7f && strchr("\"<>\\^`", c) == NULL)
            nl_buf_addc(out, (char)c);
        else
            nl_buf_addf(out, "%%%c%c", hex[c >> 4], hex[c & 15]);
    }
}
