#include "newsletter/base/catalog.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/picture.h"
#include "transfer/pixels.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* After the headers that it needs. */
#include <jpeglib.h>

enum { QUALITY = 85, WARNINGS_MOST = 50, WHOLE_WIDTH = 100000 };

/* libjpeg leaves by a jump after an error. What it holds is freed after that. */
struct work {
    struct jpeg_error_mgr errors;
    jmp_buf failed;
    struct jpeg_decompress_struct in;
    struct jpeg_compress_struct out;
    struct nl_pixels pixels;
    unsigned char *file;
    unsigned long file_len;
    struct nl_error *err;
};

static _Noreturn void leave(j_common_ptr any) {
    struct work *work = any->client_data;
    longjmp(work->failed, 1);
}

/* A file that is broken in many places would keep it busy. */
static void count_warning(j_common_ptr any, int level) {
    if (level < 0 && ++any->err->num_warnings > WARNINGS_MOST)
        leave(any);
}

static void keep_quiet(j_common_ptr any) {
    (void)any;
}

static void set_up(struct work *work, const struct nl_buf *data) {
    work->in.err = work->out.err = jpeg_std_error(&work->errors);
    work->errors.error_exit = leave;
    work->errors.emit_message = count_warning;
    work->errors.output_message = keep_quiet;
    work->in.client_data = work->out.client_data = work;
    jpeg_create_decompress(&work->in);
    jpeg_create_compress(&work->out);
    jpeg_mem_src(&work->in, (const unsigned char *)data->data, data->len);
    jpeg_mem_dest(&work->out, &work->file, &work->file_len);
    (void)jpeg_read_header(&work->in, TRUE);
}

/* Copies the coefficients, so that no quality is lost, and none of the segments with notes. */
static void copy_exactly(struct work *work) {
    jvirt_barray_ptr *coefficients = jpeg_read_coefficients(&work->in);
    jpeg_copy_critical_parameters(&work->in, &work->out);
    work->out.optimize_coding = TRUE;
    jpeg_write_coefficients(&work->out, coefficients);
    jpeg_finish_compress(&work->out);
}

/* Four colours for printing, as Adobe writes them: 255 is not ink. */
static void to_rgb(unsigned char *row, int width) {
    for (int x = 0; x < width; x++)
        for (int i = 0; i < 3; i++)
            row[x * 3 + i] = (unsigned char)(row[x * 4 + i] * row[x * 4 + 3] / 255);
}

static void decode(struct work *work, int width) {
    struct jpeg_decompress_struct *in = &work->in;
    bool printed = in->jpeg_color_space == JCS_CMYK || in->jpeg_color_space == JCS_YCCK;
    in->out_color_space = printed ? JCS_CMYK : JCS_RGB;
    in->scale_num = 8; /* of 8: the decoder itself makes it smaller, to twice the width at least */
    while (in->scale_num > 1 &&
           (int64_t)in->image_width * (in->scale_num / 2) / 8 >= (int64_t)width * 2)
        in->scale_num /= 2;
    in->scale_denom = 8;
    (void)jpeg_start_decompress(in);
    size_t row = (size_t)in->output_width * 3;
    work->pixels = (struct nl_pixels){nl_malloc(row * in->output_height), (int)in->output_width,
                                      (int)in->output_height, 3};
    JSAMPARRAY line = (*in->mem->alloc_sarray)((j_common_ptr)in, JPOOL_IMAGE,
                                               (JDIMENSION)in->output_width * 4, 1);
    while (in->output_scanline < in->output_height) {
        unsigned char *to = work->pixels.data + row * in->output_scanline;
        (void)jpeg_read_scanlines(in, line, 1);
        if (printed)
            to_rgb(line[0], (int)in->output_width);
        memcpy(to, line[0], row);
    }
}

static void encode(struct work *work) {
    struct jpeg_compress_struct *out = &work->out;
    out->image_width = (JDIMENSION)work->pixels.width;
    out->image_height = (JDIMENSION)work->pixels.height;
    out->input_components = 3;
    out->in_color_space = JCS_RGB;
    jpeg_set_defaults(out);
    jpeg_set_quality(out, QUALITY, TRUE);
    out->optimize_coding = TRUE;
    jpeg_start_compress(out, TRUE);
    while (out->next_scanline < out->image_height) {
        JSAMPROW row =
            work->pixels.data + (size_t)out->next_scanline * (size_t)work->pixels.width * 3;
        (void)jpeg_write_scanlines(out, &row, 1);
    }
    jpeg_finish_compress(out);
}

static enum nl_status rework(struct work *work, int turn, int width) {
    bool sideways = turn >= 5;
    enum nl_status status = nl_pixels_check(work->in.image_width, work->in.image_height, work->err);
    if (status != NL_OK)
        return status;
    int64_t shown = sideways ? work->in.image_height : work->in.image_width;
    bool plain =
        work->in.jpeg_color_space == JCS_YCbCr || work->in.jpeg_color_space == JCS_GRAYSCALE;
    if (plain && turn == 1 && shown <= width) {
        copy_exactly(work);
        return NL_OK;
    }
    int64_t kept = sideways ? (int64_t)width * work->in.image_width / work->in.image_height : width;
    decode(work, kept > 0 ? (int)kept : 1);
    nl_pixels_turn(&work->pixels, turn);
    nl_pixels_shrink(&work->pixels, width);
    encode(work);
    return NL_OK;
}

static enum nl_status read_pixels(struct work *work, int turn, int width) {
    enum nl_status status = nl_pixels_check(work->in.image_width, work->in.image_height, work->err);
    if (status != NL_OK)
        return status;
    decode(work, width);
    nl_pixels_turn(&work->pixels, turn);
    return NL_OK;
}

/* Does one piece of work, which may be left by a jump. The caller frees the results. */
static enum nl_status with(struct work *work, const struct nl_buf *data,
                           enum nl_status (*step)(struct work *work, int turn, int width),
                           int width, struct nl_error *err) {
    enum nl_status status = NL_OK;
    work->err = err;
    if (setjmp(work->failed) == 0) {
        set_up(work, data);
        status = step(work, nl_picture_note(data).turn, width);
    } else {
        status = nl_error_set(err, NL_DATA, NL_TEXT("the picture is broken"));
    }
    jpeg_destroy_compress(&work->out);
    jpeg_destroy_decompress(&work->in);
    return status;
}

enum nl_status nl_jpeg_clean(const struct nl_buf *data, int width, struct nl_buf *out,
                             struct nl_error *err) {
    struct work *work = nl_calloc(1, sizeof *work);
    enum nl_status status = with(work, data, rework, width, err);
    if (status == NL_OK)
        nl_buf_add(out, work->file, work->file_len);
    free(work->file);
    free(work->pixels.data);
    free(work);
    return status;
}

enum nl_status nl_jpeg_pixels(const struct nl_buf *data, struct nl_pixels *out,
                              struct nl_error *err) {
    struct work *work = nl_calloc(1, sizeof *work);
    enum nl_status status = with(work, data, read_pixels, WHOLE_WIDTH, err);
    *out = work->pixels;
    if (status != NL_OK) {
        free(work->pixels.data);
        *out = (struct nl_pixels){0};
    }
    free(work->file);
    free(work);
    return status;
}
