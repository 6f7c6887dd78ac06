#include "support.h"

#include "bulletin/slug.h"
#include "newsletter/base/text.h"

#include <string.h>

static void test_titles(void **state) {
    (void)state;
    static const struct {
        const char *title, *language, *slug;
    } cases[] = {
        {"News, No 5", NULL, "news-no-5"},
        {"Don't panic", NULL, "don-t-panic"},
        {"Пресс-релиз", NULL, "press-reliz"},
        {"Щука, объявление и хлеб", NULL, "shchuka-obyavleniye-i-khleb"},
        {"Выпуск пятый", "ru", "vypusk-pyatyy"},
        {"Қазақстан жаңалықтары", NULL, "qazaqstan-zhangalyqtary"},
        {"Жаңа хабар", "kk", "zhanga-khabar"},
        {"Київ, їжак", NULL, "kyyiv-yizhak"},
        {"Київ", "uk-UA", "kyyiv"},
        {"Београд, Љубљана", NULL, "beograd-ljubljana"},
        {"Ελλάδα", "el", "elladha"},
        {"Übergröße", "de", "uebergroesse"},
        {"Übergröße", NULL, "ubergrosse"},
        {"Łódź, Ærø, Ñandú", NULL, "lodz-aero-nandu"},
        {"საქართველო", NULL, "sakartvelo"},
        {"Հայաստան", NULL, "hayastan"},
        {"北京", NULL, "bei-jing"},
        {"№ 5", NULL, "no-5"},
        {"“Север” — новости", NULL, "sever-novosti"},
        {"Issue 5 – весна", NULL, "issue-5-vesna"},
    };
    for_each_row (i, cases, NULL) {
        struct nl_buf slug = {0};
        struct nl_buf again = {0};
        print_message("row %zu: %s\n", i, cases[i].title);
        nl_slug_make(&slug, cases[i].title, cases[i].language, "2026-08-27");
        assert_string_equal(nl_buf_text(&slug), cases[i].slug);
        nl_text_slug(&again, nl_buf_text(&slug)); /* what the front matter takes as a slug */
        assert_string_equal(nl_buf_text(&again), cases[i].slug);
        nl_buf_free(&slug);
        nl_buf_free(&again);
    }
}

/* Issues of one day have different slugs, whatever their titles are made of. */
static void test_no_collisions(void **state) {
    (void)state;
    char long_one[151];
    char long_two[151];
    memset(long_one, 'a', sizeof long_one - 1);
    memset(long_two, 'a', sizeof long_two - 1);
    long_one[150] = long_two[150] = '\0';
    long_two[140] = 'b';
    const char *const pairs[][2] = {
        {"🎉", "🎉🎉"}, {"!!!", "???"}, {"Пресс-релиз", "Отчёт"}, {long_one, long_two}, {"∞", "√"}};
    for_each_row (i, pairs, NULL) {
        struct nl_buf slugs[2] = {{0}};
        for (size_t k = 0; k < 2; k++) {
            nl_slug_make(&slugs[k], pairs[i][k], NULL, "2026-08-27");
            assert_true(slugs[k].len > 0 && slugs[k].len <= NL_SLUG_LIMIT);
            assert_true(strspn(slugs[k].data, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
                        slugs[k].len);
        }
        print_message("row %zu: %s, %s\n", i, nl_buf_text(&slugs[0]), nl_buf_text(&slugs[1]));
        assert_string_not_equal(nl_buf_text(&slugs[0]), nl_buf_text(&slugs[1]));
        nl_buf_free(&slugs[0]);
        nl_buf_free(&slugs[1]);
    }
}

static void test_longest(void **state) {
    (void)state;
    struct nl_buf title = {0};
    struct nl_buf slug = {0};
    for (int i = 0; i < 250; i++)
        nl_buf_adds(&title, "щ"); /* shch */
    nl_slug_make(&slug, nl_buf_text(&title), NULL, "2026-08-27");
    assert_true(slug.len <= NL_SLUG_LIMIT);
    assert_memory_equal(slug.data, "shchshch", 8);
    nl_buf_free(&title);
    nl_buf_free(&slug);
}

static void test_former(void **state) {
    (void)state;
    struct nl_buf slug = {0};
    nl_slug_former(&slug, "Пресс-релиз", "2026-08-27");
    assert_string_equal(nl_buf_text(&slug), "2026-08-27");
    nl_buf_clear(&slug);
    nl_slug_former(&slug, "Выпуск 5 news", "2026-08-27");
    assert_string_equal(nl_buf_text(&slug), "5-news");
    nl_buf_free(&slug);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_titles),
        cmocka_unit_test(test_no_collisions),
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_former),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
