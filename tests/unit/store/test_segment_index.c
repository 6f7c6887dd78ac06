#include "support.h"

#include "newsletter/base/segment.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/issue.h"
#include "newsletter/store/saved_segment.h"
#include "newsletter/store/segment_index.h"
#include "store/fan_out.h"
#include "store/segment_sql.h"

#include <stdio.h>

static enum nl_status add_name(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    struct nl_buf *names = ctx;
    (void)err;
    nl_buf_addf(names, "%s ", nl_sql_text(row, 0) + strlen("subscriber_"));
    return NL_OK;
}

/* The indexes of attributes, without the beginning of their names, each with a space after it. */
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
    static const struct {
        const char *expression, *indexed;
    } cases[] = {
        {"city = \"Oslo\"", "attribute_city "},
        {"language = \"ru\" and (email ~ \"x\" or job_2 in (\"a\", \"b\"))", "attribute_job_2 "},
        {"city = \"Oslo\" or job = \"press\"", "attribute_city attribute_job "},
        {"city >= \"Os\" and city < \"Ot\"", "attribute_city "},
        {"city > \"Os\" or city <= \"B\"", "attribute_city "},
        {"city = 5", "number_city "},
        {"age > 30 and age <= 40 and city = \"Oslo\"", "attribute_city number_age "},
        {"city in (5, 6)", "attribute_city "},
        {"city != \"Oslo\"", ""},
        {"age != 5", ""},
        {"not (city = \"Oslo\")", ""},
        {"city ~ \"slo\"", ""},
        {"city has \"Oslo\"", ""},
        {"city is known", ""},
        {"attribute.City = \"Oslo\"", ""},
        {"attribute.a-b = \"x\"", ""},
        {"a = \"1x\" or b = \"x\" or c = \"x\" or d = \"x\" or e = \"x\" or f = \"x\" or g = \"x\" "
         "or h = \"x\" or i = \"x\"",
         "attribute_a attribute_b attribute_c attribute_d attribute_e attribute_f attribute_g "
         "attribute_h "},
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
    save(fixture, "one", "city = \"Oslo\" and job = \"press\"");
    save(fixture, "two", "city in (\"Oslo\", \"Bergen\")");
    assert_indexed(fixture, "attribute_city attribute_job ");
    drop(fixture, "one");
    assert_indexed(fixture, "attribute_city ");
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

/* ---- the plans of the engines ---- */

static enum nl_status add_line(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s\n", nl_sql_text(row, 0));
    return NL_OK;
}

static enum nl_status add_detail(const struct nl_sql_row *row, void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%s\n", nl_sql_text(row, 3));
    return NL_OK;
}

/* How the engine would count the people of a segment. */
static void explain(struct fixture *fixture, const char *expression, struct nl_buf *plan) {
    bool file = nl_store_is_file(fixture->path);
    struct nl_segment *segment = NULL;
    struct nl_error err = {0};
    assert_ok(nl_segment_parse(expression, 0, &segment, &err));
    struct nl_query query = nl_audience_query(
        fixture->store, file ? "EXPLAIN QUERY PLAN SELECT count(*)" : "EXPLAIN SELECT count(*)",
        fixture->list.id, segment);
    assert_ok(nl_query_each(fixture->store, &err, file ? add_detail : add_line, plan, &query));
    nl_query_free(&query);
    nl_segment_free(segment);
}

/* Reader N lives in CityN and is N years old. */
static void add_people(struct fixture *fixture) {
#define COUNT_TO(last)                                                                             \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " #last ") "
    fixture_sql(
        fixture,
        "INSERT INTO subscriber (uuid, address, address_key, attributes, created_at) " COUNT_TO(
            5000) "SELECT CAST(i AS TEXT), i || '@example.org', i || '@example.org', "
                  "'{\"city\": \"City' || i || '\", \"age\": ' || i || '}', 1 FROM n");
    fixture_sql(fixture,
                "INSERT INTO subscription (list, subscriber, state, token, consent_at, created_at) "
                "SELECT l.id, r.id, 'active', r.uuid, 1, 1 FROM list l CROSS JOIN subscriber r");
    if (!nl_store_is_file(fixture->path))
        fixture_sql(fixture, "ANALYZE");
}

static void test_each_engine_begins_with_it(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        const char *expression, *index, *other;
        int64_t people;
    } cases[] = {
        {"city = \"city77\"", "attribute_city", NULL, 1},
        {"city in (\"city77\", \"CITY78\", \"nowhere\")", "attribute_city", NULL, 2},
        {"city < \"city1000\"", "attribute_city", NULL, 3},
        {"city >= \"city77\" and city < \"city78\"", "attribute_city", NULL, 11},
        {"city > \"city998\" and email ~ \"9@\"", "attribute_city", NULL, 1},
        {"age = 77", "number_age", NULL, 1},
        {"age < 5", "number_age", NULL, 4},
        {"age >= 77.5 and age <= 79", "number_age", NULL, 2},
        {"age > 4990 and city != \"city4999\"", "number_age", NULL, 9},
        {"city = \"city77\" or city = \"city78\"", "attribute_city", NULL, 2},
        {"city = \"city77\" or age = 78", "attribute_city", "number_age", 2},
    };
    add_people(fixture);
    for_each_row (i, cases, cases[i].expression)
        assert_int_equal(count_of(fixture, cases[i].expression), cases[i].people);
    save(fixture, "one", "city = \"x\" and age > 1");
    for_each_row (i, cases, cases[i].expression) {
        struct nl_buf plan = {0};
        assert_int_equal(count_of(fixture, cases[i].expression), cases[i].people);
        explain(fixture, cases[i].expression, &plan);
        if (strstr(nl_buf_text(&plan), cases[i].index) == NULL ||
            (cases[i].other != NULL && strstr(nl_buf_text(&plan), cases[i].other) == NULL))
            fail_msg("%s: %s", cases[i].expression, nl_buf_text(&plan));
        nl_buf_free(&plan);
    }
}

/* Where an index leads to some of the people only, or to none, the list is walked through as ever.
 */
static void test_others_are_found_as_ever(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        const char *expression;
        int64_t people;
    } cases[] = {
        {"city = \"city77\" or name is unknown", 5000},
        {"city != \"city77\"", 4999},
        {"not (age = 77)", 4999},
        {"city ~ \"y77\"", 11},
        {"town = \"x\"", 0},
    };
    add_people(fixture);
    save(fixture, "one", "city = \"x\" and age > 1");
    for_each_row (i, cases, cases[i].expression) {
        struct nl_buf plan = {0};
        assert_int_equal(count_of(fixture, cases[i].expression), cases[i].people);
        explain(fixture, cases[i].expression, &plan);
        if (strstr(nl_buf_text(&plan), "attribute_city") != NULL ||
            strstr(nl_buf_text(&plan), "number_age") != NULL)
            fail_msg("%s: %s", cases[i].expression, nl_buf_text(&plan));
        nl_buf_free(&plan);
    }
}

/* Text that is not JSON has no attributes, and stays out of the way. */
static void test_what_is_no_json(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf problem = {0};
    if (!nl_store_is_file(fixture->path))
        skip();
    save(fixture, "one", "city = \"Oslo\" and age > 1");
    fixture_subscribe(fixture, "ann@example.org");
    assert_ok(nl_sql_script(fixture->store, "UPDATE subscriber SET attributes = '{\"city\": \"Os'",
                            &err));
    assert_ok(nl_sql_each(fixture->store, &err, add_line, &problem, "PRAGMA integrity_check",
                          NL_NO_VALUES));
    assert_string_equal(nl_buf_text(&problem), "ok\n");
    nl_buf_free(&problem);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_which_attributes_get_one, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_segments_share_them, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_same_people, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_each_engine_begins_with_it, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_others_are_found_as_ever, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_json, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
