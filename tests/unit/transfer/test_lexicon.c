#include "support.h"

#include "transfer/lexicon.h"
#include "transfer/moment.h"

#include <stdlib.h>

static int setup(void **state) {
    struct nl_error err = {0};
    return nl_lexicon_new((struct nl_lexicon **)state, &err) == NL_OK ? 0 : -1;
}

static int teardown(void **state) {
    nl_lexicon_free(*state);
    return 0;
}

static void test_folding(void **state) {
    static const char *const forms[][2] = {
        {"E-Mail-Adresse", "emailadresse"},
        {"  Prénom* ", "prenom"},
        {"DÉSABONNÉ", "desabonne"},
        {"Отписался!", "отписался"},
        {"Удалён", "удален"},
        {"Straße", "strasse"},
        {"\\N", "\\n"},
        {"-1", "-1"},
        {"—", "—"},
        {"✓", "✓"},
        {"", ""},
    };
    char folded[NL_WORD_SIZE];
    char text[1000];
    (void)state;
    for_each_row (i, forms, NULL) {
        nl_word_fold(forms[i][0], folded);
        assert_string_equal(folded, forms[i][1]);
    }
    /* A text that is too long is not a blank: nobody becomes active by it. */
    for (size_t len = 100; len < sizeof text; len += 100) {
        memset(text, 'x', len);
        text[len] = '\0';
        nl_word_fold(text, folded);
        assert_string_not_equal(folded, "");
        assert_int_equal(nl_lexicon_sign(*state, NL_COLUMN_ENDED_AT, text), NL_SIGN_UNKNOWN);
    }
}

static void test_columns(void **state) {
    static const struct {
        const char *name;
        enum nl_column column;
    } names[] = {
        {"E-MAIL", NL_COLUMN_EMAIL},
        {"Электронная почта", NL_COLUMN_EMAIL},
        {"Эл. пошта", NL_COLUMN_EMAIL},
        {"adresse électronique", NL_COLUMN_EMAIL},
        {"correo electronico", NL_COLUMN_EMAIL},
        {"UNSUB_TIME", NL_COLUMN_ENDED_AT},
        {"Abgemeldet am", NL_COLUMN_ENDED_AT},
        {"CLEAN_TIME", NL_COLUMN_BOUNCED},
        {"Is this account disabled?", NL_COLUMN_UNSUBSCRIBED},
        {"Global Status", NL_COLUMN_STATE},
        {"Home State", NL_COLUMN_PLAIN},
        {"active_subscription", NL_COLUMN_PLAIN},
        {"favourite colour", NL_COLUMN_NONE},
    };
    bool guessed = false;
    for_each_row (i, names, NULL)
        assert_int_equal(nl_lexicon_column(*state, names[i].name, &guessed), names[i].column);
    assert_int_equal(nl_lexicon_column(*state, "Address", &guessed), NL_COLUMN_EMAIL);
    assert_true(guessed);
    assert_true(nl_lexicon_is_suspect(*state, "my GDPR level"));
    assert_true(nl_lexicon_is_suspect(*state, "Разрешение на рассылки"));
    assert_false(nl_lexicon_is_suspect(*state, "favourite colour"));
}

static void test_signs(void **state) {
    static const struct {
        enum nl_column column;
        const char *value;
        enum nl_sign sign;
    } signs[] = {
        {NL_COLUMN_STATE, "Subscribed", NL_SIGN_ACTIVE},
        {NL_COLUMN_STATE, "non-subscribed", NL_SIGN_PENDING},
        {NL_COLUMN_STATE, "asleep", NL_SIGN_UNKNOWN},
        {NL_COLUMN_STATE, "1", NL_SIGN_UNKNOWN},
        {NL_COLUMN_STATE, "", NL_SIGN_NONE},
        {NL_COLUMN_TYPE, "customer", NL_SIGN_NONE},
        {NL_COLUMN_TYPE, "unsubscribed", NL_SIGN_UNSUBSCRIBED},
        {NL_COLUMN_SUBSCRIBED, "yes", NL_SIGN_ACTIVE},
        {NL_COLUMN_SUBSCRIBED, "нет", NL_SIGN_UNSUBSCRIBED},
        {NL_COLUMN_SUBSCRIBED, "", NL_SIGN_PENDING},
        {NL_COLUMN_UNSUBSCRIBED, "WAHR", NL_SIGN_UNSUBSCRIBED},
        {NL_COLUMN_UNSUBSCRIBED, "жоқ", NL_SIGN_NONE},
        {NL_COLUMN_UNSUBSCRIBED, "3", NL_SIGN_UNSUBSCRIBED},
        {NL_COLUMN_UNSUBSCRIBED, "perhaps", NL_SIGN_UNKNOWN},
        {NL_COLUMN_DO_NOT_EMAIL, "2", NL_SIGN_BOUNCED},
        {NL_COLUMN_DOUBLE_OPT_IN, "2", NL_SIGN_PENDING},
        {NL_COLUMN_NONE, "unsubscribed", NL_SIGN_UNSUBSCRIBED},
        {NL_COLUMN_NONE, "отписан", NL_SIGN_UNSUBSCRIBED},
        {NL_COLUMN_NONE, "deleted", NL_SIGN_UNKNOWN},
    };
    for_each_row (i, signs, NULL)
        assert_int_equal(nl_lexicon_sign(*state, signs[i].column, signs[i].value), signs[i].sign);
    assert_string_equal(nl_lexicon_language(*state, "Қазақша"), "kk");
    assert_int_equal(nl_lexicon_month(*state, "févr"), 2);
}

static void test_moments(void **state) {
    static const struct {
        const char *text;
        enum nl_date_order order;
        enum nl_moment result;
        int64_t at;
    } moments[] = {
        {"2024-02-29", 0, NL_MOMENT_READ, 1709164800},
        {"2023-02-29", 0, NL_MOMENT_WRONG, 0},
        {"2024-02-29 23:59:60", 0, NL_MOMENT_READ, 1709251200},
        {"2024-02-29 24:00", 0, NL_MOMENT_WRONG, 0},
        {"03/04/2021", 0, NL_MOMENT_AMBIGUOUS, 0},
        {"03/04/2021", NL_DATES_DAY_FIRST, NL_MOMENT_READ, 1617408000},
        {"03/04/2021", NL_DATES_MONTH_FIRST, NL_MOMENT_READ, 1614816000},
        {"12/31/1999 11:59:59 PM", 0, NL_MOMENT_READ, 946684799},
        {"31 декабря 1999", 0, NL_MOMENT_READ, 946598400},
        {"0000-00-00 00:00:00", 0, NL_MOMENT_NONE, 0},
        {"0001-01-01T00:00:00Z", 0, NL_MOMENT_NONE, 0},
        {"1970-01-01", 0, NL_MOMENT_NONE, 0},
        {"1969-12-31", 0, NL_MOMENT_WRONG, 0},
        {"NULL", 0, NL_MOMENT_NONE, 0},
        {"soon", 0, NL_MOMENT_WRONG, 0},
        {"99999999999999999999", 0, NL_MOMENT_WRONG, 0},
    };
    for_each_row (i, moments, NULL) {
        int64_t at = 0;
        if (nl_moment_read(*state, moments[i].text, moments[i].order, &at) != moments[i].result)
            fail_msg("'%s' is read as another sort of date", moments[i].text);
        if (moments[i].result == NL_MOMENT_READ)
            assert_int_equal(at, moments[i].at);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folding),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_signs),
        cmocka_unit_test(test_moments),
    };
    return cmocka_run_group_tests_name("lexicon", tests, setup, teardown);
}
