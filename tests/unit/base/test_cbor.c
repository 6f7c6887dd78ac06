#include "support.h"

#include "newsletter/base/cbor.h"
#include "newsletter/base/token.h"

#include <stdio.h>

/* RFC 8949 appendix A, and the bounds between two lengths of a head. */
static void test_numbers(void **state) {
    static const struct {
        int64_t number;
        const char *encoded;
    } rows[] = {
        {0, "00"},
        {10, "0a"},
        {23, "17"},
        {24, "1818"},
        {100, "1864"},
        {255, "18ff"},
        {256, "190100"},
        {1000, "1903e8"},
        {65535, "19ffff"},
        {65536, "1a00010000"},
        {1000000, "1a000f4240"},
        {4294967295, "1affffffff"},
        {4294967296, "1b0000000100000000"},
        {1000000000000, "1b000000e8d4a51000"},
        {INT64_MAX, "1b7fffffffffffffff"},
        {-1, "20"},
        {-10, "29"},
        {-24, "37"},
        {-25, "3818"},
        {-100, "3863"},
        {-1000, "3903e7"},
        {INT64_MIN, "3b7fffffffffffffff"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nl_buf out = {0};
        char hex[64] = "";
        nl_cbor_add_number(&out, rows[i].number);
        for (size_t j = 0; j < out.len; j++)
            snprintf(hex + 2 * j, sizeof hex - 2 * j, "%02x", (unsigned char)out.data[j]);
        assert_string_equal(hex, rows[i].encoded);
        nl_buf_free(&out);
    }
}

static void test_others(void **state) {
    struct nl_buf out = {0};
    (void)state;
    nl_cbor_add_array(&out, 4);
    nl_cbor_add_text(&out, "IETF");
    nl_cbor_add_bytes(&out, "\1\2\3\4", 4);
    nl_cbor_add_text(&out, NULL);
    nl_cbor_add_bytes(&out, NULL, 3);
    static const char wanted[] = "\x84\x64IETF\x44\1\2\3\4\xf6\xf6";
    assert_int_equal(out.len, sizeof wanted - 1);
    assert_memory_equal(out.data, wanted, out.len);
    nl_buf_free(&out);
}

/* Items are read as they were written. */
static void test_there_and_back(void **state) {
    struct nl_buf out = {0};
    struct nl_cbor_item item;
    (void)state;
    nl_cbor_add_array(&out, 24);
    nl_cbor_add_number(&out, -300);
    nl_cbor_add_text(&out, "a text that is longer than 23 bytes");
    nl_cbor_add_null(&out);
    struct nl_cbor reader = {.at = (const unsigned char *)out.data, .left = out.len};
    assert_true(nl_cbor_take(&reader, &item));
    assert_true(item.kind == NL_CBOR_ARRAY && item.len == 24);
    assert_true(nl_cbor_take(&reader, &item));
    assert_true(item.kind == NL_CBOR_NUMBER && item.number == -300);
    assert_true(nl_cbor_take(&reader, &item));
    assert_true(item.kind == NL_CBOR_TEXT && item.len == 35);
    assert_true(nl_cbor_take(&reader, &item));
    assert_true(item.kind == NL_CBOR_OTHER);
    assert_false(nl_cbor_take(&reader, &item));
    nl_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
