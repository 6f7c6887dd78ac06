/* The common ground of the pages of staff: rows, numbers in addresses, and errors that are shown.
 */
#include "support.h"

#include "web/staff_common.h"

#include <stdlib.h>

static void test_rows_of_a_page(void **state) {
    static const struct {
        const char *name;
        int rows; /* -1: none are given */
        bool any;
    } cases[] = {{"nothing", -1, false}, {"none", 0, false}, {"one", 1, true}, {"two", 2, true}};
    (void)state;
    for_each_row (i, cases, cases[i].name) {
        const struct nl_staff_call call = {.data = json_object()};
        json_t *rows = cases[i].rows < 0 ? NULL : json_array();
        for (int k = 0; k < cases[i].rows; k++)
            json_array_append_new(rows, json_integer(k));
        nl_staff_show_rows(&call, "people", rows);
        assert_int_equal(json_is_true(json_object_get(call.data, "any")), cases[i].any);
        assert_true(json_is_boolean(json_object_get(call.data, "any")));
        assert_true(json_is_array(json_object_get(call.data, "people")));
        assert_int_equal(json_array_size(json_object_get(call.data, "people")),
                         cases[i].rows < 0 ? 0 : cases[i].rows);
        json_decref(call.data);
    }
}

static void test_numbers_in_addresses(void **state) {
    static const struct {
        const char *rest;
        int64_t id; /* 0: there is none */
        const char *more;
    } cases[] = {
        {"/7", 7, ""},
        {"/7/rejected", 7, "/rejected"},
        {"/12a", 12, "a"},
        {"/007", 7, ""},
        {"/9223372036854775807", INT64_MAX, ""},
        {"/9223372036854775808", 0, ""},
        {"/00000000000000000000007", 7, ""}, /* as many digits as there is room for */
        {"/000000000000000000000007", 0, ""},
        {"/0", 0, ""},
        {"/-1", 0, ""},
        {"/", 0, ""},
        {"", 0, ""},
        {"7", 0, ""},
        {"a7", 0, ""},
        {"/a", 0, ""},
    };
    (void)state;
    for_each_row (i, cases, cases[i].rest) {
        int64_t id = 0;
        const char *more = NULL;
        bool found = nl_staff_path_number(cases[i].rest, &id, &more);
        assert_int_equal(found, cases[i].id > 0);
        if (found) {
            assert_int_equal(id, cases[i].id);
            assert_string_equal(more, cases[i].more);
        }
    }
}

/* A fault of the visitor's is shown on the page; any other becomes a page of its own. */
static void test_errors_that_are_shown(void **state) {
    static const struct {
        enum nl_status status;
        bool shown;
    } cases[] = {
        {NL_OK, false},   {NL_DATA, true}, {NL_EXISTS, true},  {NL_NOTFOUND, true},
        {NL_USAGE, true}, {NL_BUSY, true}, {NL_CONFIG, false}, {NL_NOINPUT, false},
    };
    struct nl_error none = {0};
    struct nl_theme theme = {0};
    (void)state;
    assert_int_equal(nl_theme_open(NULL, "en", &theme, &none), NL_OK);
    for_each_row (i, cases, NULL) {
        struct nl_staff_call call = {.theme = &theme, .data = json_object()};
        struct nl_response response = {.status = 200};
        struct nl_error err = {0};
        if (cases[i].status != NL_OK)
            nl_error_ignore(nl_error_set(&err, cases[i].status, "the words of it"));
        assert_int_equal(nl_staff_explains(&call, cases[i].status, &response, &err),
                         cases[i].shown);
        assert_int_equal(response.status, cases[i].shown ? 400 : 200);
        if (cases[i].shown) {
            assert_string_equal(json_string_value(json_object_get(call.data, "problem")),
                                "the words of it");
            assert_string_not_equal(nl_error_text(&err), "the words of it");
        } else {
            assert_null(json_object_get(call.data, "problem"));
        }
        nl_error_free(&err);
        json_decref(call.data);
    }
    nl_theme_free(&theme);
}

static void test_names_of_roles(void **state) {
    static const struct {
        enum nl_role role;
        const char *label;
    } cases[] = {{NL_ROLE_AUTHOR, "author"},
                 {NL_ROLE_SENDER, "sender"},
                 {NL_ROLE_PEOPLE, "people"},
                 {NL_ROLE_ADMINISTRATOR, "administrator"}};
    struct nl_error err = {0};
    struct nl_theme theme = {0};
    (void)state;
    assert_ok(nl_theme_open(NULL, "en", &theme, &err));
    for_each_row (i, cases, cases[i].label)
        assert_string_equal(nl_staff_role_label(&theme, cases[i].role), cases[i].label);
    nl_theme_free(&theme);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_a_page),
        cmocka_unit_test(test_numbers_in_addresses),
        cmocka_unit_test(test_errors_that_are_shown),
        cmocka_unit_test(test_names_of_roles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
