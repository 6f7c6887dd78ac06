#include "transfer/pixels.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"
#include "newsletter/transfer/clean_picture.h"

#include <stdlib.h>
#include <string.h>

enum { SIDE_MOST = 30000 };

enum nl_status nl_pixels_check(int64_t width, int64_t height, struct nl_error *err) {
    if (width < 1 || height < 1)
        return nl_error_set(err, NL_DATA, NL_TEXT("the picture is broken"));
    if (width > SIDE_MOST || height > SIDE_MOST || width * height > NL_PICTURE_PIXELS)
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("the picture has %lld x %lld pixels, and at most %d million "
                                    "are allowed: make it smaller"),
                            (long long)width, (long long)height, NL_PICTURE_PIXELS / 1000000);
    return NL_OK;
}

static unsigned char *new_pixels(int64_t width, int64_t height, int depth) {
    return nl_malloc((size_t)(width * height * depth));
}

/* ---- shrinking ---- */

/* Sums of a row of the new picture: of colours by opacity, and of opacity. Weights are counted in
 * parts of an old pixel: `parts` of them to one side. */
struct shrinking {
    const struct nl_pixels *from;
    int width, height;
    uint64_t *sums; /* four for each new pixel */
};

/* Adds one old row, `weight` times. An old pixel is `width` parts wide, a new one `from->width`. */
static void add_row(const struct shrinking *self, const unsigned char *row, uint64_t weight) {
    int depth = self->from->depth;
    int64_t to = 0;
    int64_t room = self->from->width;
    for (int x = 0; x < self->from->width; x++, row += depth) {
        int64_t left = self->width;
        uint64_t alpha = depth == 4 ? row[3] : 255;
        while (left > 0 && to < self->width) {
            int64_t part = left < room ? left : room;
            uint64_t *sum = self->sums + to * 4;
            uint64_t share = (uint64_t)part * weight * alpha;
            for (int i = 0; i < 3; i++)
                sum[i] += share * row[i];
            sum[3] += share;
            left -= part;
            room -= part;
            if (room == 0) {
                room = self->from->width;
                to++;
            }
        }
    }
}

static void take_row(const struct shrinking *self, unsigned char *row) {
    uint64_t area = (uint64_t)self->from->width * (uint64_t)self->from->height;
    for (int x = 0; x < self->width; x++, row += self->from->depth) {
        const uint64_t *sum = self->sums + (size_t)x * 4;
        for (int i = 0; i < 3; i++)
            row[i] = (unsigned char)(sum[3] > 0 ? (sum[i] + sum[3] / 2) / sum[3] : 0);
        if (self->from->depth == 4)
            row[3] = (unsigned char)((sum[3] + area / 2) / area);
    }
}

static void shrink(const struct shrinking *self, unsigned char *out) {
    const struct nl_pixels *from = self->from;
    size_t row = (size_t)from->width * (size_t)from->depth;
    int64_t room = from->height;
    for (int y = 0; y < from->height; y++)
        for (int64_t left = self->height; left > 0;) {
            int64_t part = left < room ? left : room;
            add_row(self, from->data + (size_t)y * row, (uint64_t)part);
            left -= part;
            room -= part;
            if (room > 0)
                continue;
            room = from->height;
            take_row(self, out);
            out += (size_t)self->width * (size_t)from->depth;
            memset(self->sums, 0, (size_t)self->width * 4 * sizeof *self->sums);
        }
}

void nl_pixels_shrink(struct nl_pixels *pixels, int width) {
    if (pixels->width <= width)
        return;
    int64_t height = ((int64_t)pixels->height * width + pixels->width / 2) / pixels->width;
    struct shrinking self = {pixels, width, height > 0 ? (int)height : 1,
                             nl_calloc((size_t)width * 4, sizeof(uint64_t))};
    unsigned char *out = new_pixels(width, self.height, pixels->depth);
    shrink(&self, out);
    free(pixels->data);
    *pixels = (struct nl_pixels){out, width, self.height, pixels->depth};
    free(self.sums);
}

/* ---- turning ---- */

void nl_pixels_turn(struct nl_pixels *pixels, int turn) {
    if (turn < 2 || turn > 8)
        return;
    bool swap = turn >= 5;
    bool flip_x = turn == 2 || turn == 3 || turn == 7 || turn == 8;
    bool flip_y = turn == 3 || turn == 4 || turn == 6 || turn == 7;
    int width = swap ? pixels->height : pixels->width;
    int height = swap ? pixels->width : pixels->height;
    size_t depth = (size_t)pixels->depth;
    unsigned char *out = new_pixels(width, height, pixels->depth);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int old_x = swap ? y : x;
            int old_y = swap ? x : y;
            old_x = flip_x ? pixels->width - 1 - old_x : old_x;
            old_y = flip_y ? pixels->height - 1 - old_y : old_y;
            memcpy(out + ((size_t)y * (size_t)width + (size_t)x) * depth,
                   pixels->data + ((size_t)old_y * (size_t)pixels->width + (size_t)old_x) * depth,
                   depth);
        }
    free(pixels->data);
    *pixels = (struct nl_pixels){out, width, height, pixels->depth};
}
