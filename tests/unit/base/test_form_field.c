/* The fields of sign-up forms: what counts as a value of each type, and which label is shown. */
#include "support.h"

#include "newsletter/base/form_field.h"

#include <stdio.h>

static void test_values(void **state) {
    static const struct {
        enum nl_form_type type;
        const char *given, *kept; /* NULL: refused */
    } cases[] = {
        {NL_FORM_TEXT, " Ann  Lee ", "Ann  Lee"},
        {NL_FORM_TEXT, "", ""},
        {NL_FORM_NUMBER, "", ""},
        {NL_FORM_NUMBER, "12", "12"},
        {NL_FORM_NUMBER, "+12", "12"},
        {NL_FORM_NUMBER, "-12", "-12"},
        {NL_FORM_NUMBER, "1.5", "1.5"},
        {NL_FORM_NUMBER, "1,5", "1.5"},
        {NL_FORM_NUMBER, "-1,50", "-1.50"},
        {NL_FORM_NUMBER, "1.", NULL},
        {NL_FORM_NUMBER, ".5", NULL},
        {NL_FORM_NUMBER, "--1", NULL},
        {NL_FORM_NUMBER, "1 000", NULL},
        {NL_FORM_NUMBER, "1e5", NULL},
        {NL_FORM_NUMBER, "1.5.2", NULL},
        {NL_FORM_NUMBER, "-", NULL},
        {NL_FORM_NUMBER, "123456789012345678901234567890", "123456789012345678901234567890"},
        {NL_FORM_NUMBER, "1234567890123456789012345678901", NULL},
        {NL_FORM_NUMBER, "1234567890.12345678901234567890", "1234567890.12345678901234567890"},
        {NL_FORM_NUMBER, "1234567890.123456789012345678901", NULL},
        {NL_FORM_DATE, "2026-12-31", "2026-12-31"},
        {NL_FORM_DATE, "2026-01-01", "2026-01-01"},
        {NL_FORM_DATE, "2024-02-29", "2024-02-29"},
        {NL_FORM_DATE, "2026-02-29", NULL},
        {NL_FORM_DATE, "1900-02-29", NULL},
        {NL_FORM_DATE, "2000-02-29", "2000-02-29"},
        {NL_FORM_DATE, "2026-02-28", "2026-02-28"},
        {NL_FORM_DATE, "2024-02-30", NULL},
        {NL_FORM_DATE, "2026-04-31", NULL},
        {NL_FORM_DATE, "2026-04-30", "2026-04-30"},
        {NL_FORM_DATE, "2026-12-32", NULL},
        {NL_FORM_DATE, "2026-13-01", NULL},
        {NL_FORM_DATE, "2026-00-01", NULL},
        {NL_FORM_DATE, "2026-01-00", NULL},
        {NL_FORM_DATE, "0000-01-01", NULL},
        {NL_FORM_DATE, "0001-01-01", "0001-01-01"},
        {NL_FORM_DATE, "2026-1-1", NULL},
        {NL_FORM_DATE, "2026-01-011", NULL},
        {NL_FORM_DATE, "2026/01/01", NULL},
        {NL_FORM_DATE, "2026-01/01", NULL},
        {NL_FORM_DATE, "2026-01", NULL},
        {NL_FORM_YES_NO, "yes", "yes"},
        {NL_FORM_YES_NO, "ON", "yes"},
        {NL_FORM_YES_NO, "True", "yes"},
        {NL_FORM_YES_NO, "1", "yes"},
        {NL_FORM_YES_NO, "no", "no"},
        {NL_FORM_YES_NO, "off", "no"},
        {NL_FORM_YES_NO, "0", "no"},
        {NL_FORM_YES_NO, "false", "no"},
        {NL_FORM_YES_NO, "maybe", NULL},
        {NL_FORM_CHOICE, "red", "red"},
        {NL_FORM_CHOICE, "Red", NULL},
        {NL_FORM_CHOICE, "blue", "blue"},
        {NL_FORM_CHOICE, "green", NULL},
    };
    struct nl_form_fields fields = {0};
    struct nl_error err = {0};
    (void)state;
    struct nl_form_field *field = nl_form_field_add(&fields, "f", &err);
    assert_non_null(field);
    assert_non_null(nl_form_choice_add(field, "red", &err));
    assert_non_null(nl_form_choice_add(field, "blue", &err));
    for_each_row (i, cases, cases[i].given) {
        struct nl_buf out = {0};
        field->type = cases[i].type;
        enum nl_status status = nl_form_field_check(field, cases[i].given, &out, &err);
        assert_int_equal(status, cases[i].kept != NULL ? NL_OK : NL_DATA);
        assert_string_equal(nl_buf_text(&out), cases[i].kept != NULL ? cases[i].kept : "");
        assert_int_equal(strstr(nl_error_text(&err), "attribute f is not") != NULL,
                         cases[i].kept == NULL);
        nl_error_free(&err);
        nl_buf_free(&out);
    }
    nl_form_fields_free(&fields);
}

/* 32 fields and 200 choices; a name that is there already is found. */
static void test_bounds(void **state) {
    struct nl_form_fields fields = {0};
    struct nl_error err = {0};
    char name[100];
    (void)state;
    for (int i = 0; i < 32; i++) {
        snprintf(name, sizeof name, "f%d", i);
        assert_non_null(nl_form_field_add(&fields, name, &err));
    }
    assert_null(nl_form_field_add(&fields, "more", &err));
    nl_error_free(&err);
    struct nl_form_field *field = nl_form_field_add(&fields, "f7", &err);
    assert_ptr_equal(field, nl_form_field_find(&fields, "f7"));
    assert_int_equal(fields.count, 32);
    assert_null(nl_form_field_find(&fields, "F7"));
    assert_null(nl_form_field_find(NULL, "f7"));
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "c%d", i);
        assert_non_null(nl_form_choice_add(field, name, &err));
    }
    assert_null(nl_form_choice_add(field, "more", &err));
    nl_error_free(&err);
    assert_ptr_equal(nl_form_choice_add(field, "c7", &err), &field->choices[7]);
    assert_int_equal(field->choice_count, 200);
    assert_null(nl_form_choice_add(&fields.items[0], "", &err));
    nl_error_free(&err);
    nl_form_fields_free(&fields);
}

static void test_names(void **state) {
    static const char *const bad[] = {"", "a b", "a.b", "\xc3\xa9"};
    struct nl_form_fields fields = {0};
    struct nl_error err = {0};
    (void)state;
    for_each_row (i, bad, bad[i]) {
        assert_null(nl_form_field_add(&fields, bad[i], &err));
        nl_error_free(&err);
    }
    assert_non_null(nl_form_field_add(&fields, "a_b-C1", &err));
    nl_form_fields_free(&fields);
}

/* The label in the visitor's language, else the one for all languages, else the first. */
static void test_labels(void **state) {
    struct nl_form_label label = {0};
    (void)state;
    assert_string_equal(nl_form_label_text(&label, "en", "none"), "none");
    nl_form_label_set(&label, "ru", "rus");
    nl_form_label_set(&label, "pt", "por");
    assert_string_equal(nl_form_label_text(&label, "en", "none"), "rus");
    assert_string_equal(nl_form_label_text(&label, "pt", "none"), "por");
    assert_string_equal(nl_form_label_text(&label, "pt-BR", "none"), "por");
    nl_form_label_set(&label, "", "all");
    assert_string_equal(nl_form_label_text(&label, "en", "none"), "all");
    assert_string_equal(nl_form_label_text(&label, "pt", "none"), "por");
    nl_form_label_set(&label, "pt-BR", "bra");
    assert_string_equal(nl_form_label_text(&label, "pt-BR", "none"), "bra");
    assert_string_equal(nl_form_label_text(&label, "pt", "none"), "por");
    nl_form_label_set(&label, "PT", "again");
    assert_int_equal(label.count, 4);
    assert_string_equal(nl_form_label_text(&label, "pt", "none"), "again");
    nl_form_label_free(&label);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
