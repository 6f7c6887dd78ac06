/* TXT records as the DNS has them, and those of MTA-STS (RFC 8461 section 3.1). */
#include "resolve/made_lookup.h"

#include <string.h>

enum { MOST = 3, LONGEST = 256 };

/* The record has one string. */
static void add_text(struct made_answer *answer, const char *text) {
    char record[LONGEST] = {(char)strlen(text)};
    memcpy(record + 1, text, strlen(text));
    made_answer_add(answer, record, 1 + strlen(text));
}

static void test_records_of_a_policy(void **state) {
    static const char longest[] = "v=STSv1; id=0123456789abcdef0123456789ABCDEF";
    static const char longer[] = "v=STSv1; id=0123456789abcdef0123456789ABCDEFx";
    static const struct {
        const char *texts[MOST];
        const char *id; /* "" for none */
    } cases[] = {
        {{NULL}, ""},
        {{"v=STSv1; id=20261127;"}, "20261127"},
        {{"v=STSv1;id=a"}, "a"},
        {{"v=STSv1; \t id=1 \t ;"}, "1"},
        {{"v=STSv1; id=1 "}, "1"},
        {{"v=STSv1; other=x; id=1; more=y"}, "1"},
        {{longest}, "0123456789abcdef0123456789ABCDEF"},
        {{longer}, ""},
        {{"v=STSv1"}, ""},
        {{"v=STSv1;"}, ""},
        {{"v=STSv1; id=;"}, ""},
        {{"v=STSv1; id=1 2;"}, ""},
        {{"v=STSv1; id=1-2;"}, ""},
        {{"v=STSv1; xid=1;"}, ""},
        {{"v=STSv2; id=1;"}, ""},
        {{"id=1; v=STSv1;"}, ""},
        {{"v=STSv10; id=1;"}, ""},
        {{"v=STSv1 \t; id=1;"}, "1"},
        {{"v=STSv1x; id=2;", "v=STSv1; id=1;"}, "1"},
        {{"v=STSv1", "v=STSv1; id=1;"}, "1"},
        {{"something else", "v=STSv1; id=1;"}, "1"},
        {{"v=STSv1; id=1;", "something else"}, "1"},
        {{"v=STSv1; id=1;", "v=STSv1; id=1;"}, ""}, /* nobody knows which one counts */
        {{"v=STSv1; id=1;", "v=STSv1; id=;"}, ""},
        {{"v=STSv1; id=;", "v=STSv1; id=1;"}, ""},
        {{"v=STSv1; id=1;", "something else", "v=STSv1; id=3;"}, ""},
    };
    (void)state;
    for (size_t row = 0; row < sizeof cases / sizeof cases[0]; row++) {
        struct made_answer answer = {0};
        char id[NL_STS_ID] = "before";
        for (size_t i = 0; i < MOST && cases[row].texts[i] != NULL; i++)
            add_text(&answer, cases[row].texts[i]);
        nl_answer_sts(&answer.result, id);
        if (strcmp(id, cases[row].id) != 0)
            fail_msg("row %zu: \"%s\"", row, id);
    }
}

static void test_strings_of_a_record_belong_together(void **state) {
    struct made_answer answer = {0};
    char id[NL_STS_ID];
    (void)state;
    made_answer_add(&answer, "\12v=STSv1; i\0\4d=77\1;", 19);
    nl_answer_sts(&answer.result, id);
    assert_string_equal(id, "77");
}

static void assert_line(const char *data, size_t len, const char *line) {
    struct made_answer answer = {0};
    struct nl_buf out = {0};
    nl_buf_adds(&out, "before ");
    made_answer_add(&answer, data, len);
    nl_answer_text(&answer.result, 0, &out);
    assert_string_equal(nl_buf_text(&out) + strlen("before "), line);
    nl_buf_free(&out);
}

static void test_lines_of_records(void **state) {
    (void)state;
    assert_line("", 0, "\n");
    assert_line("\0", 1, "\n");
    assert_line("\3abc", 4, "abc\n");
    assert_line("\3abc\2de", 7, "abcde\n");
    assert_line("\6 ~\37\177\n\303", 7, " ~????\n");
}

/* A record that says more than it has: what is not whole is left out. */
static void test_strings_that_are_cut_off(void **state) {
    (void)state;
    assert_line("\3ab", 3, "\n");
    assert_line("\3ab", 4, "ab\n");
    assert_line("\2ab\3cd", 6, "ab\n");
    assert_line("\2ab\377cd", 6, "ab\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_of_a_policy),
        cmocka_unit_test(test_strings_of_a_record_belong_together),
        cmocka_unit_test(test_lines_of_records),
        cmocka_unit_test(test_strings_that_are_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
