/* RTF as Outlook keeps it: rtf_packed.c, rtf_reader.c, rtf_text.c, code_page.c. */
#include "support.h"

#include "transfer/code_page.h"
#include "transfer/rtf_packed.h"
#include "transfer/rtf_text.h"

#include <stdlib.h>

/* ---- compression ---- */

/* The RTF of a stream, or the text of the error. */
static char *unpack(const char *data, size_t len, size_t limit) {
    const struct nl_buf packed = {.data = (char *)data, .len = len};
    struct nl_buf out = {0};
    struct nl_error err = {0};
    enum nl_status status = nl_rtf_unpack(&packed, limit, &out, &err);
    if (status != NL_OK) {
        assert_int_equal(status, NL_DATA);
        nl_buf_clear(&out);
        nl_buf_adds(&out, nl_error_text(&err));
    }
    nl_error_free(&err);
    nl_buf_adds(&out, "");
    return nl_buf_take(&out);
}

static void assert_unpacked(const char *data, size_t len, const char *expected) {
    char *text = unpack(data, len, 1000);
    assert_string_equal(text, expected);
    free(text);
}

/* The two examples of MS-OXRTFCP, section 3. */
static const char hello[] =
    "\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125B2\x0a\xf3 hel"
    "\x09\0 bw\x05\xb0ld}\x0a\x80\x0f\xa0";
static const char runs[] =
    "\x1a\0\0\0\x1c\0\0\0LZFu\xe2\xd4\x4b\x51\x41\0\x04 WXYZ\x0dn}\x01\x0e\xb0";

static void test_examples_of_the_specification(void **state) {
    (void)state;
    assert_unpacked(hello, sizeof hello - 1, "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
    assert_unpacked(runs, sizeof runs - 1, "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
    assert_unpacked("\x0f\0\0\0\x03\0\0\0MELA\0\0\0\0abc", 19, "abc");
}

/* Each byte less, and each byte changed, is an error or another text, and never one past its end.
 */
static void test_what_is_broken(void **state) {
    (void)state;
    for (size_t len = 0; len < sizeof hello - 1; len++)
        assert_unpacked(hello, len, "the RTF text of the mail is broken");
    for (size_t i = 16; i < sizeof runs - 1; i++) {
        char changed[sizeof runs];
        memcpy(changed, runs, sizeof runs);
        changed[i] ^= 0x20;
        assert_unpacked(changed, sizeof runs - 1, "the RTF text of the mail is broken");
    }
}

/* Sets the highest byte of the length that is claimed; the others are 0. */
static void claim(char *data, char high) {
    memset(data + 4, 0, 3);
    data[7] = high;
}

static void test_bounds(void **state) {
    (void)state;
    char claims[sizeof runs];
    memcpy(claims, runs, sizeof runs);
    claim(claims, 0x7f);
    assert_unpacked(claims, sizeof runs - 1, "the RTF text of the mail is too large");
    char *text = unpack(runs, sizeof runs - 1, 27);
    assert_string_equal(text, "the RTF text of the mail is too large");
    free(text);
    claim(claims, 0);
    claims[4] = 5; /* less than there is */
    assert_unpacked(claims, sizeof runs - 1, "the RTF text of the mail is broken");
    assert_unpacked("\x0f\0\0\0\x04\0\0\0MELA\0\0\0\0abc", 19,
                    "the RTF text of the mail is broken");
}

/* ---- what is wrapped ---- */

/* "html: ...", "text: ..." or the error. */
static void assert_read(const char *rtf, const char *expected) {
    const struct nl_buf data = {.data = (char *)rtf, .len = strlen(rtf)};
    struct nl_buf out = {0};
    struct nl_buf said = {0};
    struct nl_error err = {0};
    bool html = false;
    enum nl_status status = nl_rtf_text(&data, &out, &html, &err);
    if (status == NL_OK)
        nl_buf_addf(&said, "%s: %s", html ? "html" : "text", nl_buf_text(&out));
    else
        nl_buf_adds(&said, nl_error_text(&err));
    assert_string_equal(nl_buf_text(&said), expected);
    nl_buf_free(&out);
    nl_buf_free(&said);
    nl_error_free(&err);
}

/* After the example of MS-OXRTFEX, section 3.1. */
static void test_html_comes_out_as_it_went_in(void **state) {
    (void)state;
    assert_read("{\\rtf1\\ansi\\ansicpg1251\\fromhtml1 \\deff0\r\n"
                "{\\fonttbl {\\f0\\fmodern Courier New;}{\\f1\\fswiss "
                "Arial;}{\\f2\\fswiss\\fcharset0 Arial;}}\r\n"
                "{\\colortbl\\red0\\green0\\blue0;\\red0\\green0\\blue255;}\r\n"
                "{\\*\\htmltag64}\r\n\\uc1\\pard\\plain\\deftab360 \\f0\\fs24\r\n"
                "{\\*\\htmltag <HTML><head>\\par \\tab <style>\\par \\tab <!--\\par \\tab     body "
                "\\{ color: blue; \\}\\par \\tab -->\\par \\tab </style>\\par </head>\\par}"
                "{\\*\\htmltag <p style=\"margin:0\">}\\htmlrtf {\\f1 \\htmlrtf0 Note: this is "
                "\\'e1\\'e2 &{\\*\\htmltag84 &lt;}\\htmlrtf <\\htmlrtf0 x"
                "\\htmlrtf }\\htmlrtf0 {\\*\\mhtmltag84 <a href=other>}{\\*\\htmltag </p>}}",
                "html: <HTML><head>\n\t<style>\n\t<!--\n\t    body { color: blue; "
                "}\n\t-->\n\t</style>\n</head>\n"
                "<p style=\"margin:0\">Note: this is бв &amp;&lt;x</p>");
}

static void test_text_comes_out_as_it_went_in(void **state) {
    (void)state;
    assert_read("{\\rtf1\\ansi\\ansicpg1252\\fromtext \\deff0{\\fonttbl{\\f0 Arial;}}\\pard "
                "one\\par two\\tab <3 \\{\\}\\\\\\par\\par \\ldblquote q\\rdblquote}",
                "text: one\ntwo\t<3 {}\\\n\n\xe2\x80\x9cq\xe2\x80\x9d");
    assert_read("{\\rtf1\\ansi one\\par two}", "text: one\n\ntwo"); /* RTF of its own: paragraphs */
}

static void test_characters(void **state) {
    (void)state;
    assert_read("{\\rtf1\\ansi\\ansicpg1252 \\u1055?\\u1088\\'3f\\uc2\\u1080??x\\uc0\\u1074y}",
                "text: Приxвy");
    assert_read("{\\rtf1\\ansi \\u-10179?\\u-8704?!}", "text: \xf0\x9f\x98\x80!");
    assert_read("{\\rtf1\\ansi \\u-8704?!}", "text: \xef\xbf\xbd!");
    assert_read("{\\rtf1\\ansi\\ansicpg932 \\'83\\'65\\'83X\\'83\\'67}",
                "text: テスト"); /* a letter is half of one */
    assert_read("{\\rtf1\\ansi{\\fonttbl{\\f0\\fcharset0 A;}{\\f7\\fcharset204 "
                "B;}{\\f8\\fcharset161 C;}}\\f0\\'e4 {\\f7\\'e4 \\f8\\'e4}\\'e4}",
                "text: ä д δä");
    assert_read("{\\rtf1\\ansi\\ansicpg99999 \\'e4\\'zz\\'}", "text: ä?zz?");
}

static void test_what_readers_do_not_see(void **state) {
    (void)state;
    assert_read("{\\rtf1\\ansi{\\stylesheet{\\s0 Normal;}}{\\info{\\title secret}}{\\*\\unknown "
                "secret{\\b secret}}{\\pict 00ff}\\bin3 }}}shown\\bin99999}",
                "text: shown");
    assert_read("{\\rtf1\\ansi{\\field{\\*\\fldinst HYPERLINK x}{\\fldrslt link}} a}b}c",
                "text: link a");
    /* Tags are text where nothing is wrapped. */
    assert_read("{\\rtf1\\ansi {\\*\\htmltag64 <p>}shown}", "text: shown");
}

static void test_rtf_that_is_none(void **state) {
    (void)state;
    struct nl_buf deep = {0};
    assert_read("", "the RTF text of the mail is broken");
    assert_read("<p>{\\rtf1", "the RTF text of the mail is broken");
    assert_read("{\\rtf1\\ansi cut off {\\b here", "text: cut off here");
    assert_read("{\\rtf1\\u", "text: ");
    assert_read("{\\rtf1\\", "text: ");
    nl_buf_adds(&deep, "{\\rtf1 ");
    for (int i = 0; i < 300; i++)
        nl_buf_addc(&deep, '{');
    assert_read(nl_buf_text(&deep), "the RTF text of the mail is nested too deep");
    nl_buf_free(&deep);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_of_the_specification),
        cmocka_unit_test(test_what_is_broken),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_html_comes_out_as_it_went_in),
        cmocka_unit_test(test_text_comes_out_as_it_went_in),
        cmocka_unit_test(test_characters),
        cmocka_unit_test(test_what_readers_do_not_see),
        cmocka_unit_test(test_rtf_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
