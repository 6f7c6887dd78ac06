#include "support.h"

#include "newsletter/base/plural.h"

/* The heads of catalogs, as gettext's manual and CLDR have them, and the forms for some numbers. */
static const struct {
    const char *head;
    size_t forms;
    struct {
        unsigned long n;
        size_t form;
    } cases[9];
} rules[] = {
    {"Language: fr\nPlural-Forms: nplurals=2; plural=(n > 1);\n", 2, {{0, 0}, {1, 0}, {2, 1}}},
    {"Plural-Forms: nplurals=2; plural=n != 1;\n", 2, {{0, 1}, {1, 0}, {2, 1}}},
    {"Plural-Forms: nplurals=1; plural=0;\n", 1, {{0, 0}, {1, 0}, {7, 0}}},
    {"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 "
     "|| n%100>=20) ? 1 : 2);\n",
     3,
     {{0, 2}, {1, 0}, {2, 1}, {5, 2}, {11, 2}, {12, 2}, {21, 0}, {22, 1}, {111, 2}}},
    {"Plural-Forms: nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 "
     ": n%100>=11 ? 4 : 5);\n",
     6,
     {{0, 0}, {1, 1}, {2, 2}, {3, 3}, {10, 3}, {11, 4}, {100, 5}, {102, 5}, {103, 3}}},
    {"Plural-Forms: nplurals=9; plural=((n + 7) * 2 - 14) / 2 % 9;\n", 9, {{4, 4}, {10, 1}}},
    {"Plural-Forms: nplurals=2; plural=!n || n<1;\n", 2, {{0, 1}, {1, 0}}},
    /* No rule, or one that says nothing: English, and never a form that is not there. */
    {"Language: de\n", 2, {{0, 1}, {1, 0}, {2, 1}}},
    {"Plural-Forms: nplurals=2; plural=n n;\n", 2, {{0, 1}, {1, 0}, {2, 1}}},
    {"Plural-Forms: nplurals=2; plural=n / 0;\n", 2, {{0, 1}, {1, 0}, {2, 1}}},
    {"Plural-Forms: nplurals=2; plural=(n > 1;\n", 2, {{0, 1}, {1, 0}, {2, 1}}},
    {"Plural-Forms: nplurals=2; plural=n ? 1;\n", 2, {{0, 1}, {1, 0}, {2, 1}}},
    {"Plural-Forms: nplurals=2; plural=", 2, {{0, 1}, {1, 0}, {2, 1}}},
    {"Plural-Forms: nplurals=9; plural=n;\n", 3, {{0, 0}, {2, 2}, {8, 2}}},
    {"Plural-Forms: nplurals=2; plural=n != 1;\n", 1, {{0, 0}, {1, 0}, {2, 0}}},
};

static void test_rules(void **state) {
    (void)state;
    for_each_row (i, rules, NULL)
        for (size_t c = 0; c < 9; c++) {
            unsigned long n = rules[i].cases[c].n;
            if (c > 0 && n == 0)
                break;
            size_t form = nl_plural_form(rules[i].head, n, rules[i].forms);
            if (form != rules[i].cases[c].form)
                fail_msg("%s: %lu has form %zu", rules[i].head, n, form);
        }
}

/* Nesting without end does not use up the stack. */
static void test_deep(void **state) {
    (void)state;
    static const char *const signs[] = {"(", "!", "n?", "n?n:"};
    for_each_row (i, signs, NULL) {
        struct nl_buf head = {0};
        nl_buf_adds(&head, "Plural-Forms: nplurals=2; plural=");
        for (int depth = 0; depth < 100000; depth++)
            nl_buf_adds(&head, signs[i]);
        nl_buf_adds(&head, "n;\n");
        assert_int_equal(nl_plural_form(nl_buf_text(&head), 1, 2), 0);
        assert_int_equal(nl_plural_form(nl_buf_text(&head), 2, 2), 1);
        nl_buf_free(&head);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
