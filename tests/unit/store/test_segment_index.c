#include "support.h"

#include "newsletter/base/segment.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/saved_segment.h"
#include "newsletter/store/segment_index.h"
#include "store/segment_sql.h"

#include <stdio.h>

static enum nl_status add_name(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    struct nl_buf *names = ctx;
    (void)err;
    nl_buf_addf(names, "%s ", nl_sql_text(row, 0));
    return NL_OK;
}

/* The attributes that have an index, each with a space after it. */
static void assert_indexed(struct fixture *fixture, const char *expected) {
    struct nl_buf names = {0};
    struct nl_buf sql = {0};
    struct nl_error err = {0};
    nl_buf_addf(&sql, "%s ORDER BY 1", nl_sql_dialect(fixture->store)->segment_indexes);
    assert_ok(nl_sql_each(fixture->store, &err, add_name, &names, nl_buf_text(&sql), NL_NO_VALUES));
    assert_string_equal(nl_buf_text(&names), expected);
    nl_buf_free(&names);
    nl_buf_free(&sql);
}

static void save(struct fixture *fixture, const char *name, const char *expression) {
    struct nl_error err = {0};
    assert_ok(nl_saved_segment_put(fixture->store, name, expression, &err));
    assert_ok(nl_segment_indexes_renew(fixture->store, &err));
}

static void drop(struct fixture *fixture, const char *name) {
    struct nl_error err = {0};
    assert_ok(nl_saved_segment_remove(fixture->store, name, &err));
    assert_ok(nl_segment_indexes_renew(fixture->store, &err));
}

static int64_t count_of(struct fixture *fixture, const char *expression) {
    struct nl_segment *segment = NULL;
    struct nl_error err = {0};
    int64_t people = -1;
    assert_ok(nl_segment_parse(expression, 0, &segment, &err));
    assert_ok(nl_issue_audience(fixture->store, fixture->list.id, segment, &people, &err));
    nl_segment_free(segment);
    return people;
}

static void test_which_attributes_get_one(void **state) {
    struct fixture *fixture = *state;
    if (nl_sql_dialect(fixture->store)->segment_indexes == NULL)
        skip();
    static const struct {
        const char *expression, *indexed;
    } cases[] = {
        {"city = \"Oslo\"", "city "},
        {"language = \"ru\" and (email ~ \"x\" or job_2 in (\"a\", \"b\"))", "job_2 "},
        {"city = \"Oslo\" or job = \"press\"", "city job "},
        {"city != \"Oslo\"", ""},
        {"not (city = \"Oslo\")", ""},
        {"city = 5", ""},
        {"city ~ \"slo\"", ""},
        {"attribute.City = \"Oslo\"", ""},
        {"attribute.a-b = \"x\"", ""},
        {"a = \"1x\" or b = \"x\" or c = \"x\" or d = \"x\" or e = \"x\" or f = \"x\" or g = \"x\" "
         "or "
         "h = \"x\" or i = \"x\"",
         "a b c d e f g h "},
        {"language = \"ru\"", ""},
    };
    for_each_row (i, cases, cases[i].expression) {
        struct nl_segment *segment = NULL;
        struct nl_error err = {0};
        if (nl_segment_parse(cases[i].expression, 0, &segment, &err) != NL_OK)
            fail_msg("%s", nl_error_text(&err));
        nl_segment_free(segment);
        save(fixture, "one", cases[i].expression);
        assert_indexed(fixture, cases[i].indexed);
    }
    drop(fixture, "one");
    assert_indexed(fixture, "");
}

static void test_segments_share_them(void **state) {
    struct fixture *fixture = *state;
    if (nl_sql_dialect(fixture->store)->segment_indexes == NULL)
        skip();
    save(fixture, "one", "city = \"Oslo\" and job = \"press\"");
    save(fixture, "two", "city in (\"Oslo\", \"Bergen\")");
    assert_indexed(fixture, "city job ");
    drop(fixture, "one");
    assert_indexed(fixture, "city ");
    drop(fixture, "two");
    assert_indexed(fixture, "");
}

/* An index changes no result: letters of another case, missing values, numbers, lists and nulls. */
static void test_the_same_people(void **state) {
    struct fixture *fixture = *state;
    static const char *const attributes[] = {"{\"city\": \"Oslo\"}",   "{\"city\": \"OSLO\"}",
                                             "{\"city\": \"Bergen\"}", "{\"city\": [\"Oslo\"]}",
                                             "{\"city\": null}",       "{\"town\": \"Oslo\"}",
                                             "{\"city\": 5}",          "{}"};
    static const struct {
        const char *expression;
        int64_t people;
    } cases[] = {
        {"city = \"oslo\"", 2},
        {"city in (\"Oslo\", \"bergen\")", 3},
        {"city = \"Oslo\" or city = \"5\"", 3},
        {"city = 5", 1},
        {"city != \"Oslo\"", 6},
        {"city = \"O'slo\"", 0},
    };
    char sql[200];
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        char address[32];
        snprintf(address, sizeof address, "a%zu@example.org", i);
        fixture_subscribe(fixture, address);
        snprintf(sql, sizeof sql,
                 "UPDATE subscriber SET attributes = '%s' WHERE address = 'a%zu@example.org'",
                 attributes[i], i);
        fixture_sql(fixture, sql);
    }
    for_each_row (i, cases, cases[i].expression)
        assert_int_equal(count_of(fixture, cases[i].expression), cases[i].people);
    save(fixture, "one", "city = \"Oslo\"");
    for_each_row (i, cases, cases[i].expression)
        assert_int_equal(count_of(fixture, cases[i].expression), cases[i].people);
}

static enum nl_status add_line(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s\n", nl_sql_text(row, 0));
    return NL_OK;
}

/* The server looks people up by what segments put into their SQL. */
static void test_the_server_uses_it(void **state) {
    struct fixture *fixture = *state;
    struct nl_buf plan = {0};
    struct nl_buf sql = {0};
    struct nl_error err = {0};
    if (nl_sql_dialect(fixture->store)->segment_indexes == NULL)
        skip();
    save(fixture, "one", "city = \"Oslo\"");
    assert_ok(nl_sql_script(
        fixture->store,
        "INSERT INTO subscriber (uuid, address, address_key, attributes, created_at) SELECT i, i, "
        "i, '{\"city\": \"' || i || '\"}', 1 FROM generate_series(1, 5000) i; ANALYZE subscriber",
        &err));
    nl_buf_adds(&sql, "EXPLAIN SELECT 1 FROM subscriber r WHERE lower(");
    nl_segment_attribute("r.attributes", "city", &sql);
    nl_buf_adds(&sql, ") = ?");
    assert_ok(nl_sql_each(fixture->store, &err, add_line, &plan, nl_buf_text(&sql),
                          NL_VALUES(NL_STRING("77"))));
    if (strstr(nl_buf_text(&plan), "subscriber_attribute_city") == NULL)
        fail_msg("%s", nl_buf_text(&plan));
    nl_buf_free(&plan);
    nl_buf_free(&sql);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_which_attributes_get_one, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_segments_share_them, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_same_people, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_server_uses_it, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
