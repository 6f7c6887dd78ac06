#include "support.h"

#include "newsletter/base/address.h"
#include "newsletter/base/attributes.h"
#include "newsletter/base/clean.h"
#include "newsletter/base/form.h"

#include <stdlib.h>

/* White space and invisible characters of every sort. */
static const char *const strange[] = {
    "\xc2\xa0",         /* U+00A0 no-break space */
    "\xc2\xad",         /* U+00AD soft hyphen */
    "\xcd\x8f",         /* U+034F combining grapheme joiner */
    "\xd8\x9c",         /* U+061C Arabic letter mark */
    "\xe1\x85\x9f",     /* U+115F Hangul filler */
    "\xe1\x9a\x80",     /* U+1680 Ogham space */
    "\xe1\xa0\x8e",     /* U+180E Mongolian vowel separator */
    "\xe2\x80\x82",     /* U+2002 en space */
    "\xe2\x80\x8b",     /* U+200B zero width space */
    "\xe2\x80\x8c",     /* U+200C joiners, where nothing is joined */
    "\xe2\x80\x8d",     /* U+200D */
    "\xe2\x80\x8e",     /* U+200E left-to-right mark */
    "\xe2\x80\x8f",     /* U+200F */
    "\xe2\x80\xaa",     /* U+202A embedding */
    "\xe2\x80\xac",     /* U+202C */
    "\xe2\x80\xae",     /* U+202E override */
    "\xe2\x80\xaf",     /* U+202F narrow no-break space */
    "\xe2\x81\x9f",     /* U+205F */
    "\xe2\x81\xa0",     /* U+2060 word joiner */
    "\xe2\x81\xa3",     /* U+2063 */
    "\xe2\x81\xa6",     /* U+2066 isolate */
    "\xe2\x81\xaf",     /* U+206F */
    "\xe2\xa0\x80",     /* U+2800 blank of Braille */
    "\xe3\x80\x80",     /* U+3000 ideographic space */
    "\xe3\x85\xa4",     /* U+3164 Hangul filler */
    "\xef\xb8\x8f",     /* U+FE0F variation selector, of no emoji */
    "\xef\xbb\xbf",     /* U+FEFF byte order mark */
    "\xef\xbe\xa0",     /* U+FFA0 */
    "\xef\xbf\xb9",     /* U+FFF9 */
    "\xf0\x9d\x85\xb3", /* U+1D173 */
    "\xf3\xa0\x80\xa1", /* U+E0021 tag */
    "\xf3\xa0\x84\x80", /* U+E0100 variation selector */
};

enum { STRANGE = sizeof strange / sizeof strange[0] };

static char *join(const char *a, const char *b, const char *c) {
    struct nl_buf out = {0};
    nl_buf_addf(&out, "%s%s%s", a, b, c);
    return nl_buf_take(&out);
}

static bool is_white(const char *text) {
    static const char *const white[] = {"\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x82",
                                        "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};
    for (size_t i = 0; i < sizeof white / sizeof white[0]; i++)
        if (strcmp(white[i], text) == 0)
            return true;
    return false;
}

static void check_line(const char *text, const char *expected) {
    struct nl_error err = {0};
    struct nl_buf out = {0};
    assert_ok(nl_clean_line(text, "the name", &out, &err));
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
}

static void test_ends(void **state) {
    (void)state;
    check_line("", "");
    check_line(" \t\r\n", "");
    check_line("  Ann Lee \n", "Ann Lee");
    for (size_t i = 0; i < STRANGE; i++) {
        char *around = join(strange[i], " Ann ", strange[i]);
        char *blank = join(strange[i], " ", strange[(i + 7) % STRANGE]);
        check_line(around, "Ann");
        check_line(blank, "");
        free(around);
        free(blank);
    }
}

static void test_within(void **state) {
    (void)state;
    for (size_t i = 0; i < STRANGE; i++) {
        struct nl_error err = {0};
        struct nl_buf out = {0};
        char *text = join("Ann", strange[i], "Lee");
        if (is_white(strange[i]))
            check_line(text, "Ann Lee");
        else
            assert_fails(nl_clean_line(text, "the name", &out, &err), NL_DATA,
                         "the name holds an invisible character: 'Ann<U+");
        free(text);
        nl_buf_free(&out);
    }
}

static void test_what_writing_needs(void **state) {
    (void)state;
    static const char *const kept[] = {
        "نامه‌ای",                                  /* ZWNJ between joining letters */
        "क्‍ष",                                     /* ZWJ after a virama */
        "ക്‌ഷ",                                     /* ZWNJ after a virama */
        "Ann \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac", /* scientist: ZWJ */
        "Ann \xe2\x9d\xa4\xef\xb8\x8f",                     /* heart, as an emoji */
        "\xf0\x9f\x8f\xb3\xef\xb8\x8f\xe2\x80\x8d\xf0\x9f\x8c\x88", /* rainbow flag */
        "1\xef\xb8\x8f\xe2\x83\xa3",                                /* keycap */
        "\xe8\x91\x9b\xf3\xa0\x84\x80\xe5\x9f\x8e",                 /* variant of an ideograph */
        ("\xf0\x9f\x8f\xb4\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2\xf3\xa0\x81\xb3\xf3\xa0\x81\xa3"
         "\xf3\xa0\x81\xb4\xf3\xa0\x81\xbf"), /* flag of Scotland */
        "Әсел Ақтау",
        "山田 太郎",
        "José María",
        "O’Brien – Smith",
        "=1+1",
    };
    for_each_row (i, kept, kept[i])
        check_line(kept[i], kept[i]);
    check_line("Ann\xe2\x80\x83Lee", "Ann Lee");
}

static void test_controls(void **state) {
    (void)state;
    static const char *const bad[] = {"a\nb",    "a\rb", "a\tb",       "a\x01",
                                      "\x1b[1m", "é\nb", "é\xc2\x85x", "é\xe2\x80\xa8x"};
    for_each_row (i, bad, bad[i]) {
        struct nl_error err = {0};
        struct nl_buf out = {0};
        assert_fails(nl_clean_line(bad[i], "it", &out, &err), NL_DATA, "it holds a line break");
        nl_buf_free(&out);
    }
    struct nl_error err = {0};
    struct nl_buf out = {0};
    assert_fails(nl_clean_line("a\xff", "it", &out, &err), NL_DATA, "UTF-8");
    nl_buf_free(&out);
}

/* One mailbox stays one, so that a suppression holds. */
static void test_addresses(void **state) {
    (void)state;
    for (size_t i = 0; i < STRANGE; i++) {
        struct nl_error err = {0};
        struct nl_address address = {0};
        char *around = join(strange[i], "Ann@example.org", strange[i]);
        assert_ok(nl_address_parse(around, &address, &err));
        assert_string_equal(address.text, "Ann@example.org");
        assert_string_equal(address.key, "ann@example.org");
        nl_address_free(&address);
        free(around);
        static const char *const parts[][2] = {{"a", "nn@example.org"},
                                               {"ann", "@example.org"},
                                               {"ann@", "example.org"},
                                               {"ann@exam", "ple.org"},
                                               {"\"a", "b\"@example.org"}};
        for_each_row (part, parts, parts[part][0]) {
            char *within = join(parts[part][0], strange[i], parts[part][1]);
            assert_fails(nl_address_parse(within, &address, &err), NL_DATA,
                         "the address holds an invisible character");
            free(within);
        }
    }
    struct nl_error err = {0};
    struct nl_address address = {0};
    assert_fails(nl_address_parse("ann\xe2\x80\x8b@example.org", &address, &err), NL_DATA,
                 "'ann<U+200B>@example.org'");
    assert_ok(nl_address_parse("ann@نامه‌ای.example", &address, &err));
    nl_address_free(&address);
    assert_fails(nl_address_parse("\xe2\x80\x8b \xc2\xa0", &address, &err), NL_DATA, "empty");
}

static void test_mailboxes(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_address address = {0};
    char *name = NULL;
    assert_ok(
        nl_mailbox_parse("\xef\xbb\xbf\"Lee, \\\"Ann\\\"\" \xc2\xa0<ann@example.org\xe2\x80\x8b> ",
                         &name, &address, &err));
    assert_string_equal(name, "Lee, \"Ann\"");
    assert_string_equal(address.text, "ann@example.org");
    free(name);
    nl_address_free(&address);
    assert_ok(nl_mailbox_parse("\" \xe2\x80\x8b\" <ann@example.org>", &name, &address, &err));
    assert_null(name);
    nl_address_free(&address);
    assert_fails(nl_mailbox_parse("A\xe2\x80\x8b"
                                  "nn <ann@example.org>",
                                  &name, &address, &err),
                 NL_DATA, "the name holds an invisible character");
    assert_null(address.text);
    assert_fails(nl_mailbox_parse("Ann <ann@example.org> x", &name, &address, &err), NL_DATA,
                 "not a mailbox");
}

static void test_forms_and_attributes(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_form_field items[] = {{.attribute = "city"}, {.attribute = "zone"}};
    const struct nl_form_fields fields = {items, 2};
    struct nl_form form = {.fields = &fields};
    assert_ok(nl_form_take(&form, "name", " \xc2\xa0 ", &err));
    assert_null(form.name);
    assert_ok(nl_form_take(&form, "name",
                           "\xe2\x80\x8b"
                           "Ann\xc2\xa0Lee ",
                           &err));
    assert_string_equal(form.name, "Ann Lee");
    assert_ok(nl_form_take(&form, "language", " kk ", &err));
    assert_string_equal(form.language, "kk");
    assert_ok(nl_form_take(&form, "attribute.city", "\xef\xbb\xbf Aktau\xe2\x80\x8e", &err));
    assert_string_equal(form.attributes, "{\"city\":\"Aktau\"}");
    assert_ok(nl_form_take(&form, "attribute.zone", "\xc2\xa0 ", &err));
    assert_string_equal(form.attributes, "{\"city\":\"Aktau\"}");
    assert_fails(nl_form_take(&form, "attribute.city", "Ak\xe2\x80\x8btau", &err), NL_DATA,
                 "invisible");
    assert_fails(nl_form_take(&form, "name", "A\xe2\x80\xaenn", &err), NL_DATA, "invisible");
    nl_form_free(&form);

    json_t *object = json_object();
    struct nl_buf passed = {0};
    json_t *list = json_pack("{s:[s,s]}", "tags", " \xc2\xa0", "\xe2\x80\x8bpress ");
    assert_ok(nl_attributes_take(object, list, &passed, &err));
    char *text = json_dumps(object, JSON_COMPACT);
    assert_string_equal(text, "{\"tags\":[\"press\"]}");
    free(text);
    json_decref(list);
    json_decref(object);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_within),
        cmocka_unit_test(test_what_writing_needs),
        cmocka_unit_test(test_controls),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_mailboxes),
        cmocka_unit_test(test_forms_and_attributes),
    };
    return cmocka_run_group_tests_name("clean", tests, NULL, NULL);
}
