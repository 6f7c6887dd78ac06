/* The language that a passage is written in, where it is not that of its issue: the thresholds. */
#include "support.h"

#include "bulletin/foreign.h"

struct row {
    const char *text, *language, *found; /* NULL: the language of the issue, or not sure */
};

static void assert_language(const struct row *row) {
    const char *found = nl_foreign_language(row->text, row->language);
    if (row->found == NULL)
        assert_null(found);
    else
        assert_string_equal(found != NULL ? found : "(none)", row->found);
}

/* Five words, of whose letters fewer than a quarter are of the issue's own script. */
static void test_scripts(void **state) {
    static const struct row cases[] = {
        {"мир дом кот лес", "en", NULL},
        {"мир дом кот лес сад", "en", "ru"},
        {"ab cd привет мир дом", "en", NULL}, /* four letters of sixteen */
        {"ab c привет мир доме", "en", "ru"}, /* three of sixteen */
        {"мир, дом; кот - лес (1990)", "en", NULL},
        {"МИР ДОМ КОТ ЛЕС САД", "en", "ru"},
        {"мир дом кот лес сад", "sr", NULL},
        {"мир дом кот лес сад", "uz", NULL},
        {"мир дом кот лес сад", "kk", NULL},
        {"мир дом кот лес сад", "ru-KZ", NULL},
        {"мир дом кот лес әсем", "en", "kk"},
        {"мир дом кот лес ғасыр", "en", "kk"},
        {"мир дом кот лес қала", "en", "kk"},
        {"мир дом кот лес таң", "en", "kk"},
        {"мир дом кот лес ұлы", "en", "kk"},
        {"мир дом кот лес їжак", "en", "uk"},
        {"мир дом кот лес єдність", "en", "uk"},
        {"мир дом кот лес ґанок", "en", "uk"},
        {"这是五个字", "en", "zh"},
        {"这是四字", "en", NULL},
        {"这是五个字", "ja", NULL},
        {"ひらがなの文 ことば いち に さん し", "en", "ja"},
        {"ひらがなの文 ことば いち に さん し", "ja", NULL},
        {"في البيت على الجبل من", "en", "ar"},
        {"في البيت على الجبل من", "fa", NULL},
        {"τον δρόμο και την πόλη", "en", "el"},
        {"שלום עולם זה בית קטן", "en", "he"},
        {"ეს არის ჩემი სახლი აქ", "en", "ka"},
        {"սա իմ տունն է այստեղ", "en", "hy"},
        {"나는 집에 간다 오늘 다시", "en", "ko"},
        {"घर में आज कौन आया", "en", "hi"},
        {"the house of wood", "ru", NULL},
        {"the house of wood here", "ru", "en"},
        {"lorem ipsum dolor amet elit", "ru", ""},
        {"", "en", NULL},
        {"12345 67890 1 2 3 4 5 6", "ru", NULL},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text)
        assert_language(&cases[i]);
}

/* Another language with the same script shows by eight words, three of them and a fifth among its
 * commonest, and more than three times as many as among those of the issue's own language. */
static void test_common_words(void **state) {
    static const struct row cases[] = {
        {"the ship and harbour of summer wind", "de", NULL}, /* seven words */
        {"the ship and harbour of summer wind north", "de", "en"},
        {"the ship and harbour near summer wind north", "de", NULL},               /* two hits */
        {"the ship and harbour of summer wind north x y z x y z x", "de", "en"},   /* 3 of 15 */
        {"the ship and harbour of summer wind north x y z x y z x x", "de", NULL}, /* 3 of 16 */
        {"the ship and harbour of summer im north", "de", NULL},                   /* 3 to 1 */
        {"the ship and harbour of summer im to", "de", "en"},                      /* 4 to 1 */
        {"The SHIP And Harbour Of summer wind north", "de", "en"},
        {"the ship and harbour of summer wind north", "en-GB", NULL},
        {"the ship and harbour of summer wind north", "sv", NULL}, /* its words are not known */
        {"der Wind und das Meer ist kalt heute", "en", "de"},
        {"va bu bilan uchun bo‘yicha hamda deb shahar", "en", "uz"},
        {"bo‘yicha bo‘yicha bo‘yicha shahar shahar shahar shahar shahar", "en", "uz"},
        {"ve şehir bir köy ile deniz gemi liman", "en", "tr"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text)
        assert_language(&cases[i]);
}

/* A word that is longer than any common one is a word all the same. */
static void test_a_long_word(void **state) {
#define TEN "abcdefghij"
    static const struct row cases[] = {
        {"the ship and harbour of summer wind " TEN TEN "abcdefgh", "de", "en"},
        {"the ship and harbour of summer wind " TEN TEN "abcdefghi", "de", "en"},
        {"the ship and harbour of summer wind " TEN TEN TEN, "de", "en"},
        {"the ship and harbour of summer wind " TEN TEN TEN TEN, "de", "en"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text)
        assert_language(&cases[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_common_words),
        cmocka_unit_test(test_a_long_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
