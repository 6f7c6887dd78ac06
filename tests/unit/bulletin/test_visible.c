/* The words of a page that its readers see: html_visible.c. */
#include "support.h"

#include "newsletter/bulletin/visible.h"

#include <stdlib.h>

static void check_bytes(const char *html, size_t len, const char *expected) {
    struct nl_buf out = {0};
    struct nl_error err = {0};
    assert_int_equal(nl_visible_text(html, len, &out, &err), NL_OK);
    assert_string_equal(nl_buf_text(&out), expected);
    assert_int_equal(strlen(nl_buf_text(&out)), out.len);
    nl_buf_free(&out);
}

static void check(const char *html, const char *expected) {
    check_bytes(html, strlen(html), expected);
}

static void test_lines(void **state) {
    (void)state;
    check("", "");
    check("plain", "plain");
    check("<p>one</p><p>two</p>", "one\ntwo");
    check("<p>one <b>bold</b>, <a href=x>link</a></p>", "one bold, link");
    check("<h1>Title</h1>text<br>next<ul><li>a<li>b</ul>", "Title\ntext\nnext\na\nb");
    check("<p> many \t\r\n  blanks\n</p>\n\n<p> </p><p>x</p>", "many blanks\nx");
    check("<p>a</p><p></p><div><div></div></div><p>b</p>", "a\nb");
    check("<label>Address <input name=a value=hidden></label><button>Join</button>",
          "Address\nJoin");
}

static void test_only_what_stands_in_main(void **state) {
    (void)state;
    check("<body><nav>menu</nav><main><h1>T</h1><p>x</p></main><footer>foot</footer></body>",
          "T\nx");
    check("<main>a<main>b</main>c</main>d", "a\nb\nc");
    check("<body>before<main>inside", "inside");
    check("<p>no such element</p>", "no such element");
}

static void test_entities(void **state) {
    (void)state;
    check("<p>R&amp;D &lt;b&gt; &quot;q&quot; &#39;s&#39; &#x41;&#66;</p>", "R&D <b> \"q\" 's' AB");
    check("<p>caf&eacute; &ndash; &euro;5 &hellip;</p>", "caf\xc3\xa9 \xe2\x80\x93 \xe2\x82\xac"
                                                         "5 \xe2\x80\xa6");
    check("<p>a&nbsp;b &bogus; &amp;amp; & &#xD800;&#0;&#99999999;c</p>", "a\xc2\xa0"
                                                                          "b &bogus; &amp; & c");
}

static void test_what_nobody_sees(void **state) {
    (void)state;
    check("<head><title>t</title><style>p{}</style></head><p>seen</p>", "seen");
    check("<p>a<script>document.write('<p>b</p>')</script>c</p>", "a\nc");
    check("<p>a<!-- <p>b</p> -->c</p>", "ac");
    check(
        "<p hidden>secret <b>bold</b></p><p aria-hidden=true>secret</p><p aria-hidden=false>c</p>",
        "c");
    check("<template><p>t</p></template><noscript>n</noscript><textarea>x</textarea><p>y</p>", "y");
    check("<div hidden><div><p>a</p></div><p>b</p></div><p>c</p>", "c");
    check("<p>a<img src=x alt=picture><input type=submit value=v>b</p>", "a\nb");
    check("<style>p { content: '</p>' }</style><p>x</p>", "x");
}

static void test_zero_width_characters_stay(void **state) {
    (void)state;
    check("<p>a\xe2\x80\x8b"
          "b\xc2\xad"
          "c\xe2\x80\x8d"
          "d&zwnj;e&shy;f\xef\xbb\xbf</p>",
          "a\xe2\x80\x8b"
          "b\xc2\xad"
          "c\xe2\x80\x8d"
          "d\xe2\x80\x8c"
          "e\xc2\xad"
          "f\xef\xbb\xbf");
}

static void test_tables(void **state) {
    (void)state;
    check(
        "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td><table><tr><td>in</td></tr></table>"
        "after</td></tr></table>end",
        "A\nB\n1\nin\nafter\nend");
    check("<table><td>no row<td>next</table>", "no row\nnext");
}

static void test_markup_that_is_broken(void **state) {
    (void)state;
    check("<p>one<p>two<b>bold</p>three", "one\ntwobold\nthree");
    check("<div><p>open <i>never closed", "open never closed");
    check("</p></main></div><p>x</p>", "x");
    check("<html><body><p>x</p></body></html><p>y</p></html></html><b>z</b>", "x\ny\nz");
    check("<p>a < b and c > d</p>", "a < b and c > d");
    check("<p title='unclosed>text</p>", "");
    check("<p>cut off <a href=\"x", "cut off");
    check("<p hidden>a</b></i>b</p>c", "c");
    check("<P HIDDEN>a</P><SCRIPT>b</SCRIPT><P>C</P>", "C");
}

static void test_bytes_that_are_no_text(void **state) {
    (void)state;
    static const char nul[] = "<p>before</p>\0<p>after</p>";
    struct nl_buf out = {0};
    struct nl_error err = {0};
    assert_int_equal(nl_visible_text(nul, sizeof nul - 1, &out, &err), NL_OK);
    assert_non_null(strstr(nl_buf_text(&out), "before"));
    assert_int_equal(strlen(nl_buf_text(&out)), out.len);
    nl_buf_clear(&out);
    assert_int_equal(nl_visible_text("<p>\xff\xfe \xc3(</p>x\x01y", 16, &out, &err), NL_OK);
    assert_int_equal(strlen(nl_buf_text(&out)), out.len);
    nl_buf_free(&out);
}

/* Elements in elements, and long pages, end within bounds. */
static void test_bounds(void **state) {
    (void)state;
    struct nl_buf html = {0};
    struct nl_buf out = {0};
    struct nl_error err = {0};
    nl_buf_adds(&html, "<p>first</p>");
    for (int i = 0; i < 100000; i++)
        nl_buf_adds(&html, "<div>");
    nl_buf_adds(&html, "deep");
    assert_int_equal(nl_visible_text(html.data, html.len, &out, &err), NL_OK);
    assert_int_equal(strncmp(nl_buf_text(&out), "first", 5), 0);
    nl_buf_clear(&html);
    nl_buf_clear(&out);
    for (int i = 0; i < 100000; i++)
        nl_buf_addf(&html, "<p>paragraph %d</p>", i);
    assert_int_equal(nl_visible_text(html.data, html.len, &out, &err), NL_OK);
    assert_true(out.len > 256000 && out.len < 276000);
    nl_buf_free(&html);
    nl_buf_free(&out);
}

/* Nothing of what was there before is lost. */
static void test_it_is_appended(void **state) {
    (void)state;
    struct nl_buf out = {0};
    struct nl_error err = {0};
    nl_buf_adds(&out, "here");
    assert_int_equal(nl_visible_text("<p>a</p>", 8, &out, &err), NL_OK);
    assert_int_equal(nl_visible_text("<p> </p>", 8, &out, &err), NL_OK);
    assert_string_equal(nl_buf_text(&out), "here\na");
    nl_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_only_what_stands_in_main),
        cmocka_unit_test(test_entities),
        cmocka_unit_test(test_what_nobody_sees),
        cmocka_unit_test(test_zero_width_characters_stay),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_markup_that_is_broken),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_it_is_appended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
