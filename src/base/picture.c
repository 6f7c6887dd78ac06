#include "newsletter/base/picture.h"

#include <stdbool.h>
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

/* The size stands in the first frame header (SOF), after other segments that give their length. */
static struct nl_picture_size jpeg_size(const unsigned char *bytes, size_t len) {
    size_t at = 2;
    while (at + 9 < len && bytes[at] == 0xff) {
        unsigned char marker = bytes[at + 1];
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc)
            return (struct nl_picture_size){.width = big_endian(bytes + at + 7),
                                            .height = big_endian(bytes + at + 5)};
        at += 2 + (size_t)big_endian(bytes + at + 2);
    }
    return (struct nl_picture_size){0};
}

struct nl_picture_size nl_picture_size(const struct nl_buf *data) {
    const char *type = nl_picture_type(data);
    const unsigned char *bytes = (const unsigned char *)data->data;
    struct nl_picture_size none = {0};
    if (type == NULL || data->len < 24)
        return none;
    if (strcmp(type, "image/jpeg") == 0)
        return jpeg_size(bytes, data->len);
    if (strcmp(type, "image/gif") == 0)
        return (struct nl_picture_size){bytes[6] | bytes[7] << 8, bytes[8] | bytes[9] << 8};
    bool small = bytes[16] == 0 && bytes[17] == 0 && bytes[20] == 0 && bytes[21] == 0;
    return small ? (struct nl_picture_size){big_endian(bytes + 18), big_endian(bytes + 22)} : none;
}
