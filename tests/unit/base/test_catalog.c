#include "support.h"

#include "newsletter/base/catalog.h"

#include <stdio.h>
#include <stdlib.h>

static struct nl_catalog *open_catalog(const char *folder, const char *language) {
    struct nl_error err = {0};
    struct nl_catalog *catalog = NULL;
    assert_ok(nl_catalog_open(folder, language, &catalog, &err));
    return catalog;
}

static void test_built_in(void **state) {
    (void)state;
    struct nl_catalog *ru = open_catalog(NULL, "ru-KZ");
    assert_string_equal(nl_catalog_language(ru), "ru");
    assert_string_equal(nl_catalog_text(ru, NULL, "Unsubscribe"), "Отписаться");
    assert_string_equal(nl_catalog_text(ru, "delivery", "Sent"), "Отправлено");
    assert_string_equal(nl_catalog_text(ru, "issue", "Sent"), "Отправлен");
    assert_string_equal(nl_catalog_text(ru, "date", "Sent"), "Sent");
    assert_string_equal(nl_catalog_text(ru, "date", "Unsubscribe"), "Unsubscribe");
    assert_string_equal(nl_catalog_text(ru, "dat", "e"), "e");
    assert_string_equal(nl_catalog_text(ru, NULL, "no such text"), "no such text");
    assert_string_equal(nl_catalog_text(ru, NULL, ""), "");
    nl_catalog_free(ru);
    nl_catalog_free(NULL);
}

static void test_english_is_as_written(void **state) {
    (void)state;
    static const char *const languages[] = {"en", "nl", "xx-YY", "", "../ru", NULL};
    for_each_row (i, languages, languages[i]) {
        struct nl_catalog *catalog = open_catalog(NULL, languages[i]);
        assert_string_equal(nl_catalog_language(catalog), "en");
        assert_string_equal(nl_catalog_text(catalog, "issue", "Sent"), "Sent");
        assert_string_equal(nl_catalog_plural(catalog, "a day", "days", 1), "a day");
        assert_string_equal(nl_catalog_plural(catalog, "a day", "days", 0), "days");
        nl_catalog_free(catalog);
    }
}

/* One text and its translation, as msgfmt writes them; `bad` spoils one byte. */
static void write_catalog(struct fixture *fixture, const char *name, int bad) {
    unsigned char file[] = {0xde, 0x12, 0x04, 0x95, 0, 0, 0,  0, 1, 0, 0,   0, 28,  0,   0, 0,  36,
                            0,    0,    0,    0,    0, 0, 0,  0, 0, 0, 0,   1, 0,   0,   0, 44, 0,
                            0,    0,    2,    0,    0, 0, 46, 0, 0, 0, 'a', 0, 'b', 'c', 0};
    char path[128];
    if (bad >= 0)
        file[bad] = 0xff;
    snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(file, 1, sizeof file, out), sizeof file);
    assert_int_equal(fclose(out), 0);
}

static void test_own(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_catalog *catalog = NULL;
    write_catalog(fixture, "de.mo", -1);
    catalog = open_catalog(fixture->folder, "de");
    assert_string_equal(nl_catalog_text(catalog, NULL, "a"), "bc");
    nl_catalog_free(catalog);
    /* Each number of the file out of bounds, and a text without its end. */
    static const int places[] = {0, 10, 14, 18, 30, 34, 38, 42, 45};
    for_each_row (i, places, NULL) {
        write_catalog(fixture, "de.mo", places[i]);
        assert_fails(nl_catalog_open(fixture->folder, "de", &catalog, &err), NL_CONFIG,
                     "is not a catalog");
    }
}

/* The head of a catalog with three forms, and a text that has a form for each: "x NUL y NUL z". */
static void test_plural(void **state) {
    struct fixture *fixture = *state;
    static const char head[] = "Plural-Forms: nplurals=3; plural=n>2 ? 2 : n==2 ? 1 : 0;\n";
    static const char data[] = "a\0b\0x\0y\0z";
    enum { TEXTS = 28 + 4 * 8 };
    const unsigned numbers[] = {0x950412de,
                                0,
                                2,
                                28,
                                28 + 2 * 8,
                                0,
                                0,
                                0,
                                TEXTS + 3, /* "" */
                                3,
                                TEXTS, /* "a NUL b": 'a' sorts after "" */
                                sizeof head - 1,
                                TEXTS + sizeof data,
                                5,
                                TEXTS + 4};
    char path[128];
    snprintf(path, sizeof path, "%s/de.mo", fixture->folder);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        for (int byte = 0; byte < 4; byte++)
            assert_int_not_equal(fputc((int)(numbers[i] >> 8 * byte & 0xff), out), EOF);
    assert_int_equal(fwrite(data, 1, sizeof data, out), sizeof data);
    assert_int_equal(fwrite(head, 1, sizeof head, out), sizeof head);
    assert_int_equal(fclose(out), 0);
    struct nl_catalog *catalog = open_catalog(fixture->folder, "de");
    assert_string_equal(nl_catalog_plural(catalog, "a", "b", 1), "x");
    assert_string_equal(nl_catalog_plural(catalog, "a", "b", 2), "y");
    assert_string_equal(nl_catalog_plural(catalog, "a", "b", 5), "z");
    assert_string_equal(nl_catalog_plural(catalog, "no", "such", 5), "such");
    assert_string_equal(nl_catalog_plural(catalog, "", "such", 5), "such");
    nl_catalog_free(catalog);
}

static enum nl_status collect(const char *language, void *ctx, struct nl_error *err) {
    (void)err;
    strncat(ctx, language, 10);
    strncat(ctx, " ", 2);
    return NL_OK;
}

static void test_each(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    char names[100] = "";
    assert_ok(nl_catalog_each(NULL, collect, names, &err));
    assert_string_equal(names, "en ar de es fr it kk pt ru tr uk uz zh ");
    names[0] = '\0';
    write_catalog(fixture, "nl.mo", -1);
    write_catalog(fixture, "ru.mo", -1);
    write_catalog(fixture, "not a tag.mo", -1);
    assert_ok(nl_catalog_each(fixture->folder, collect, names, &err));
    assert_string_equal(names, "en ar de es fr it kk pt ru tr uk uz zh nl ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_built_in),
        cmocka_unit_test(test_english_is_as_written),
        cmocka_unit_test_setup_teardown(test_own, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_plural, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_each, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
