/* Attributes that a segment asks for and nobody has: which are known, and what is suggested. */
#include "support.h"

#include "newsletter/store/segment_check.h"

#include <stdio.h>

/* `words`: what the error says; NULL: all attributes are known. */
static void check(struct fixture *fixture, const char *text, const char *const *known, size_t count,
                  const char *words) {
    struct nl_error err = {0};
    struct nl_segment *segment = NULL;
    assert_ok(nl_segment_parse(text, 0, &segment, &err));
    if (words == NULL)
        assert_ok(nl_segment_check(fixture->store, segment, known, count, &err));
    else
        assert_fails(nl_segment_check(fixture->store, segment, known, count, &err), NL_DATA, words);
    nl_segment_free(segment);
}

static void test_known_and_unknown(void **state) {
    static const char *const own[] = {"plan", "size"};
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"email = \"a@x.example\"", NULL},
        {"city = \"Bonn\"", NULL},
        {"age < 7", NULL},
        {"plan is known", NULL},
        {"size is known", NULL},
        {"nothing is known", NULL}, /* null is a value, too */
        {"city is known and age is known", NULL},
        {"not city is known", NULL},
        {"citty = \"Bonn\"", "no subscriber has an attribute 'citty': did you mean 'city'?"},
        {"colour = \"red\"", "'colour'; the attributes there are: "},
        {"city is known and colour is known", "'colour'"},
        {"colour is known and city is known", "'colour'"},
        {"colour is known or shape is known", "'colour'"},
        {"not colour is known", "'colour'"},
        {"attribute.emial is known", "did you mean 'email'?"}, /* a field is meant */
        {"attribute.email is known", "no subscriber has an attribute 'email'"},
        {"plann is known", "did you mean 'plan'?"},
    };
    struct fixture *fixture = *state;
    fixture_add_people(fixture, 3);
    fixture_sql(fixture, "UPDATE subscriber SET attributes = '{\"city\":\"Bonn\"}' WHERE id = 1");
    fixture_sql(fixture,
                "UPDATE subscriber SET attributes = '{\"age\":7,\"nothing\":null}' WHERE id = 3");
    for_each_row (i, rows, rows[i].text)
        check(fixture, rows[i].text, own, 2, rows[i].words);
    check(fixture, "plan is known", own, 0, "'plan'");
    check(fixture, "size is known", own, 1, "'size'");
}

/* Forty of them are told. */
static void test_many_attributes(void **state) {
    static const struct {
        int count;
        const char *last, *beyond; /* NULL: all are told */
    } rows[] = {{40, "a39", NULL}, {41, "a39, ...", "a40"}};
    struct fixture *fixture = *state;
    fixture_add_people(fixture, 1);
    check(fixture, "colour is known", NULL, 0, "the attributes there are: none");
    for_each_row (i, rows, rows[i].last) {
        struct nl_error err = {0};
        struct nl_segment *segment = NULL;
        struct nl_buf sql = {0};
        nl_buf_adds(&sql, "UPDATE subscriber SET attributes = '{");
        for (int k = 0; k < rows[i].count; k++)
            nl_buf_addf(&sql, "%s\"a%d\":1", k > 0 ? "," : "", k);
        nl_buf_adds(&sql, "}'");
        fixture_sql(fixture, nl_buf_text(&sql));
        assert_ok(nl_segment_parse("colour is known", 0, &segment, &err));
        assert_int_equal(nl_segment_check(fixture->store, segment, NULL, 0, &err), NL_DATA);
        const char *text = nl_error_text(&err);
        assert_non_null(strstr(text, "a0, a1"));
        assert_string_equal(text + strlen(text) - strlen(rows[i].last), rows[i].last);
        if (rows[i].beyond != NULL)
            assert_null(strstr(text, rows[i].beyond));
        nl_error_free(&err);
        nl_segment_free(segment);
        nl_buf_free(&sql);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_known_and_unknown, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_many_attributes, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
