#include "newsletter/base/suggest.h"
#include "support.h"

static void distance_counts_edits(void **state) {
    static const struct {
        const char *a, *b;
        size_t distance;
    } rows[] = {
        {"", "", 0},          {"send", "send", 0}, {"send", "sned", 1},      {"send", "sen", 1},
        {"send", "sends", 1}, {"send", "sand", 1}, {"gmial", "gmail", 1},    {"abc", "", 3},
        {"", "abc", 3},       {"ca", "abc", 3},    {"kitten", "sitting", 3},
    };
    (void)state;
    for_each_row (i, rows, rows[i].a) {
        if (nl_edit_distance(rows[i].a, rows[i].b) != rows[i].distance)
            fail_msg("row %zu: %s, %s", i, rows[i].a, rows[i].b);
    }
}

static void words_beyond_the_limit_are_far_apart(void **state) {
    char word[65] = {0};
    (void)state;
    memset(word, 'a', 63);
    assert_int_equal(nl_edit_distance(word, word), 0);
    word[63] = 'a';
    assert_true(nl_edit_distance(word, word) > 1000);
    assert_true(nl_edit_distance("a", word) > 1000);
}

static void the_nearest_word_is_suggested(void **state) {
    static const char *const known[] = {"send", "segment", "serve", "status", "subscribe", NULL};
    static const struct {
        const char *word, *expected;
    } rows[] = {
        {"sned", "send"},       {"serv", "serve"}, {"sta", "status"}, {"subscrib", "subscribe"},
        {"segmnet", "segment"}, {"xyz", NULL},     {"delete", NULL},  {"", NULL},
        {"sxxx", NULL},
    };
    (void)state;
    for_each_row (i, rows, rows[i].word) {
        const char *found = nl_suggest(rows[i].word, known);
        if ((found == NULL) != (rows[i].expected == NULL) ||
            (found != NULL && strcmp(found, rows[i].expected) != 0))
            fail_msg("row %zu: %s gives %s", i, rows[i].word, found != NULL ? found : "nothing");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distance_counts_edits),
        cmocka_unit_test(words_beyond_the_limit_are_far_apart),
        cmocka_unit_test(the_nearest_word_is_suggested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
