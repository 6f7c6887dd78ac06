/* Pictures in PNG are read where each chunk is as long as it says. */
#include "support.h"

#include "transfer/pixels.h"

#include <stdlib.h>

#include <png.h>
#include <zlib.h>

enum { SIGNATURE = 8, HEADER = 25, END = 12 };

/* A picture of 8 by 4. */
static void make_picture(struct nl_buf *out) {
    unsigned char pixels[8 * 4 * 3] = {1, 2, 3};
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = 8, .height = 4, .format = PNG_FORMAT_RGB};
    png_alloc_size_t size = 0;
    assert_true(png_image_write_to_memory(&image, NULL, &size, 0, pixels, 0, NULL));
    char *file = malloc(size);
    assert_true(png_image_write_to_memory(&image, file, &size, 0, pixels, 0, NULL));
    nl_buf_add(out, file, size);
    free(file);
}

static void check_picture(const struct nl_buf *data, bool reads) {
    struct nl_error err = {0};
    struct nl_pixels pixels;
    struct nl_buf out = {0};
    enum nl_status status = nl_png_pixels(data, &pixels, &err);
    if (reads) {
        assert_ok(status);
        assert_int_equal(pixels.width, 8);
        free(pixels.data);
        assert_ok(nl_png_clean(data, 8, &out, &err));
    } else {
        assert_fails(status, NL_DATA, "broken");
        nl_error_free(&err);
        err = (struct nl_error){0};
        assert_fails(nl_png_clean(data, 8, &out, &err), NL_DATA, "broken");
    }
    nl_buf_free(&out);
    nl_error_free(&err);
}

/* A text of `said` bytes, of which `there` are there, before the place `at`. */
static void add_chunk(struct nl_buf *data, size_t at, png_uint_32 said, size_t there) {
    struct nl_buf whole = {0};
    char head[8] = "....tEXt";
    png_save_uint_32((png_bytep)head, said);
    nl_buf_add(&whole, data->data, at);
    nl_buf_add(&whole, head, sizeof head);
    for (size_t i = 0; i < there; i++)
        nl_buf_addc(&whole, i == 1 ? '\0' : 'a');
    uLong sum = crc32(0, (const Bytef *)whole.data + at + 4, (uInt)(4 + there));
    char tail[4];
    png_save_uint_32((png_bytep)tail, (png_uint_32)sum);
    nl_buf_add(&whole, tail, sizeof tail);
    nl_buf_add(&whole, data->data + at, data->len - at);
    nl_buf_free(data);
    *data = whole;
}

static void test_chunks(void **state) {
    static const struct {
        const char *what;
        bool last; /* after the pixels, else before them */
        png_uint_32 said;
        size_t there;
        bool reads;
    } rows[] = {
        {"as long as it says, before", false, 4, 4, true},
        {"as long as it says, after", true, 4, 4, true},
        {"longer than the file, before", false, 1073741826, 4, false},
        {"longer than the file, after", true, 1073741826, 4, false},
        {"up to the end of the file", true, 4 + 4 + END - 4, 4, false},
        {"one byte more than the file", true, 4 + 4 + END - 3, 4, false},
        {"as long as nothing can be", true, 0xffffffff, 4, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nl_buf data = {0};
        make_picture(&data);
        add_chunk(&data, rows[i].last ? data.len - END : SIGNATURE + HEADER, rows[i].said,
                  rows[i].there);
        print_message("%s\n", rows[i].what);
        check_picture(&data, rows[i].reads);
        nl_buf_free(&data);
    }
}

/* However much of it is missing. */
static void test_cut_off(void **state) {
    struct nl_buf data = {0};
    (void)state;
    make_picture(&data);
    check_picture(&data, true);
    for (size_t len = data.len; len-- > 0;) {
        struct nl_buf part = {0};
        nl_buf_add(&part, data.data, len);
        check_picture(&part, false);
        nl_buf_free(&part);
    }
    nl_buf_free(&data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
