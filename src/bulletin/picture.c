#include "bulletin/picture.h"

#include <string.h>

static const struct format {
    const char *start;
    size_t len;
    const char *type;
} formats[] = {{"\x89PNG\r\n\x1a\n", 8, "image/png"},
               {"\xff\xd8\xff", 3, "image/jpeg"},
               {"GIF87a", 6, "image/gif"},
               {"GIF89a", 6, "image/gif"}};

const char *nl_picture_type(const struct nl_buf *data) {
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (data->len > formats[i].len && memcmp(data->data, formats[i].start, formats[i].len) == 0)
            return formats[i].type;
    return NULL;
}

static int big_endian(const unsigned char *bytes) {
    return bytes[0] << 8 | bytes[1];
}

/* The width stands in the first frame header (SOF), after other segments that give their length. */
static int jpeg_width(const unsigned char *bytes, size_t len) {
    size_t at = 2;
    while (at + 9 < len && bytes[at] == 0xff) {
        unsigned char marker = bytes[at + 1];
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc)
            return big_endian(bytes + at + 7);
        at += 2 + (size_t)big_endian(bytes + at + 2);
    }
    return 0;
}

int nl_picture_width(const struct nl_buf *data) {
    const char *type = nl_picture_type(data);
    const unsigned char *bytes = (const unsigned char *)data->data;
    if (type == NULL || data->len < 24)
        return 0;
    if (strcmp(type, "image/png") == 0)
        return bytes[16] == 0 && bytes[17] == 0 ? big_endian(bytes + 18) : 0;
    if (strcmp(type, "image/gif") == 0)
        return bytes[6] | bytes[7] << 8;
    return jpeg_width(bytes, data->len);
}
