/* A text compared with the signed note of an issue: which paragraphs are found, what is told. The
 * notes are written here, so that each rule of docs/genuine.md is met at its bound. */
#include "support.h"

#include "bulletin/canonical.h"
#include "newsletter/bulletin/genuine.h"

#include <stdlib.h>

#define SLOT "\xef\xbf\xbc"
#define HEAD "newsletter issue 1\noffice: a.example\n"
#define DOTS "\xe2\x80\xa6"

static struct nl_genuine compare(const char *note, const char *text) {
    struct nl_error err = {0};
    struct nl_sign_key *key = NULL;
    struct nl_ring_key of_ring = {.verifier = {.name = "a.example"}};
    struct nl_key_ring ring = {&of_ring, 1};
    struct nl_buf signed_note = {0};
    struct nl_asked *asked = NULL;
    struct nl_genuine genuine;
    assert_ok(nl_sign_key_new(&key, &err));
    nl_sign_key_public(key, of_ring.verifier.key);
    assert_ok(nl_note_sign(key, "a.example", note, &signed_note, &err));
    assert_ok(nl_asked_read(text, strlen(text), &asked, &err));
    assert_ok(nl_genuine_compare(asked, nl_buf_text(&signed_note), &ring, &genuine, &err));
    nl_asked_free(asked);
    nl_sign_key_free(key);
    nl_buf_free(&signed_note);
    return genuine;
}

static void tell_texts(const json_t *facts, const char *name, struct nl_buf *out) {
    const json_t *array = json_object_get(facts, name);
    for (size_t i = 0; i < json_array_size(array); i++)
        nl_buf_addf(out, "; %s: %s", name, json_string_value(json_array_get(array, i)));
}

/* "changed; changed 2: ours -> here; personal: a; around: b" */
static void assert_told(const char *note, const char *text, const char *expected) {
    struct nl_genuine genuine = compare(note, text);
    struct nl_buf out = {0};
    const json_t *differences = json_object_get(genuine.facts, "differences");
    nl_buf_adds(&out, nl_verdict_names[genuine.verdict]);
    for (size_t i = 0; i < json_array_size(differences); i++) {
        const json_t *difference = json_array_get(differences, i);
        nl_buf_addf(&out, "; %s %lld: %s -> %s",
                    json_string_value(json_object_get(difference, "kind")),
                    (long long)json_integer_value(json_object_get(difference, "paragraph")),
                    json_string_value(json_object_get(difference, "ours")),
                    json_string_value(json_object_get(difference, "here")));
    }
    tell_texts(genuine.facts, "personal", &out);
    tell_texts(genuine.facts, "around", &out);
    assert_string_equal(json_string_value(json_object_get(genuine.facts, "verdict")),
                        nl_verdict_names[genuine.verdict]);
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
    nl_genuine_free(&genuine);
}

struct row {
    const char *passages, *text, *told;
};

static void assert_rows(const struct row *rows, size_t count, const char *section) {
    for (size_t i = 0; i < count; i++) {
        struct nl_buf note = {0};
        row_at("rows", i, rows[i].text);
        nl_buf_addf(&note, HEAD "%s\n%s", section, rows[i].passages);
        assert_told(nl_buf_text(&note), rows[i].text, rows[i].told);
        nl_buf_free(&note);
    }
    row_at(NULL, 0, NULL);
}

#define ONE "b one two three four five six\n"
#define TWO "b seven eight nine ten eleven twelve\n"
#define THREE "b red green blue white black grey\n"
#define SAID_ONE "one two three four five six"
#define SAID_TWO "seven eight nine ten eleven twelve"
#define SAID_THREE "red green blue white black grey"

/* Six words of a short issue, and half of it, are enough to know it. */
static void test_enough_words(void **state) {
    static const struct row rows[] = {
        {ONE, SAID_ONE, "unchanged"},
        {"b one two three four five\n", "one two three four five", "unknown"},
        {ONE TWO, SAID_ONE, "changed; missing 2: " SAID_TWO " -> "},
        {ONE "b seven eight nine ten eleven twelve 13\n", SAID_ONE, "unknown"},
        {ONE, "nothing of this is there", "unknown"},
        {"", "words", "unknown"},
        {ONE, "", "unknown"},
        {"f one two three four five six\n", SAID_ONE, "unknown"}, /* not of the text itself */
    };
    (void)state;
    assert_rows(rows, sizeof rows / sizeof rows[0], "[text]");
}

static void test_order(void **state) {
    static const struct row rows[] = {
        {ONE TWO, SAID_ONE "\n\n" SAID_TWO, "unchanged"},
        {ONE TWO, SAID_ONE "\n" SAID_TWO, "unchanged"},
        {ONE TWO THREE, SAID_ONE "\n\n" SAID_THREE, "changed; missing 2: " SAID_TWO " -> "},
        {ONE TWO, SAID_ONE "\n\nhello world\n\n" SAID_TWO, "changed; added 2:  -> hello world"},
        {ONE TWO THREE, SAID_ONE "\n\nseven eight NO ten eleven twelve\n\n" SAID_THREE,
         "changed; changed 2: " SAID_TWO " -> seven eight NO ten eleven twelve"},
        {ONE TWO THREE, SAID_ONE "\n\n" SAID_THREE "\n\n" SAID_TWO,
         "changed; moved 3: " SAID_THREE " -> "},
        {ONE TWO THREE, SAID_TWO "\n\n" SAID_ONE "\n\n" SAID_THREE,
         "changed; moved 2: " SAID_TWO " -> "},
        {ONE TWO, "hello\n\n" SAID_ONE "\n\n" SAID_TWO "\n\nbye now",
         "unchanged; around: hello; around: bye now"},
        {"f top\n" ONE "f bottom line\n" TWO, SAID_ONE "\n\n" SAID_TWO, "unchanged"},
        {"f the top line is long\n" ONE TWO, "the top line was long\n\n" SAID_ONE "\n\n" SAID_TWO,
         "changed; changed 0: the top line is long -> the top line was long"},
        {"f the top line is long\n" ONE TWO, /* two of five words */
         "the top\n\n" SAID_ONE "\n\n" SAID_TWO, "unchanged; around: the top"},
        {"f the top line\n" ONE TWO, /* three words are too few */
         "the top zone\n\n" SAID_ONE "\n\n" SAID_TWO, "unchanged; around: the top zone"},
        {"b\n" ONE TWO, SAID_ONE "\n\n" SAID_TWO, "unchanged"},
        {ONE ONE TWO, SAID_ONE "\n\n" SAID_ONE "\n\n" SAID_TWO, "unchanged"},
    };
    (void)state;
    assert_rows(rows, sizeof rows / sizeof rows[0], "[text]");
}

/* A value may be any words of its paragraph, up to a dozen; they are told. */
static void test_values(void **state) {
    static const struct row rows[] = {
        {"b Dear " SLOT ", one two three four five\n", "Dear Ann, one two three four five",
         "unchanged; personal: Ann,"},
        {"b Dear " SLOT ", one two three four five\n", "Dear Ann Lee, one two three four five",
         "unchanged; personal: Ann Lee,"},
        {"b Dear " SLOT ", one two three four five\n", "Dear Ann one two three four five",
         "unknown"}, /* the comma is ours */
        {"b Dear " SLOT " one two three four five\n", "Dear one two three four five", "unchanged"},
        {"b Dear x" SLOT " one two three four five\n", "Dear one two three four five", "unknown"},
        {"b Dear x" SLOT "y one two three four five\n", "Dear xAy one two three four five",
         "unchanged; personal: xAy"},
        {"b Dear x" SLOT "y one two three four five\n", "Dear xAz one two three four five",
         "unknown"},
        {"b Dear x" SLOT "y one two three four five\n", "Dear zAy one two three four five",
         "unknown"},
        {"b one two three four five six " SLOT "\n", SAID_ONE " a b c",
         "unchanged; personal: a b c"},
        {"b one two three four five six " SLOT "\n" TWO, SAID_ONE " a b c\n\n" SAID_TWO,
         "unchanged; personal: a b c"},
        {"b one two three four five six " SLOT "\n" TWO, SAID_ONE "\n\nno value\n\n" SAID_TWO,
         "changed; added 2:  -> no value"},
        {"b one two three four five six " SLOT "\n" TWO,
         SAID_ONE " 1 2 3 4 5 6 7 8 9 a b\n\n" SAID_TWO,
         "unchanged; personal: 1 2 3 4 5 6 7 8 9 a b"}, /* eleven */
        {"b one two three four five six " SLOT " end\n", SAID_ONE " 1 2 3 4 5 6 7 8 9 a b c end",
         "unchanged; personal: 1 2 3 4 5 6 7 8 9 a b c"}, /* twelve */
        {"b one two three four five six " SLOT " end\n", SAID_ONE " 1 2 3 4 5 6 7 8 9 a b c d end",
         "unknown"},
        {"b " SLOT ", one two three four five six\n", "Ann, " SAID_ONE,
         "unchanged; personal: Ann,"},
        {"b one two " SLOT " three four " SLOT " five six\n", "one two A three four A five six",
         "unchanged; personal: A"}, /* told once */
        {"b one two -" SLOT "- three four five six\n", "one two three four five six",
         "unchanged"}, /* signs around no value say nothing */
        {"b one two http://x/" SLOT " three four five six\n",
         "one two http://x/abc three four five six", "unchanged"},
    };
    (void)state;
    assert_rows(rows, sizeof rows / sizeof rows[0], "[text]");
}

/* Programs add the numbers of lists and the addresses of links when they make plain text. */
static void test_what_programs_add(void **state) {
#define LINKED "b one two three <https://x.org/> four five six\n"
    static const struct row rows[] = {
        {ONE TWO, "1. " SAID_ONE "\n\n2) " SAID_TWO, "unchanged"},
        {ONE TWO, "1. " SAID_ONE "\n\n999. " SAID_TWO, "unchanged"},
        {ONE TWO, SAID_ONE "\n\n1999. " SAID_TWO, "changed; added 2:  -> 1999."},
        {ONE TWO, SAID_ONE "\n\n2: " SAID_TWO, "changed; added 2:  -> 2:"},
        {ONE TWO, SAID_ONE "\n\n2.x " SAID_TWO, "changed; added 2:  -> 2.x"},
        {ONE, "one two three 1. four five six", "unchanged"},
        {LINKED, SAID_ONE, "unchanged"},
        {LINKED, "one two three <https://x.org/> four five six", "unchanged"},
        {LINKED, "one two three four five six\nhttps://x.org/", "unchanged"},
        {LINKED, "one two three https://y.org/ four five six", "unknown"},
        {LINKED, "one two three https://x.org/z four five six", "unknown"},
        {"b one two three <https://x.org/" SLOT "/z> four five six\n",
         "one two three https://x.org/A/z four five six", "unchanged"},
        {"b one two three <https://x.org/" SLOT "/z> four five six\n",
         "one two three https://x.org/A/y four five six", "unknown"},
        {"b one two three <" SLOT "> four five six\n", "one two three https://x.org/ four five six",
         "unknown"},
    };
    (void)state;
    assert_rows(rows, sizeof rows / sizeof rows[0], "[html]");
}

/* In HTML, the addresses of links count. */
static void test_links(void **state) {
#define LAST "b one two three four five six <https://x.org/>\n"
#define PERSONAL "b one two three four five six <https://x.org/" SLOT "/z>\n"
    static const struct row rows[] = {
        {LAST, "<html>" SAID_ONE " <a href=\"https://x.org/\">.</a>", "unchanged"},
        {LAST, "<!DOCTYPE html>" SAID_ONE " <a href=\"https://x.org/\">.</a>", "unchanged"},
        {TWO LAST THREE,
         "<html><p>" SAID_TWO "<p>" SAID_ONE " <a href=\"https://y.org/\">.</a><p>" SAID_THREE,
         "changed; changed 2: " SAID_ONE " <https://x.org/> -> " SAID_ONE " <https://y.org/>"},
        {TWO LAST THREE, "<html><p>" SAID_TWO "<p>" SAID_ONE "<p>" SAID_THREE,
         "changed; changed 2: " SAID_ONE " <https://x.org/> -> " SAID_ONE},
        {PERSONAL, "<html>" SAID_ONE " <a href=\"https://x.org/abc/z\">.</a>", "unchanged"},
        {TWO PERSONAL THREE,
         "<html><p>" SAID_TWO "<p>" SAID_ONE " <a href=\"https://x.org/abc/y\">.</a><p>" SAID_THREE,
         "changed; changed 2: " SAID_ONE " <https://x.org/" DOTS "/z> -> " SAID_ONE
         " <https://x.org/abc/y>"},
        {ONE TWO, "<html><p>" SAID_ONE "<p>1. " SAID_TWO, "changed; added 2:  -> 1."},
    };
    (void)state;
    assert_rows(rows, sizeof rows / sizeof rows[0], "[html]");
}

/* A passage for some readers is known by its digest alone. */
static void test_hidden_passages(void **state) {
    struct nl_wording words = {0};
    char digest[NL_HEX_LEN];
    struct nl_buf note = {0};
    (void)state;
    nl_wording_add_text(&words, "for some only", 13);
    nl_canonical_digest(&words, 0, 3, digest);
    nl_buf_addf(&note, HEAD "[text]\n" ONE "c 3:%s\n" TWO, digest);
    assert_told(nl_buf_text(&note), SAID_ONE "\n\nfor some only\n\n" SAID_TWO, "unchanged");
    assert_told(nl_buf_text(&note), SAID_ONE "\n\n" SAID_TWO, "unchanged");
    assert_told(nl_buf_text(&note), SAID_ONE "\n\nfor some more\n\n" SAID_TWO,
                "changed; added 2:  -> for some more");
    assert_told(nl_buf_text(&note), SAID_ONE "\n\nfor some only too\n\n" SAID_TWO,
                "changed; added 2:  -> too");
    nl_buf_free(&note);
    nl_wording_free(&words);
}

/* A long difference is cut at 600 bytes, at the end of a character; there are at most a hundred. */
static void test_long_differences(void **state) {
    static const size_t lens[] = {599, 600, 601, 602};
    (void)state;
    for_each_row (i, lens, NULL) {
        struct nl_buf text = {0};
        nl_buf_adds(&text, SAID_ONE "\n\n");
        for (size_t at = 0; at + 2 <= lens[i]; at += 2)
            nl_buf_adds(&text, "\xc3\xa9");
        nl_buf_adds(&text, lens[i] % 2 == 1 ? "x" : "");
        nl_buf_adds(&text, "\n\n" SAID_TWO);
        struct nl_genuine genuine = compare(HEAD "[text]\n" ONE TWO, nl_buf_text(&text));
        const char *here = json_string_value(json_object_get(
            json_array_get(json_object_get(genuine.facts, "differences"), 0), "here"));
        assert_int_equal(strlen(here), lens[i] <= 600 ? lens[i] : 603);
        assert_true(lens[i] <= 600 || strcmp(here + 600, DOTS) == 0);
        nl_genuine_free(&genuine);
        nl_buf_free(&text);
    }
}

static void test_many_differences(void **state) {
    struct nl_buf note = {0};
    struct nl_buf text = {0};
    (void)state;
    nl_buf_adds(&note, HEAD "[text]\n");
    for (int i = 0; i < 110; i++) {
        nl_buf_addf(&note, "b a%d b%d c%d d%d e%d\n", i, i, i, i, i);
        nl_buf_addf(&text, "a%d b%d c%d d%d e%d\n\nnew%d\n\n", i, i, i, i, i, i);
    }
    struct nl_genuine genuine = compare(nl_buf_text(&note), nl_buf_text(&text));
    assert_int_equal(genuine.matched, 550);
    assert_int_equal(json_array_size(json_object_get(genuine.facts, "differences")), 100);
    nl_genuine_free(&genuine);
    nl_buf_free(&note);
    nl_buf_free(&text);
}

/* Once forty words were found, it need not be half of the issue. */
static void test_forty_words(void **state) {
    static const int counts[] = {39, 40};
    (void)state;
    for_each_row (i, counts, NULL) {
        struct nl_buf note = {0};
        struct nl_buf text = {0};
        nl_buf_adds(&note, HEAD "[text]\nb");
        for (int at = 0; at < counts[i]; at++) {
            nl_buf_addf(&note, " w%d", at);
            nl_buf_addf(&text, " w%d", at);
        }
        nl_buf_adds(&note, "\nb");
        for (int at = 0; at < 100; at++)
            nl_buf_addf(&note, " v%d", at);
        nl_buf_adds(&note, "\n");
        struct nl_genuine genuine = compare(nl_buf_text(&note), nl_buf_text(&text));
        assert_int_equal(genuine.verdict, counts[i] < 40 ? NL_VERDICT_UNKNOWN : NL_VERDICT_CHANGED);
        nl_genuine_free(&genuine);
        nl_buf_free(&note);
        nl_buf_free(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enough_words),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_what_programs_add),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_hidden_passages),
        cmocka_unit_test(test_long_differences),
        cmocka_unit_test(test_many_differences),
        cmocka_unit_test(test_forty_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
