#include "support.h"

#include <stdlib.h>

static void test_defaults(void **state) {
    struct fixture *fixture = *state;
    assert_string_equal(fixture->list.title, "news");
    assert_string_equal(fixture->list.list_id, "news.example.org");
    assert_string_equal(fixture->list.language, "en");
}

static void test_find_edit_count(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_list list = {0};
    struct nl_list_counts counts = {0};
    assert_ok(nl_list_find(fixture->store, NULL, &list, &err));
    assert_int_equal(list.id, fixture->list.id);
    free(list.title);
    list.title = strdup("The News – Жаңалықтар");
    assert_ok(nl_list_check(&list, &err));
    assert_ok(nl_list_update(fixture->store, &list, &err));
    nl_list_free(&list);
    assert_ok(nl_list_find(fixture->store, "news", &list, &err));
    assert_string_equal(list.title, "The News – Жаңалықтар");
    nl_list_free(&list);
    fixture_subscribe(fixture, "ann@example.org");
    assert_ok(nl_list_count(fixture->store, fixture->list.id, &counts, &err));
    assert_int_equal(counts.active, 1);
    assert_int_equal(counts.pending, 0);
    assert_fails(nl_list_find(fixture->store, "nope", &list, &err), NL_NOTFOUND, "news");
    assert_fails(nl_list_get(fixture->store, 99, &list, &err), NL_NOTFOUND, "no such list");
}

static void test_name_taken(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_list list = {.name = strdup("news"), .sender = strdup("a@example.org")};
    assert_ok(nl_list_check(&list, &err));
    assert_fails(nl_list_add(fixture->store, &list, &err), NL_EXISTS, "list edit");
    nl_list_free(&list);
}

/* Nothing may enter that could break out of a header. */
static void test_fields_are_header_safe(void **state) {
    (void)state;
    static const char evil[] = "x\r\nBcc: victim@example.org";
    for (int field = 0; field < 9; field++) {
        struct nl_error err = {0};
        struct nl_list list = {.name = strdup("n"), .sender = strdup("a@example.org")};
        char **slots[] = {&list.title,       &list.list_id,       &list.sender,
                          &list.reply_to,    &list.owner,         &list.language,
                          &list.archive_url, &list.subscribe_url, &list.postal_address};
        free(*slots[field]);
        *slots[field] = strdup(evil);
        assert_int_equal(nl_list_check(&list, &err), NL_DATA);
        nl_error_free(&err);
        nl_list_free(&list);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_defaults, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_find_edit_count, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_name_taken, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_fields_are_header_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
