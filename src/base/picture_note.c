#include "newsletter/base/picture.h"

#include <stdint.h>
#include <string.h>

/* Tags of the first directory, and how many entries of one are looked at. */
enum { ORIENTATION = 0x0112, GPS_DIRECTORY = 0x8825, ENTRY = 12, ENTRIES_MOST = 512 };

/* A PNG begins with a signature; a chunk has its length, type and checksum around its data. */
enum { SIGNATURE = 8, CHUNK = 12 };

/* A TIFF structure in memory, in either order of bytes. */
struct tiff {
    const unsigned char *at;
    size_t len;
    bool big;
};

static uint32_t number_at(const struct tiff *tiff, size_t offset, size_t bytes) {
    uint32_t value = 0;
    if (offset > tiff->len || tiff->len - offset < bytes)
        return 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | tiff->at[offset + (tiff->big ? i : bytes - 1 - i)];
    return value;
}

static void read_directory(const struct tiff *tiff, struct nl_picture_note *out) {
    size_t offset = number_at(tiff, 4, 4);
    uint32_t count = number_at(tiff, offset, 2);
    for (uint32_t i = 0; i < count && i < ENTRIES_MOST; i++) {
        size_t entry = offset + 2 + (size_t)i * ENTRY;
        uint32_t tag = number_at(tiff, entry, 2);
        uint32_t value = number_at(tiff, entry + 8, 2);
        if (tag == ORIENTATION && value >= 1 && value <= 8)
            out->turn = (int)value;
        if (tag == GPS_DIRECTORY)
            out->place = out->place || number_at(tiff, number_at(tiff, entry + 8, 4), 2) > 0;
    }
}

static void read_exif(const unsigned char *at, size_t len, struct nl_picture_note *out) {
    struct tiff tiff = {at, len, len > 0 && at[0] == 'M'};
    if (len >= 8 && (memcmp(at, "II*\0", 4) == 0 || memcmp(at, "MM\0*", 4) == 0))
        read_directory(&tiff, out);
}

/* Segments of a JPEG before its first scan; Exif is in one of the kind APP1. */
static void read_jpeg(const unsigned char *bytes, size_t len, struct nl_picture_note *out) {
    static const char exif[] = "Exif\0"; /* with two NUL bytes */
    for (size_t at = 2; at + 4 < len && bytes[at] == 0xff && bytes[at + 1] != 0xda;) {
        size_t size = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        if (size < 2 || size > len - at - 2)
            return;
        if (bytes[at + 1] == 0xe1 && size > 2 + sizeof exif &&
            memcmp(bytes + at + 4, exif, sizeof exif) == 0)
            read_exif(bytes + at + 4 + sizeof exif, size - 2 - sizeof exif, out);
        at += 2 + size;
    }
}

bool nl_png_next(const struct nl_buf *data, size_t *at, struct nl_png_chunk *out) {
    size_t begin = *at > 0 ? *at : SIGNATURE;
    if (data->len < begin || data->len - begin < CHUNK)
        return false;
    const unsigned char *bytes = (const unsigned char *)data->data + begin;
    const struct tiff length = {bytes, 4, true};
    *out = (struct nl_png_chunk){bytes + 4, bytes + 8, number_at(&length, 0, 4)};
    *at = begin + CHUNK + out->len;
    return out->len <= data->len - begin - CHUNK;
}

static void read_png(const struct nl_buf *data, struct nl_picture_note *out) {
    struct nl_png_chunk chunk;
    for (size_t at = 0; nl_png_next(data, &at, &chunk);)
        if (memcmp(chunk.type, "eXIf", 4) == 0)
            read_exif(chunk.data, chunk.len, out);
}

struct nl_picture_note nl_picture_note(const struct nl_buf *data) {
    static const char xmp[] = "exif:GPSLatitude"; /* XMP, a text, in any of the formats */
    struct nl_picture_note note = {.turn = 1};
    const char *type = nl_picture_type(data);
    const unsigned char *bytes = (const unsigned char *)data->data;
    if (type == NULL)
        return note;
    if (strcmp(type, "image/jpeg") == 0)
        read_jpeg(bytes, data->len, &note);
    if (strcmp(type, "image/png") == 0)
        read_png(data, &note);
    note.place = note.place || memmem(data->data, data->len, xmp, sizeof xmp - 1) != NULL;
    return note;
}
