/* Which answers are compressed, and for whom. */
#include "support.h"

#include "web/compress.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void test_who_wants_it(void **state) {
    static const struct {
        const char *field;
        bool wanted;
    } cases[] = {
        {"gzip", true},
        {"GZIP", true},
        {"x-gzip", true},
        {"deflate, gzip;q=1.0, *;q=0.5", true},
        {"gzip, deflate, br, zstd", true},
        {" gzip ; q=0.5 ", true},
        {"gzip;Q=0.001", true},
        {"*", true},
        {"br;q=1, *;q=0.1", true},
        {"identity, gzip", true},
        {"identity;q=0.5, gzip;q=0.5", true},
        {"gzip;q=0.5, identity", false},
        {"gzip;q=0", false},
        {"gzip;q=0.0", false},
        {"gzip;q=0.000", false},
        {"gzip;q=0, *", false},
        {"*;q=0", false},
        {"identity", false},
        {"br", false},
        {"", false},
        {",", false},
        {NULL, false},
        {"gzipped", false},
        {"not-gzip", false},
        {"gzip;q=", false},
        {"gzip;q=2", false},
        {"gzip;q=1.1", false},
        {"gzip;q=-1", false},
        {"gzip;q=0.0001", false},
        {"gzip;q=1.x", false},
        {"gzip;level=9", false},
        {"gzip;q", false},
        {"gzip;", true},
    };
    (void)state;
    for_each_row (i, cases, cases[i].field)
        assert_int_equal(nl_gzip_is_wanted(cases[i].field), cases[i].wanted);
}

static void test_which_answers(void **state) {
    static const struct {
        const char *name;
        struct nl_response response;
        bool suits;
    } cases[] = {
        {"a page for everybody", {.cacheable = true, .type = "text/html; charset=utf-8"}, true},
        {"a feed", {.cacheable = true, .type = "application/atom+xml"}, true},
        {"an answer of the API", {.for_programs = true, .type = "application/json"}, true},
        {"a page with a form", {.cacheable = true, .form = true, .type = "text/html"}, false},
        {"a page of staff", {.type = "text/html; charset=utf-8"}, false},
        {"a page with a cookie", {.cacheable = true, .cookie = "x", .type = "text/html"}, false},
        {"a picture", {.cacheable = true, .type = "image/png"}, false},
        {"a file in parts", {.cacheable = true, .ranges = true, .type = "text/plain"}, false},
    };
    (void)state;
    for_each_row (i, cases, cases[i].name)
        assert_int_equal(nl_gzip_suits(&cases[i].response), cases[i].suits);
}

static void fill(struct nl_buf *body, size_t len) {
    for (size_t i = 0; i < len; i++)
        nl_buf_addc(body, (char)('a' + i * i % 23));
}

static void test_it_can_be_read_again(void **state) {
    static const size_t lengths[] = {1024, 5000, 16384, 200000};
    (void)state;
    for_each_row (i, lengths, NULL) {
        struct nl_buf body = {0};
        struct nl_buf packed = {0};
        char *out = calloc(1, lengths[i] + 1);
        z_stream stream = {0};
        fill(&body, lengths[i]);
        assert_true(nl_gzip(&body, &packed));
        assert_true(packed.len < body.len);
        stream.next_in = (Bytef *)packed.data;
        stream.avail_in = (uInt)packed.len;
        stream.next_out = (Bytef *)out;
        stream.avail_out = (uInt)lengths[i];
        assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
        assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
        inflateEnd(&stream);
        assert_memory_equal(out, body.data, body.len);
        free(out);
        nl_buf_free(&body);
        nl_buf_free(&packed);
    }
}

static void test_small_ones_stay(void **state) {
    struct nl_buf body = {0};
    struct nl_buf packed = {0};
    (void)state;
    fill(&body, 1023);
    assert_false(nl_gzip(&body, &packed));
    assert_int_equal(packed.len, 0);
    nl_buf_free(&body);
}

static void test_tags(void **state) {
    char out[40];
    (void)state;
    nl_gzip_tag("\"abc\"", out, sizeof out);
    assert_string_equal(out, "\"abc-gzip\"");
    nl_gzip_tag("", out, sizeof out);
    assert_string_equal(out, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_wants_it),
        cmocka_unit_test(test_which_answers),
        cmocka_unit_test(test_it_can_be_read_again),
        cmocka_unit_test(test_small_ones_stay),
        cmocka_unit_test(test_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
