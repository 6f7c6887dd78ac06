/* Pictures in JPEG as they are published: without notes, no wider than asked for, and else the
 * same. */
#include "support.h"

#include "transfer/pixels.h"

#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

/* A picture of 40 by 20 with a note in it. */
static void make_picture(struct nl_buf *out) {
    struct jpeg_compress_struct jpeg = {0};
    struct jpeg_error_mgr errors;
    unsigned char *file = NULL;
    unsigned long len = 0;
    unsigned char row[40 * 3];
    JSAMPROW rows[] = {row};
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &file, &len);
    jpeg.image_width = 40;
    jpeg.image_height = 20;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    jpeg_write_marker(&jpeg, JPEG_COM, (const JOCTET *)"a secret", 8);
    while (jpeg.next_scanline < 20) {
        for (unsigned i = 0; i < sizeof row; i++)
            row[i] = (unsigned char)(i * 2 + jpeg.next_scanline * 4);
        jpeg_write_scanlines(&jpeg, rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    nl_buf_add(out, (const char *)file, len);
    free(file);
}

static struct nl_pixels pixels_of(const struct nl_buf *data) {
    struct nl_error err = {0};
    struct nl_pixels pixels;
    assert_ok(nl_jpeg_pixels(data, &pixels, &err));
    return pixels;
}

static void test_the_note_goes_and_the_picture_stays(void **state) {
    struct nl_error err = {0};
    struct nl_buf data = {0};
    struct nl_buf out = {0};
    (void)state;
    make_picture(&data);
    assert_non_null(memmem(data.data, data.len, "a secret", 8));
    assert_ok(nl_jpeg_clean(&data, 40, &out, &err)); /* not wider than that */
    assert_null(memmem(out.data, out.len, "a secret", 8));
    struct nl_pixels before = pixels_of(&data);
    struct nl_pixels after = pixels_of(&out);
    assert_int_equal(after.width, 40);
    assert_int_equal(after.height, 20);
    assert_memory_equal(before.data, after.data, 40 * 20 * 3);
    free(before.data);
    free(after.data);
    nl_buf_free(&data);
    nl_buf_free(&out);
}

static void test_a_wide_picture_is_made_smaller(void **state) {
    struct nl_error err = {0};
    struct nl_buf data = {0};
    struct nl_buf out = {0};
    (void)state;
    make_picture(&data);
    assert_ok(nl_jpeg_clean(&data, 20, &out, &err));
    assert_null(memmem(out.data, out.len, "a secret", 8));
    struct nl_pixels after = pixels_of(&out);
    assert_int_equal(after.width, 20);
    assert_int_equal(after.height, 10);
    free(after.data);
    nl_buf_free(&data);
    nl_buf_free(&out);
}

static void test_a_broken_picture(void **state) {
    struct nl_error err = {0};
    struct nl_buf data = {0};
    struct nl_buf out = {0};
    (void)state;
    nl_buf_adds(&data, "\xff\xd8 no picture");
    assert_fails(nl_jpeg_clean(&data, 20, &out, &err), NL_DATA, "broken");
    assert_int_equal(out.len, 0);
    nl_buf_free(&data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_note_goes_and_the_picture_stays),
        cmocka_unit_test(test_a_wide_picture_is_made_smaller),
        cmocka_unit_test(test_a_broken_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
