/* Lists that strangers may join: by their names, without one, and which are told of. */
#include "support.h"

#include "newsletter/store/public_list.h"

#include <stdlib.h>

static void add_list(struct fixture *fixture, const char *name, bool is_private) {
    struct nl_error err = {0};
    struct nl_list list = {.name = strdup(name),
                           .sender = strdup("Press <press@example.org>"),
                           .is_private = is_private};
    assert_ok(nl_list_check(&list, &err));
    assert_ok(nl_list_add(fixture->store, &list, &err));
    nl_list_free(&list);
}

/* The names that are found, as "a b "; `names` ends with NULL. */
static void assert_found(struct fixture *fixture, const char *const *names, const char *expected) {
    struct nl_error err = {0};
    struct nl_public_lists found = {0};
    struct nl_buf out = {0};
    size_t count = 0;
    while (names != NULL && names[count] != NULL)
        count++;
    assert_ok(nl_public_lists_find(fixture->store, (char *const *)names, count, &found, &err));
    for (size_t i = 0; i < found.count; i++)
        nl_buf_addf(&out, "%s ", found.items[i].name);
    assert_string_equal(nl_buf_text(&out), expected);
    nl_public_lists_free(&found);
    nl_buf_free(&out);
}

static void assert_all(struct fixture *fixture, const char *expected) {
    struct nl_error err = {0};
    struct nl_public_lists found;
    struct nl_buf out = {0};
    assert_ok(nl_public_lists_all(fixture->store, &found, &err));
    for (size_t i = 0; i < found.count; i++)
        nl_buf_addf(&out, "%s ", found.items[i].name);
    assert_string_equal(nl_buf_text(&out), expected);
    nl_public_lists_free(&found);
    nl_buf_free(&out);
}

static void test_public_lists(void **state) {
    static const char *const both[] = {"weekly", "news", NULL};
    static const char *const twice[] = {"news", "weekly", "news", NULL};
    static const char *const hidden[] = {"staff", "nothing", "weekly", NULL};
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    assert_all(fixture, "news ");
    assert_found(fixture, NULL, "news ");
    add_list(fixture, "staff", true);
    assert_all(fixture, "news ");
    assert_found(fixture, NULL, "news "); /* the only one that is public */
    add_list(fixture, "weekly", false);
    assert_all(fixture, "news weekly ");
    assert_found(fixture, NULL, "");
    assert_found(fixture, both, "weekly news ");
    assert_found(fixture, twice, "news weekly ");
    assert_found(fixture, hidden, "weekly ");
    assert_fails(nl_public_lists_missing(fixture->store, NULL, &err), NL_USAGE, "news, weekly");
    assert_int_not_equal(nl_public_lists_missing(fixture->store, "staff", &err), NL_OK);
    assert_null(strstr(nl_error_text(&err), "staff, "));
    assert_null(strstr(nl_error_text(&err), ", staff"));
    nl_error_free(&err);
    assert_fails(nl_public_lists_missing(fixture->store, "nothing", &err), NL_NOTFOUND,
                 "there is no public list 'nothing'; there are: news, weekly");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_public_lists, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
