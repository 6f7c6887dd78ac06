#include "support.h"

#include "newsletter/template/dates.h"
#include "newsletter/template/size.h"
#include "template/names.h"

static struct nl_theme open_theme(const char *language) {
    struct nl_theme theme = {0};
    struct nl_error err = {0};
    assert_ok(nl_theme_open(NULL, language, &theme, &err));
    return theme;
}

/* A day; two of one month, of one year, of two years; a time; the head of a page of the calendar.
 */
static const struct {
    const char *language, *day, *month, *year, *years, *time, *head, *weekday;
} words[] = {
    {"en", "21 March 2027", "21–23 March 2027", "30 March – 2 April 2027",
     "30 December 2027 – 2 January 2028", "21 March 2027, 10:00–12:00", "March 2027", "Mon"},
    {"ru", "21 марта 2027 г.", "21–23 марта 2027 г.", "30 марта – 2 апреля 2027 г.",
     "30 декабря 2027 г. – 2 января 2028 г.", "21 марта 2027 г., 10:00–12:00", "Март 2027", "Пн"},
    {"kk", "2027 жылғы 21 наурыз", "2027 жылғы 21–23 наурыз", "2027 жылғы 30 наурыз – 2 сәуір",
     "2027 жылғы 30 желтоқсан – 2028 жылғы 2 қаңтар", "2027 жылғы 21 наурыз, 10:00–12:00",
     "Наурыз 2027", "Дс"},
    {"uk", "21 березня 2027 р.", "21–23 березня 2027 р.", "30 березня – 2 квітня 2027 р.",
     "30 грудня 2027 р. – 2 січня 2028 р.", "21 березня 2027 р., 10:00–12:00", "Березень 2027",
     "Пн"},
    {"de", "21. März 2027", "21.–23. März 2027", "30. März – 2. April 2027",
     "30. Dezember 2027 – 2. Januar 2028", "21. März 2027, 10:00–12:00", "März 2027", "Mo"},
    {"fr", "21 mars 2027", "21–23 mars 2027", "30 mars – 2 avril 2027",
     "30 décembre 2027 – 2 janvier 2028", "21 mars 2027, 10:00–12:00", "Mars 2027", "Lun"},
    {"es", "21 de marzo de 2027", "21–23 de marzo de 2027", "30 de marzo – 2 de abril de 2027",
     "30 de diciembre de 2027 – 2 de enero de 2028", "21 de marzo de 2027, 10:00–12:00",
     "Marzo de 2027", "Lun"},
    {"pt", "21 de março de 2027", "21–23 de março de 2027", "30 de março – 2 de abril de 2027",
     "30 de dezembro de 2027 – 2 de janeiro de 2028", "21 de março de 2027, 10:00–12:00",
     "Março de 2027", "Seg"},
    {"it", "21 marzo 2027", "21–23 marzo 2027", "30 marzo – 2 aprile 2027",
     "30 dicembre 2027 – 2 gennaio 2028", "21 marzo 2027, 10:00–12:00", "Marzo 2027", "Lun"},
    {"tr", "21 Mart 2027", "21–23 Mart 2027", "30 Mart – 2 Nisan 2027",
     "30 Aralık 2027 – 2 Ocak 2028", "21 Mart 2027, 10:00–12:00", "Mart 2027", "Pzt"},
    {"uz", "2027-yil 21-mart", "2027-yil 21–23-mart", "2027-yil 30-mart – 2-aprel",
     "2027-yil 30-dekabr – 2028-yil 2-yanvar", "2027-yil 21-mart, 10:00–12:00", "Mart 2027",
     "Dush"},
    {"ar", "21 مارس 2027", "21–23 مارس 2027", "30 مارس – 2 أبريل 2027",
     "30 ديسمبر 2027 – 2 يناير 2028", "21 مارس 2027، 10:00–12:00", "مارس 2027", "إثنين"},
    {"zh", "2027年3月21日", "2027年3月21日至23日", "2027年3月30日至4月2日",
     "2027年12月30日至2028年1月2日", "2027年3月21日 10:00–12:00", "2027年3月", "周一"},
};

static void test_dates(void **state) {
    (void)state;
    for_each_row (i, words, words[i].language) {
        struct nl_theme theme = open_theme(words[i].language);
        struct nl_buf out = {0};
        nl_date_long(&theme, "2027-03-21", &out);
        assert_string_equal(nl_buf_text(&out), words[i].day);
        nl_buf_clear(&out);
        nl_date_range(&theme, "2027-03-21", "2027-03-21", &out);
        assert_string_equal(nl_buf_text(&out), words[i].day);
        nl_buf_clear(&out);
        nl_date_range(&theme, "2027-03-21", "2027-03-23", &out);
        assert_string_equal(nl_buf_text(&out), words[i].month);
        nl_buf_clear(&out);
        nl_date_range(&theme, "2027-03-30", "2027-04-02", &out);
        assert_string_equal(nl_buf_text(&out), words[i].year);
        nl_buf_clear(&out);
        nl_date_range(&theme, "2027-12-30", "2028-01-02", &out);
        assert_string_equal(nl_buf_text(&out), words[i].years);
        nl_buf_clear(&out);
        nl_date_time(&theme, words[i].day, "10:00–12:00", &out);
        assert_string_equal(nl_buf_text(&out), words[i].time);
        nl_buf_clear(&out);
        nl_date_month(&theme, 2027, 3, &out);
        assert_string_equal(nl_buf_text(&out), words[i].head);
        assert_string_equal(nl_date_weekday(&theme, 0), words[i].weekday);
        nl_buf_free(&out);
        nl_theme_free(&theme);
    }
}

/* Languages of CLDR that have no catalog, varieties of one, and tags that nobody has. */
static void test_names(void **state) {
    (void)state;
    static const struct {
        const char *language;
        enum nl_name_form form;
        int index;
        const char *name;
    } rows[] = {
        {"af", NL_NAME_IN_DATE, 0, "Januarie"},
        {"zu", NL_NAME_IN_DATE, 11, "Disemba"},
        {"de", NL_NAME_IN_DATE, 0, "Januar"},
        {"de-AT", NL_NAME_IN_DATE, 0, "Jänner"},
        {"DE-at-1996", NL_NAME_IN_DATE, 0, "Jänner"},
        {"de-DE", NL_NAME_IN_DATE, 0, "Januar"},
        {"el", NL_NAME_IN_DATE, 7, "Αυγούστου"},
        {"el", NL_NAME_ALONE, 7, "Αύγουστος"},
        {"uz-Cyrl", NL_NAME_ALONE, 0, "Январ"},
        {"uz", NL_NAME_ALONE, 0, "Yanvar"},
        {"es", NL_NAME_ALONE, 2, "Marzo"},
        {"fr", NL_NAME_WEEKDAY, 6, "Dim"},
        {"kk", NL_NAME_WEEKDAY, 6, "Жс"},
        {"ar", NL_NAME_WEEKDAY, 1, "ثلاثاء"},
        {"fa", NL_NAME_IN_DATE, 0, "ژانویهٔ"},
        {"kk", NL_NAME_LANGUAGE, 0, "Қазақ тілі"},
        {"pt-BR", NL_NAME_LANGUAGE, 0, "Português"},
        {"zh", NL_NAME_LANGUAGE, 0, "中文"},
    };
    for_each_row (i, rows, rows[i].language)
        assert_string_equal(nl_name(rows[i].language, rows[i].form, rows[i].index), rows[i].name);
    static const char *const unknown[] = {"xx", "", "d", "dez", "-"};
    for_each_row (i, unknown, unknown[i])
        assert_null(nl_name(unknown[i], NL_NAME_IN_DATE, 4));
}

static void test_sizes(void **state) {
    (void)state;
    static const struct {
        const char *language;
        size_t bytes;
        const char *words;
    } rows[] = {
        {"en", 0, "0 kB"},         {"en", 1, "1 kB"},          {"en", 1024, "1 kB"},
        {"en", 1025, "2 kB"},      {"en", 1048575, "1024 kB"}, {"en", 1048576, "1.0 MB"},
        {"en", 1572864, "1.5 MB"}, {"de", 1572864, "1,5 MB"},  {"ru", 1572864, "1,5 МБ"},
        {"fr", 2097151, "2,0 Mo"},
    };
    for_each_row (i, rows, rows[i].words) {
        struct nl_theme theme = open_theme(rows[i].language);
        struct nl_buf out = {0};
        nl_size_words(&theme, rows[i].bytes, &out);
        assert_string_equal(nl_buf_text(&out), rows[i].words);
        nl_buf_free(&out);
        nl_theme_free(&theme);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
