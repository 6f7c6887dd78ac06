#include "transfer/rtf_packed.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

/* Section 2.1.1: the header, and the window, which begins with what many texts have. */
enum { HEADER = 16, WINDOW = 4096, COUNTED = 4 /* the first size does not count itself */ };

static const uint32_t PACKED = 0x75465a4c, PLAIN = 0x414c454d; /* "LZFu" and "MELA" */

static const char begin[] =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    "\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier"
    "{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

struct unpacking {
    const unsigned char *at, *end;
    unsigned char window[WINDOW];
    size_t place; /* in the window, where the next byte goes */
    size_t most;
    struct nl_buf *out;
};

static uint32_t number_at(const struct nl_buf *data, size_t at) {
    const unsigned char *p = (const unsigned char *)data->data + at;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* False if there would be more than was claimed. */
static bool put(struct unpacking *unpacking, unsigned char c) {
    if (unpacking->most == 0)
        return false;
    unpacking->most--;
    nl_buf_addc(unpacking->out, (char)c);
    unpacking->window[unpacking->place] = c;
    unpacking->place = (unpacking->place + 1) % WINDOW;
    return true;
}

/* A run of bytes from the window; *last is set for the reference that ends all. */
static bool put_run(struct unpacking *unpacking, bool *last) {
    if (unpacking->end - unpacking->at < 2)
        return false;
    size_t from = (size_t)unpacking->at[0] << 4 | unpacking->at[1] >> 4;
    size_t count = (unpacking->at[1] & 15U) + 2;
    unpacking->at += 2;
    *last = from == unpacking->place;
    while (!*last && count-- > 0) {
        if (!put(unpacking, unpacking->window[from]))
            return false;
        from = (from + 1) % WINDOW;
    }
    return true;
}

/* Section 2.2.3: a byte says by its bits which of the next eight are runs. */
static bool unpack(struct unpacking *unpacking) {
    bool last = false;
    while (!last && unpacking->at < unpacking->end) {
        unsigned runs = *unpacking->at++;
        for (int i = 0; i < 8 && !last; i++, runs >>= 1) {
            if ((runs & 1) != 0
                    ? !put_run(unpacking, &last)
                    : unpacking->at == unpacking->end || !put(unpacking, *unpacking->at++))
                return unpacking->at == unpacking->end && unpacking->most == 0;
        }
    }
    return last || unpacking->most == 0;
}

/* The checksum is that of RFC 1952 without its two inversions (section 2.1.3.2). */
static bool is_intact(const struct nl_buf *data, size_t len) {
    const unsigned char *from = (const unsigned char *)data->data + HEADER;
    uint32_t sum = 0xFFFFFFFFU ^ (uint32_t)crc32(0xFFFFFFFFU, from, (uInt)(len - HEADER));
    return sum == number_at(data, 12);
}

enum nl_status nl_rtf_unpack(const struct nl_buf *data, size_t limit, struct nl_buf *out,
                             struct nl_error *err) {
    const char *broken = "the RTF text of the mail is broken";
    if (data->len < HEADER)
        return nl_error_set(err, NL_DATA, "%s", broken);
    size_t len = (size_t)number_at(data, 0) + COUNTED;
    uint32_t raw = number_at(data, 4);
    uint32_t kind = number_at(data, 8);
    if (len < HEADER || len > data->len || (kind != PACKED && kind != PLAIN))
        return nl_error_set(err, NL_DATA, "%s", broken);
    if (raw > limit)
        return nl_error_set(err, NL_DATA, "the RTF text of the mail is too large");
    struct unpacking unpacking = {.at = (const unsigned char *)data->data + HEADER,
                                  .end = (const unsigned char *)data->data + len,
                                  .place = sizeof begin - 1,
                                  .most = raw,
                                  .out = out};
    memset(unpacking.window, ' ', sizeof unpacking.window);
    memcpy(unpacking.window, begin, sizeof begin - 1);
    bool good = kind == PLAIN ? raw <= len - HEADER : is_intact(data, len) && unpack(&unpacking);
    if (good && kind == PLAIN)
        nl_buf_add(out, data->data + HEADER, raw);
    if (!good)
        return nl_error_set(err, NL_DATA, "%s", broken);
    return NL_OK;
}
