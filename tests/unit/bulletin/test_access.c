/* The accessibility rules of `check`: which words are vague, which text is in another language,
 * which colours there are. */
#include "support.h"

#include "bulletin/foreign.h"
#include "bulletin/raw_html.h"
#include "bulletin/vague.h"

#include <string.h>

struct row {
    const char *text;
    bool vague;
};

static void test_link_words(void **state) {
    static const struct row cases[] = {
        {"here", true},
        {"Click HERE!", true},
        {"» read more…", true},
        {"Здесь", true},
        {"(Подробнее)", true},
        {"Толығырақ →", true},
        {"Детальніше", true},
        {"En savoir plus", true},
        {"Hier klicken", true},
        {"Leer más", true},
        {"Saiba mais", true},
        {"Leggi tutto", true},
        {"Buraya tıklayın", true},
        {"Batafsil", true},
        {"اقرأ المزيد", true},
        {"点击这里", true},
        {"the programme", false},
        {"Where to stay here", false},
        {"Программа", false},
        {"More ferries", false},
        {"", false},
        {"2026", false},
        {"https://a.org/", false},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text)
        assert_int_equal(nl_vague_link(cases[i].text), cases[i].vague);
}

static void test_picture_words(void **state) {
    static const struct row cases[] = {
        {"image", true},
        {"Photo.", true},
        {"photo 2", true},
        {"IMG_1234", true},
        {"DSC00012.JPG", true},
        {"quay-at-dusk.png", true},
        {"20260825", true},
        {"Логотип", true},
        {"Рисунок 3", true},
        {"сурет", true},
        {"صورة", true},
        {"图片", true},
        {"Logo of the embassy", false},
        {"A quay at dusk", false},
        {"Hall 2", false},
        {"Причал 4", false},
        {"The file quay.png", false},
        {"", false},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text)
        assert_int_equal(nl_vague_picture(cases[i].text), cases[i].vague);
}

static void test_foreign(void **state) {
    static const struct {
        const char *language, *text, *found; /* NULL: none */
    } cases[] = {
        {"en", "Второй круглый стол о паромном сообщении", "ru"},
        {"en", "Екінші дөңгелек үстел Ақтауда өтеді", "kk"},
        {"en", "Другий круглий стіл відбудеться в її місті", "uk"},
        {"en", "الاجتماع الثاني حول العبارات في أكتاو", "ar"},
        {"en", "第二次圆桌会议将在阿克套举行", "zh"},
        {"en", "La deuxième table ronde sur les ferries se tient dans la ville et est ouverte",
         "fr"},
        {"en", "Die zweite Runde findet in der Stadt statt und ist für die Presse offen", "de"},
        {"fr", "The second round table on ferries is held in the town of Aktau", "en"},
        {"ru", "The second round table on ferries is held in Aktau", "en"},
        {"ru", "Xxxx yyyy zzzz xxxx yyyy", ""},
        {"kk", "The second round table on ferries is held in the town of Aktau", "en"},
        {"en", "The second round table on ferries is held in the town of Aktau", NULL},
        {"en-GB", "The second round table on ferries is held in the town of Aktau", NULL},
        {"en", "Zhanar Tölegenova, Aşgabat, Türkmenbaşy, Bakı and the Müller–Öström foundation",
         NULL},
        {"en", "Второй стол", NULL},
        {"en", "The word круглый means round, стол means table", NULL},
        {"ru", "Второй круглый стол компании Steppe & Harbour Ltd", NULL},
        {"nl", "De tweede ronde tafel is in de stad en van de haven voor de pers", NULL},
        {"en", "", NULL},
    };
    (void)state;
    for_each_row (i, cases, cases[i].text) {
        const char *found = nl_foreign_language(cases[i].text, cases[i].language);
        if (cases[i].found == NULL)
            assert_null(found);
        else
            assert_true(found != NULL && strcmp(found, cases[i].found) == 0);
    }
}

static void test_colours(void **state) {
    static const struct {
        const char *style, *property;
        bool found;
        unsigned colour;
    } cases[] = {
        {"color:#123456", "color", true, 0x123456},
        {"COLOR : #FFF ;", "color", true, 0xffffff},
        {"background-color:red", "color", false, 0},
        {"color:red;color:blue", "color", true, 0x0000ff},
        {"color: rgb( 1, 2, 3 ) !important", "color", true, 0x010203},
        {"color:rgb(300,0,0)", "color", false, 0},
        {"color:inherit", "color", false, 0},
        {"color", "color", false, 0},
        {"", "color", false, 0},
    };
    (void)state;
    for_each_row (i, cases, cases[i].style) {
        struct nl_buf value = {0};
        unsigned colour = 0;
        bool found = nl_css_property(cases[i].style, cases[i].property, &value) &&
                     nl_css_colour(nl_buf_text(&value), &colour);
        assert_int_equal(found, cases[i].found);
        assert_true(!found || colour == cases[i].colour);
        nl_buf_free(&value);
    }
}

static void test_tags(void **state) {
    static const struct {
        const char *html, *name, *attribute, *value; /* value NULL: it has none */
    } cases[] = {
        {"<p class=\"a\">", "p", "class", "a"},
        {"x < y <IMG SRC=a ALT='b>c'>", "img", "alt", "b>c"},
        {"<img alt>", "img", "alt", ""},
        {"<img data-alt=\"x\">", "img", "alt", NULL},
        {"<img alt=\"x", "img", "alt", "x"},
        {"<img/alt=x/>", "img", "alt", "x/"},
        {"<!-- <p> --><b>", "", "alt", NULL},
        {"<averyveryverylongname x=1>", "averyveryverylo", "x", "1"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].html) {
        struct nl_html_tag tag;
        struct nl_buf value = {0};
        assert_true(nl_html_next(cases[i].html, &tag));
        assert_string_equal(tag.name, cases[i].name);
        assert_int_equal(tag.name[0] != '\0' && nl_html_attribute(&tag, cases[i].attribute, &value),
                         cases[i].value != NULL);
        assert_string_equal(nl_buf_text(&value), cases[i].value != NULL ? cases[i].value : "");
        nl_buf_free(&value);
    }
    struct nl_html_tag tag;
    assert_false(nl_html_next("no <3 tags", &tag));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_link_words), cmocka_unit_test(test_picture_words),
        cmocka_unit_test(test_foreign),    cmocka_unit_test(test_colours),
        cmocka_unit_test(test_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
