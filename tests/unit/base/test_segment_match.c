#include "support.h"

#include "newsletter/base/segment_match.h"

#include <jansson.h>

static const char attributes[] =
    "{\"city\": \"Aktau\", \"age\": \"42\", \"height\": 180, \"vip\": true, \"none\": null, "
    "\"empty\": \"\", \"tags\": [\"Press\", \"ferry\"], \"list\": \"press, ferry\", "
    "\"born\": \"1990-05-01\", \"kk\": \"Ақтау\"}";

static const struct {
    const char *expression;
    bool expected;
} cases[] = {
    {"city = \"Aktau\"", true},
    {"attribute.city = 'aktau'", true},
    {"city = \"Almaty\"", false},
    {"city != \"Almaty\"", true},
    {"city != \"AKTAU\"", false},
    {"kk = \"Ақтау\"", true},
    {"city < \"b\"", true},
    {"city >= \"b\"", false},
    {"born < \"1990-05-02\"", true},
    {"born <= \"1990-05-01\"", true},
    {"born > \"1990-05-01\"", false},
    {"age = 42", true},
    {"age > 9", true},
    {"age > \"9\"", false}, /* as texts */
    {"age != 42", false},
    {"height >= 180", true},
    {"height < 180", false},
    {"age < 42.5", true},
    {"age > 41.5", true},
    {"city < 5", false}, /* no number */
    {"city > -1", false},
    {"city != 5", true},
    {"vip = 1", true},
    {"city ~ \"KTA\"", true},
    {"city ~ \"x\"", false},
    {"tags has \"press\"", true},
    {"tags has \"FERRY\"", true},
    {"tags has \"pres\"", false},
    {"list has \"ferry\"", true},
    {"list has \"erry\"", false},
    {"city in (\"Almaty\", \"Aktau\")", true},
    {"city in (\"Almaty\", \"Astana\")", false},
    {"city is known", true},
    {"empty is known", false},
    {"empty is unknown", true},
    {"none is unknown", true},
    {"absent is unknown", true},
    /* an unknown value compares as false, and NOT of that is true */
    {"absent = \"x\"", false},
    {"absent < \"x\"", false},
    {"absent != \"x\"", true},
    {"absent = 0", false},
    {"absent != 5", true},
    {"not absent = \"x\"", true},
    {"not (absent = \"x\" or city = \"Aktau\")", false},
    {"absent ~ \"x\"", false},
    {"absent in (\"x\")", false},
    {"name = \"ann\"", true},
    {"email = \"ann@mail.example.org\"", true},
    {"domain = \"MAIL.example.org\"", true},
    {"domain = \"example.org\"", false},
    {"city = \"Aktau\" and age < 18", false},
    {"city = \"Aktau\" or age < 18", true},
    {"city = \"x\" or age = 42 and vip = 1", true},
};

static void test_matches(void **state) {
    (void)state;
    json_t *object = json_loads(attributes, 0, NULL);
    const struct nl_segment_person person = {
        .email = "Ann@mail.example.org", .name = "Ann", .attributes = object};
    assert_non_null(object);
    for_each_row (i, cases, cases[i].expression) {
        struct nl_segment *segment = NULL;
        struct nl_error err = {0};
        assert_ok(nl_segment_parse(cases[i].expression, 0, &segment, &err));
        assert_int_equal(nl_segment_matches(segment, &person), cases[i].expected);
        nl_segment_free(segment);
    }
    json_decref(object);
}

static void test_nobody_known(void **state) {
    (void)state;
    static const struct {
        const char *expression;
        bool expected;
    } rows[] = {{"city = \"x\"", false},   {"not city = \"x\"", true}, {"name is known", false},
                {"email is known", false}, {"domain = \"x\"", false},  {"tags has \"x\"", false}};
    const struct nl_segment_person person = {0};
    for_each_row (i, rows, rows[i].expression) {
        struct nl_segment *segment = NULL;
        struct nl_error err = {0};
        assert_ok(nl_segment_parse(rows[i].expression, 0, &segment, &err));
        assert_int_equal(nl_segment_matches(segment, &person), rows[i].expected);
        nl_segment_free(segment);
    }
}

static void test_personal(void **state) {
    (void)state;
    static const struct {
        const char *expression;
        bool personal;
    } rows[] = {{"city = \"x\" and name is known", true},
                {"city = \"x\" and language = \"ru\"", false},
                {"not (joined < \"2026-01-01\")", false},
                {"source = \"form\" or email = \"x\"", false}};
    for_each_row (i, rows, rows[i].expression) {
        struct nl_segment *segment = NULL;
        struct nl_error err = {0};
        enum nl_segment_field field = NL_FIELD_EMAIL;
        assert_ok(nl_segment_parse(rows[i].expression, 0, &segment, &err));
        assert_int_equal(nl_segment_is_personal(segment, &field), rows[i].personal);
        nl_segment_free(segment);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_nobody_known),
        cmocka_unit_test(test_personal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
