/* Snippets and templates: what is stored, who may change it, and how many there may be. */
#include "support.h"

#include "newsletter/store/boilerplate.h"

#include <stdio.h>

static const struct nl_actor ann = {.name = "ann", .door = "browser"};
static const struct nl_actor bob = {.name = "bob", .door = "browser"};

static enum nl_status add_line(const struct nl_boilerplate *item, void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%lld %s %s %s %s %s %lld %lld %s; ", (long long)item->id, item->kind,
                item->name, item->language[0] != '\0' ? item->language : "-",
                item->list != 0 ? item->list_name : "-", item->source, (long long)item->revision,
                (long long)item->updated_at, item->updated_by);
    return NL_OK;
}

static void assert_items(struct fixture *fixture, int64_t id, const char *expected) {
    struct nl_error err = {0};
    struct nl_buf out = {0};
    assert_ok(nl_boilerplates_each(fixture->store, id, add_line, &out, &err));
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
}

static int64_t put(struct fixture *fixture, struct nl_boilerplate item, const struct nl_actor *by) {
    struct nl_error err = {0};
    int64_t id = 0;
    bool stale = true;
    assert_ok(nl_boilerplate_put(fixture->store, &item, by, &id, &stale, &err));
    assert_false(stale);
    return id;
}

static void refuse(struct fixture *fixture, struct nl_boilerplate item, enum nl_status status,
                   bool stale, const char *words) {
    struct nl_error err = {0};
    int64_t id = 7;
    bool found = !stale;
    assert_fails(nl_boilerplate_put(fixture->store, &item, &bob, &id, &found, &err), status, words);
    assert_int_equal(found, stale);
    assert_int_equal(id, 0);
}

static void test_written_and_read(void **state) {
    struct fixture *fixture = *state;
    struct nl_boilerplate item = {.kind = "template", .name = "b", .language = "", .source = "x"};
    int64_t first = put(fixture, item, &ann);
    put(fixture, (struct nl_boilerplate){0, "snippet", "b", "ru", 1, NULL, "y", 0, 0, NULL}, &bob);
    put(fixture, (struct nl_boilerplate){0, "snippet", "b", "de", 0, NULL, "z", 0, 0, NULL}, &bob);
    put(fixture, (struct nl_boilerplate){0, "snippet", "a", "ru", 0, NULL, "w", 0, 0, NULL}, &bob);
    assert_items(fixture, 0,
                 "4 snippet a ru - w 1 1000000 bob; 3 snippet b de - z 1 1000000 bob; "
                 "2 snippet b ru news y 1 1000000 bob; 1 template b - - x 1 1000000 ann; ");
    assert_items(fixture, first, "1 template b - - x 1 1000000 ann; ");
    assert_items(fixture, 9, "");
    fixture->fake.now += 5;
    put(fixture, (struct nl_boilerplate){first, "template", "c", "en", 1, NULL, "v", 1, 0, NULL},
        &bob);
    assert_items(fixture, first, "1 template c en news v 2 1000005 bob; ");
    put(fixture, (struct nl_boilerplate){first, "template", "c", "", 0, NULL, "v", 0, 0, NULL},
        &ann); /* whatever its revision */
    assert_items(fixture, first, "1 template c - - v 3 1000005 ann; ");
    assert_items(fixture, 2, "2 snippet b ru news y 1 1000000 bob; ");
}

static void test_two_who_change_the_same(void **state) {
    struct fixture *fixture = *state;
    struct nl_boilerplate item = {.kind = "snippet", .name = "a", .language = "", .source = "x"};
    item.id = put(fixture, item, &ann);
    item.revision = 1;
    item.source = "y";
    put(fixture, item, &ann);
    item.source = "z";
    refuse(fixture, item, NL_EXISTS, true, "somebody else has changed it");
    assert_items(fixture, 0, "1 snippet a - - y 2 1000000 ann; ");
    item.id = 9;
    refuse(fixture, item, NL_NOTFOUND, false, "no such snippet");
}

/* A name is taken within its kind and language alone. */
static void test_names_that_are_taken(void **state) {
    struct fixture *fixture = *state;
    struct nl_boilerplate item = {.kind = "snippet", .name = "a", .language = "de", .source = "x"};
    put(fixture, item, &ann);
    refuse(fixture, item, NL_EXISTS, false, "there is a snippet 'a'");
    item.language = "en";
    int64_t english = put(fixture, item, &ann);
    item.kind = "template";
    put(fixture, item, &ann);
    refuse(fixture, item, NL_EXISTS, false, "there is a template 'a'");
    item.kind = "snippet";
    item.language = "de";
    item.id = english;
    refuse(fixture, item, NL_EXISTS, false, "there is a snippet 'a'");
}

static void test_removed(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_boilerplate item = {.kind = "snippet", .name = "a", .language = "", .source = "x"};
    int64_t first = put(fixture, item, &ann);
    item.name = "b";
    put(fixture, item, &ann);
    assert_ok(nl_boilerplate_remove(fixture->store, first, &bob, &err));
    assert_items(fixture, 0, "2 snippet b - - x 1 1000000 ann; ");
    assert_fails(nl_boilerplate_remove(fixture->store, first, &bob, &err), NL_NOTFOUND,
                 "no such snippet");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM audit WHERE actor = 'bob' AND "
                                          "action = 'boilerplate remove'"),
                     1);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM audit WHERE actor = 'ann' AND "
                                          "action = 'boilerplate add'"),
                     2);
}

static void test_five_hundred_of_them(void **state) {
    struct fixture *fixture = *state;
    struct nl_boilerplate item = {.kind = "snippet", .name = "a", .language = "", .source = "x"};
    fixture_sql(fixture, "INSERT INTO boilerplate (kind, name, language, source, revision, "
                         "updated_at, updated_by) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL "
                         "SELECT i + 1 FROM n WHERE i < 499) SELECT 'snippet', 'n' || i, '', 'x', "
                         "1, 1, 'ann' FROM n");
    int64_t last = put(fixture, item, &ann);
    item.name = "b";
    refuse(fixture, item, NL_DATA, false, "there are 500 snippets and templates");
    item.id = last; /* another name for one that is there */
    put(fixture, item, &ann);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_written_and_read, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_two_who_change_the_same, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_names_that_are_taken, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_removed, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_five_hundred_of_them, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
