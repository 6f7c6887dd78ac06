#include "support.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/colour.h"
#include "newsletter/base/picture.h"

static void test_parsing(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool valid;
        uint32_t colour;
    } cases[] = {{"#12344d", true, 0x12344d},
                 {"12344D", true, 0x12344d},
                 {"#fa0", true, 0xffaa00},
                 {"000", true, 0},
                 {"", false, 0},
                 {"#", false, 0},
                 {"#12344", false, 0},
                 {"#12344g", false, 0},
                 {"red", false, 0},
                 {"##12344d", false, 0},
                 {"#12344d;", false, 0},
                 {"#-12344", false, 0},
                 {"#12344d ", false, 0},
                 {"0x1234", false, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t colour = 0;
        assert_int_equal(nl_colour_parse(cases[i].text, &colour), cases[i].valid);
        if (cases[i].valid)
            assert_int_equal(colour, cases[i].colour);
    }
}

/* Figures of the calculator of WebAIM. */
static void test_contrast(void **state) {
    (void)state;
    assert_true(nl_colour_contrast(0xffffff, 0x000000) > 20.99);
    assert_true(nl_colour_contrast(0x777777, 0xffffff) > 4.47 &&
                nl_colour_contrast(0x777777, 0xffffff) < 4.49);
    assert_true(nl_colour_contrast(0x0000ff, 0xffffff) > 8.58 &&
                nl_colour_contrast(0xffffff, 0x0000ff) < 8.60);
}

/* Any colour, on any ground, leads to a text that can be read. */
static void test_everything_is_readable(void **state) {
    (void)state;
    static const uint32_t grounds[] = {0xffffff, 0xeef1f4, 0x1f262d, 0x2a333c, 0x000000};
    for (uint32_t red = 0; red < 256; red += 51)
        for (uint32_t green = 0; green < 256; green += 51)
            for (uint32_t blue = 0; blue < 256; blue += 51) {
                uint32_t colour = red << 16 | green << 8 | blue;
                assert_true(nl_colour_contrast(nl_colour_on(colour), colour) >= 4.5);
                for (size_t i = 0; i < sizeof grounds / sizeof grounds[0]; i++) {
                    uint32_t text = nl_colour_readable(colour, grounds[i], 4.5);
                    assert_true(nl_colour_contrast(text, grounds[i]) >= 4.5);
                    if (nl_colour_contrast(colour, grounds[i]) >= 4.5)
                        assert_int_equal(text, colour);
                }
            }
}

/* A string of bytes and its length, without the zero at its end. */
#define BYTES(text) text, sizeof(text) - 1

static void test_picture_sizes(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        int width, height;
    } cases[] = {
        {BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\2\0\0\0\3\0"), 258, 3},
        {BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\1\0\1\2\0\0\0\3\0"), 0, 0},
        {BYTES("GIF89a\5\0\6\1.............."), 5, 262},
        {BYTES("\xff\xd8\xff\xe0\0\4..\xff\xc0\0\x11\x08\0\x20\1\0........"), 256, 32},
        {BYTES("\xff\xd8\xff\xe0\xff\xff...................."), 0, 0},
        {BYTES("something else than a picture"), 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct nl_buf data = {0};
        nl_buf_add(&data, cases[i].bytes, cases[i].len);
        struct nl_picture_size size = nl_picture_size(&data);
        assert_int_equal(size.width, cases[i].width);
        assert_int_equal(size.height, cases[i].height);
        nl_buf_free(&data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parsing),
        cmocka_unit_test(test_contrast),
        cmocka_unit_test(test_everything_is_readable),
        cmocka_unit_test(test_picture_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
