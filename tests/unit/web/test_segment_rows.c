/* Segments as rows of a form: what is written of rows, and which expressions become rows. */
#include "support.h"

#include "web/segment_rows.h"

static void test_rows_become_an_expression(void **state) {
    static const struct {
        struct nl_segment_row rows[3];
        bool any;
        const char *expression;
    } cases[] = {
        {{{"email", "", "=", "a@x.example"}}, false, "email = \"a@x.example\""},
        {{{"name", "", "~", "Ann"}, {"language", "", "!=", "de"}},
         false,
         "name ~ \"Ann\" and language != \"de\""},
        {{{"name", "", "~", "Ann"}, {"language", "", "!=", "de"}},
         true,
         "name ~ \"Ann\" or language != \"de\""},
        {{{"attribute", "city", "=", "Bonn"}}, false, "city = \"Bonn\""},
        {{{"attribute", "email", "=", "x"}}, false, "attribute.email = \"x\""},
        {{{"attribute", "city", "known", ""}}, false, "city is known"},
        {{{"name", "", "unknown", "left over"}}, false, "name is unknown"},
        /* numbers are compared as such, where the value is one */
        {{{"attribute", "age", "<", "18"}}, false, "age < 18"},
        {{{"attribute", "age", ">=", "-1.5"}}, false, "age >= -1.5"},
        {{{"attribute", "age", ">", "18 years"}}, false, "age > \"18 years\""},
        {{{"attribute", "age", "<=", "1.2.3"}}, false, "age <= \"1.2.3\""},
        {{{"attribute", "age", "<=", "0x1"}}, false, "age <= \"0x1\""},
        {{{"attribute", "age", "=", "18"}}, false, "age = \"18\""},
        {{{"joined", "", ">", "2026"}}, false, "joined > \"2026\""},
        {{{"name", "", "=", "a\"b\\c"}}, false, "name = \"a\\\"b\\\\c\""},
        /* rows that are not filled in */
        {{{"", "", "=", "x"}, {"name", "", "=", "y"}, {"email", "", "=", ""}},
         true,
         "name = \"y\""},
        {{{"attribute", "", "=", "x"}}, false, ""},
        {{{"attribute", "", "known", ""}}, false, ""},
        {{{"name", "", "=", ""}}, false, ""},
    };
    (void)state;
    for_each_row (i, cases, cases[i].expression) {
        struct nl_error err = {0};
        struct nl_buf out = {0};
        size_t count = 0;
        while (count < 3 && cases[i].rows[count].field != NULL)
            count++;
        assert_ok(nl_segment_from_rows(cases[i].rows, count, cases[i].any, &out, &err));
        assert_string_equal(nl_buf_text(&out), cases[i].expression);
        nl_buf_free(&out);
    }
}

static void test_rows_that_are_refused(void **state) {
    static const struct {
        struct nl_segment_row row;
        const char *words;
    } cases[] = {
        {{"colour", "", "=", "x"}, "'colour =' is not a condition"},
        {{"name", "", "in", "x"}, "'name in' is not a condition"},
        {{"attribute", "a b", "=", "x"}, "'a b' is not the name"},
        {{"attribute", "a)", "=", "x"}, "'a)' is not the name"},
        {{"attribute", "a\"", "known", ""}, "'a\"' is not the name"},
    };
    (void)state;
    for_each_row (i, cases, cases[i].words) {
        struct nl_error err = {0};
        struct nl_buf out = {0};
        assert_fails(nl_segment_from_rows(&cases[i].row, 1, false, &out, &err), NL_DATA,
                     cases[i].words);
        nl_buf_free(&out);
    }
}

#define THREE "name = \"a\" and name = \"b\" and name = \"c\""

static void test_expressions_become_rows(void **state) {
    static const struct {
        const char *expression, *rows; /* "field|attribute|test|value;", "" for none */
        bool any;
    } cases[] = {
        {"email = \"a@x.example\"", "email||=|a@x.example;", false},
        {"name ~ \"Ann\" and language != \"de\"", "name||~|Ann;language||!=|de;", false},
        {"name ~ \"Ann\" or language != \"de\"", "name||~|Ann;language||!=|de;", true},
        {"city = \"Bonn\"", "attribute|city|=|Bonn;", false},
        {"attribute.email = \"x\"", "attribute|email|=|x;", false},
        {"city is known", "attribute|city|known|;", false},
        {"name is unknown", "name||unknown|;", false},
        {"age < 18", "attribute|age|<|18;", false},
        {"age <= 18", "attribute|age|<=|18;", false},
        {"age > 18", "attribute|age|>|18;", false},
        {"age >= 18", "attribute|age|>=|18;", false},
        {"interests has \"art\"", "attribute|interests|has|art;", false},
        {THREE, "name||=|a;name||=|b;name||=|c;", false},
        {THREE " and " THREE " and name = \"d\" and name = \"e\"",
         "name||=|a;name||=|b;name||=|c;name||=|a;name||=|b;name||=|c;name||=|d;name||=|e;", false},
        /* not as simple as the form */
        {THREE " and " THREE " and " THREE, "", false},
        {"name = \"a\" and name = \"b\" or name = \"c\"", "", false},
        {"name = \"a\" and (name = \"b\" or name = \"c\")", "", false},
        {"not name = \"a\"", "", false},
        {"city in (\"a\", \"b\")", "", false},
        {"joined > 30 days ago", "", false},
        {"name =", "", false},
        {"", "", false},
    };
    (void)state;
    for_each_row (i, cases, cases[i].expression) {
        struct nl_segment_row rows[NL_SEGMENT_ROWS];
        struct nl_buf words = {0};
        struct nl_buf out = {0};
        size_t count = 9;
        bool any = !cases[i].any;
        nl_segment_to_rows(cases[i].expression, rows, &count, &any, &words);
        for (size_t k = 0; k < count; k++)
            nl_buf_addf(&out, "%s|%s|%s|%s;", rows[k].field, rows[k].attribute, rows[k].test,
                        rows[k].value);
        assert_string_equal(nl_buf_text(&out), cases[i].rows);
        assert_int_equal(any, cases[i].any);
        nl_buf_free(&words);
        nl_buf_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_become_an_expression),
        cmocka_unit_test(test_rows_that_are_refused),
        cmocka_unit_test(test_expressions_become_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
