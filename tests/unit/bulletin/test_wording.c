/* A text as the words that its reader sees: docs/genuine.md. */
#include "support.h"

#include "bulletin/wording.h"

#include <stdlib.h>

/* The words with a blank between them, "|" between paragraphs, "~" before those that only some
 * readers get. */
static char *tell(const struct nl_wording *words) {
    struct nl_buf out = {0};
    for (size_t i = 0; i < words->count; i++) {
        bool begins = i > 0 && words->items[i].paragraph != words->items[i - 1].paragraph;
        nl_buf_addf(&out, "%s%s%s",
                    i == 0   ? ""
                    : begins ? " | "
                             : " ",
                    words->items[i].some ? "~" : "", nl_wording_at(words, i));
        assert_int_equal(words->items[i].len, strlen(nl_wording_at(words, i)));
        assert_int_equal(words->items[i].hash,
                         nl_wording_hash(nl_wording_at(words, i), words->items[i].len));
        assert_int_equal(words->items[i].link, nl_wording_at(words, i)[0] == '<');
    }
    nl_buf_addc(&out, '\0');
    return nl_buf_take(&out);
}

static void assert_words(const char *text, bool html, bool slots, const char *expected) {
    struct nl_wording words = {.slots = slots};
    if (html)
        nl_wording_add_html(&words, text, strlen(text));
    else
        nl_wording_add_text(&words, text, strlen(text));
    char *told = tell(&words);
    assert_false(words.failed);
    assert_string_equal(told, expected);
    free(told);
    nl_wording_free(&words);
}

struct row {
    const char *text, *words;
};

static void test_plain_text(void **state) {
    static const struct row cases[] = {
        {"", ""},
        {"one  two\tthree\nfour", "one two three four"},
        {"one\n\ntwo", "one | two"},
        {"one\n \t\ntwo", "one | two"},
        {"\n\none\n\n\n\ntwo\n\n", "one | two"},
        {"> one\n>\n> two\n>> three", "one | two three"},
        {"> one\n> > \n> two", "one | two"},
        {"one\n- -\ntwo", "one two"}, /* the line is not empty */
        {"**one** _two_ <three> |four| #five ~six", "one two three four five six"},
        {"* - -- ... ** >", ""},
        {"5 € $ + %", "5 € $"},
        {"“a” „b‟ «c» ″d", "\"a\" \"b\" \"c\" ''d"},
        {"‘a’ ‚b‛ ′c ʼd `e", "'a' 'b' 'c 'd 'e"},
        {"a‐b a‑b a‒b a–b a—b a―b a−b", "a-b a-b a-b a-b a-b a-b a-b"},
        {"ﬁne ｆｕｌｌ e\u0301", "fine full é"},
        {"a\u00adb c\u200bd e\ufefff", "ab cd ef"},
        {"a\x01"
         "b\x1f"
         "c",
         "abc"},
        {"日本語", "日 本 語"},
        {"a日b", "a 日 b"},
        {"ภา", "ภ า"},
        {"လမ", "လ မ"},
        {"ខញ", "ខ ញ"},
        {"カぬ", "カ ぬ"},
        {"한국어 말", "한국어 말"},
        {"one\xff two", "one"}, /* up to what is not UTF-8 */
        {"a"
         "\xef\xb7\x90"
         "b",
         "ab"},
        {"a"
         "\xef\xb7\x91"
         "b"
         "\xef\xb7\x92"
         "c",
         "abc"},
        {"a\xef\xbf\xbc"
         "b",
         "ab"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text)
        assert_words(cases[i].text, false, false, cases[i].words);
}

/* The marks of values and passages count only in our own texts. */
static void test_slots(void **state) {
    static const struct row cases[] = {
        {"Dear " NL_WORDING_SLOT ",", "Dear \xef\xbf\xbc,"},
        {"Dear" NL_WORDING_SLOT "!", "Dear\xef\xbf\xbc!"},
        {"a " NL_WORDING_BEGIN "b c" NL_WORDING_END " d", "a ~b ~c d"},
        {"a" NL_WORDING_BEGIN "b" NL_WORDING_END "c", "a ~b c"},
        {NL_WORDING_BEGIN "a" NL_WORDING_BEGIN "b" NL_WORDING_END "c" NL_WORDING_END "d",
         "~a ~b ~c d"},
        {NL_WORDING_END "a" NL_WORDING_BEGIN "b", "a ~b"},
        {"a\n" NL_WORDING_BEGIN "\nb" NL_WORDING_END, "a | ~b"},
        {"a\xef\xbf\xbc"
         "b",
         "ab"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text)
        assert_words(cases[i].text, false, true, cases[i].words);
}

static void test_html(void **state) {
    static const struct row cases[] = {
        {"<p>one <b>two</b>three</p><p>four", "one twothree | four"},
        {"a<br>b<br/>c", "a | b | c"},
        {"<a href=\"https://x.org/\">here</a> now", "here now <https://x.org/>"},
        {"<a href=\"https://x.org/ y\">here</a>", "here <https://x.org/y>"},
        {"<a href=\"\">here</a>", "here"},
        {"<a name=\"x\">here</a>", "here"},
        {"<a href=\"#x\">here</a>", "here"},
        {"<p>a <a href=\"h:1\">b</a> <a href=\"h:2\">c</a> d</p>e", "a b c d <h:1> <h:2> | e"},
        {"<p title=x href=\"h:1\">b</p>", "b"},
        {"<template>a</template>b<noscript>c</noscript>", "b"},
        {"a<select><option>b</option></select>c", "a | c"},
        {"a <style>b { c }</style> d", "a | d"},
        {"a <!-- b --> c", "a c"},
        {"<ul><li>a</li><li>b</li></ul>", "a | b"},
        {"<table><tr><td>a</td><td>b</td></tr></table>", "a | b"},
        {"a &amp; b &lt;c&gt; &eacute;", "a b c é"},
        {"<h1>a</h1>b", "a | b"},
        {"<div>a<div>b</div>c</div>", "a | b | c"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text)
        assert_words(cases[i].text, true, false, cases[i].words);
    assert_words("<a href=\"https://x.org/" NL_WORDING_SLOT "/y\">here</a>", true, true,
                 "here <https://x.org/\xef\xbf\xbc/y>");
    assert_words("<a href=\"https://x.org/" NL_WORDING_SLOT "/y\">here</a>", true, false,
                 "here <https://x.org/" NL_WORDING_SLOT "/y>");
}

/* A word of 2001 bytes is one, more begin another. */
static void test_long_words(void **state) {
    static const size_t lens[] = {1999, 2000, 2001, 2002, 4003};
    static const size_t counts[] = {1, 1, 1, 2, 3};
    (void)state;
    for_each_row (i, lens, NULL) {
        char text[5000];
        struct nl_wording words = {0};
        memset(text, 'a', lens[i]);
        nl_wording_add_text(&words, text, lens[i]);
        assert_int_equal(words.count, counts[i]);
        nl_wording_free(&words);
    }
}

/* Words beyond the bound are left out. */
static void test_the_bound(void **state) {
    struct nl_buf text = {0};
    struct nl_wording words = {0};
    (void)state;
    for (int i = 0; i < NL_WORDING_MOST + 3; i++)
        nl_buf_adds(&text, "a ");
    nl_wording_add_text(&words, nl_buf_text(&text), text.len);
    assert_int_equal(words.count, NL_WORDING_MOST);
    assert_false(words.failed);
    nl_wording_free(&words);
    nl_buf_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_text), cmocka_unit_test(test_slots),
        cmocka_unit_test(test_html),       cmocka_unit_test(test_long_words),
        cmocka_unit_test(test_the_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
