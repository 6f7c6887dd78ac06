#include "support.h"

#include "base/error_part.h"
#include "newsletter/base/error.h"
#include "newsletter/base/kept_error.h"

#include <stdlib.h>

static void test_text_is_one_line(void **state) {
    (void)state;
    struct nl_error err = {0};
    assert_int_equal(nl_error_set(&err, NL_DATA, "bad '%s'", "a\r\nb\x1b[31m"), NL_DATA);
    assert_string_equal(nl_error_text(&err), "bad 'a  b [31m'");
    assert_int_equal(nl_error_context(&err, "%s:%d", "file", 3), NL_DATA);
    assert_string_equal(nl_error_text(&err), "file:3: bad 'a  b [31m'");
    nl_error_free(&err);
    assert_int_equal(err.status, NL_OK);
}

static void test_without_a_place_to_write(void **state) {
    (void)state;
    struct nl_error err = {0};
    assert_int_equal(nl_error_set(NULL, NL_IO, "x"), NL_IO);
    assert_string_equal(nl_error_text(&err), "out of memory");
    nl_error_free(NULL);
}

/* A format is read as printf(3) reads it, also by a catalog that puts its words in another order.
 */
static void test_conversions(void **state) {
    static const struct {
        const char *format;
        bool known;
        struct nl_conversion read; /* without `begin` and `end` */
        size_t len;
    } rows[] = {
        {"%s", true, {.precision = -1, .kind = 's'}, 2},
        {"%9d0", true, {.precision = -1, .width = 9, .kind = 'd'}, 3},
        {"%10d", true, {.precision = -1, .width = 10, .kind = 'd'}, 4},
        {"%09x", true, {.precision = -1, .width = 9, .zeros = true, .kind = 'x'}, 4},
        {"%.90s.", true, {.precision = 90, .kind = 's'}, 5},
        {"%*d", true, {.precision = -1, .width_given = true, .kind = 'd'}, 3},
        {"%.*s", true, {.precision_given = true, .precision = -1, .kind = 's'}, 4},
        {"%19$s", true, {.place = 19, .precision = -1, .kind = 's'}, 5},
        {"%2$09lld",
         true,
         {.place = 2, .precision = -1, .width = 9, .zeros = true, .length = 'q', .kind = 'd'},
         8},
        {"%lu", true, {.precision = -1, .length = 'l', .kind = 'u'}, 3},
        {"%zu", true, {.precision = -1, .length = 'z', .kind = 'u'}, 3},
        {"%%", true, {.precision = -1, .kind = '%'}, 2},
        {"%", false, {0}, 0},
        {"%9", false, {0}, 0},
        {"%f", false, {0}, 0},
        {"%/d", false, {0}, 0},
        {"%:d", false, {0}, 0},
    };
    (void)state;
    for_each_row (i, rows, rows[i].format) {
        const struct nl_conversion *expected = &rows[i].read;
        struct nl_conversion found;
        assert_int_equal(nl_conversion_read(rows[i].format, &found), rows[i].known);
        if (!rows[i].known)
            continue;
        assert_ptr_equal(found.begin, rows[i].format);
        assert_ptr_equal(found.end, rows[i].format + rows[i].len);
        assert_int_equal(found.place, expected->place);
        assert_int_equal(found.width, expected->width);
        assert_int_equal(found.precision, expected->precision);
        assert_int_equal(found.width_given, expected->width_given);
        assert_int_equal(found.precision_given, expected->precision_given);
        assert_int_equal(found.zeros, expected->zeros);
        assert_int_equal(found.length, expected->length);
        assert_int_equal(found.kind, expected->kind);
    }
}

static void check_shown(const struct nl_catalog *catalog, const struct nl_error *err,
                        const char *expected) {
    char *text = nl_catalog_error(catalog, err);
    assert_string_equal(text, expected);
    free(text);
}

static void test_shown_in_another_language(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_error other = {0};
    struct nl_catalog *russian = NULL;
    assert_int_equal(nl_catalog_open(NULL, "ru", &russian, &err), NL_OK);
    nl_error_set(&err, NL_DATA, "'%s' is not an attribute name: use letters, digits, _ and -",
                 "a\nb");
    check_shown(russian, &err, "«a b» — не имя атрибута: буквы, цифры, _ и -");
    nl_error_context(&err, "%s", "reply-to"); /* a word of ours */
    check_shown(russian, &err, "адрес для ответа: «a b» — не имя атрибута: буквы, цифры, _ и -");
    nl_error_set(&err, NL_NOTFOUND, "there is no list '%s'", "the name"); /* somebody's word */
    check_shown(russian, &err, "рассылки «the name» нет");
    nl_error_set(&err, NL_DATA, "%s is empty", "the name"); /* one of ours */
    check_shown(russian, &err, "имя: пусто");
    nl_error_set(&err, NL_DATA, "%.*s", 7, "no such text");
    check_shown(russian, &err, "no such");
    nl_error_set(&err, NL_DATA, "not in the catalog: %d %5zu %lld %02x %u%% %c", -1, (size_t)2, 3LL,
                 10U, 4U, 'z');
    check_shown(russian, &err, nl_error_text(&err));
    nl_error_set(&err, NL_DATA, "%-5s|", "x"); /* a conversion that is not taken apart */
    check_shown(russian, &err, "x    |");
    nl_error_set(&other, NL_EXISTS, "there is an account '%s' already", "ann");
    assert_int_equal(nl_error_take(&err, NL_DATA, &other), NL_DATA);
    check_shown(russian, &err, "учётная запись «ann» уже есть");
    assert_null(other.text);
    nl_error_free(&err);
    nl_catalog_free(russian);
}

/* "no list '%s' in %s" the other way round. */
static void test_order_of_another_language(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_catalog *arabic = NULL;
    assert_int_equal(nl_catalog_open(NULL, "ar", &arabic, &err), NL_OK);
    nl_error_set(&err, NL_NOTFOUND, "list %s has no template '%s'", "news", "3");
    check_shown(arabic, &err, "لا قالب «3» في القائمة news");
    nl_error_free(&err);
    nl_catalog_free(arabic);
}

static void check_kept(const struct nl_catalog *catalog, const json_t *kept, const char *expected) {
    char *text = nl_catalog_kept(catalog, kept, "as it was");
    assert_string_equal(text, expected);
    free(text);
}

static void test_stored_and_shown_later(void **state) {
    (void)state;
    struct nl_error err = {0};
    struct nl_catalog *russian = NULL;
    static const char *const broken[] = {
        "[]",
        "{}",
        "[7]",
        "[[]]",
        "[[7]]",
        "[[1],[\"x\"]]",
        ("[[\"a\"],[\"a\"],[\"a\"],[\"a\"],[\"a\"],[\"a\"],[\"a\"],[\"a\"],[\"a\"],[\"a\"],[\"a\"],"
         "[\"a\"],[\"a\"],[\"a\"],[\"a\"],[\"a\"],[\"a\"]]")};
    assert_int_equal(nl_catalog_open(NULL, "ru", &russian, &err), NL_OK);
    nl_error_set(&err, NL_NOTFOUND, "there is no list '%s'", "news");
    nl_error_context(&err, "line %zu", (size_t)7);
    json_t *kept = nl_error_keep(&err);
    nl_error_free(&err);
    char *text = json_dumps(kept, JSON_COMPACT);
    assert_string_equal(text, "[[\"line %zu\",\"7\"],[\"there is no list '%s'\",\"news\"]]");
    free(text);
    check_kept(russian, kept, "строка 7: рассылки «news» нет");
    json_decref(kept);
    check_kept(russian, NULL, "as it was");
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        kept = json_loads(broken[i], 0, NULL);
        check_kept(russian, kept, "as it was");
        json_decref(kept);
    }
    kept =
        json_loads("[[\"%s %n %s\"]]", 0, NULL); /* more conversions than words, and a wrong one */
    check_kept(russian, kept, " %n %s");
    json_decref(kept);
    nl_error_set(&err, NL_DATA, "%-5s|", "x");
    assert_null(nl_error_keep(&err));
    nl_error_free(&err);
    nl_catalog_free(russian);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_one_line),
        cmocka_unit_test(test_without_a_place_to_write),
        cmocka_unit_test(test_conversions),
        cmocka_unit_test(test_shown_in_another_language),
        cmocka_unit_test(test_order_of_another_language),
        cmocka_unit_test(test_stored_and_shown_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
