#include "support.h"

#include "db/sqlite/sqlite.h"
#include "newsletter/store/person.h"

#include <stdio.h>
#include <stdlib.h>

/* A part that one person has, one that many have, one that everybody has, and short ones. */
static const struct {
    const char *text;
    int64_t found; /* on the first page */
} parts[] = {{"rare.quux", 1}, {"Anna B", 50}, {"example.org", 50}, {"z", 50},
             {"an", 50},       {"nobody", 0},  {"exa b. ", 0},      {"q", 0}};

static void make_people(struct fixture *fixture, int64_t people) {
    struct nl_error err = {0};
    char sql[800];
    snprintf(
        sql, sizeof sql,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %lld) "
        "INSERT INTO subscriber (id, uuid, address, address_key, name, created_at) "
        "SELECT i, i, a, a, iif(i %% 3 = 0, 'Anna B. ' || i, 'Zoe ' || i), 1 FROM (SELECT i, "
        "iif(i = %lld, 'rare.quux@example.org', 'a' || i || '@d' || (i %% 97) || '.example.org') a "
        "FROM n)",
        (long long)people, (long long)people - 1);
    fixture_sql(fixture, sql);
    assert_ok(nl_store_index_people(fixture->store, &err));
    fixture_sql(fixture, "INSERT INTO subscriber_text (subscriber_text) VALUES ('optimize')");
}

static enum nl_status count_person(int64_t subscriber, const char *place, void *ctx,
                                   struct nl_error *err) {
    int64_t *count = ctx;
    assert_int_equal(subscriber, atoll(place));
    (void)err;
    ++*count;
    return NL_OK;
}

static int count_step(void *ctx) {
    ++*(int64_t *)ctx;
    return 0;
}

/* The steps of SQLite's machine for one page, those of the index's own statements included. */
static int64_t steps_for(struct fixture *fixture, const char *part, int64_t *found) {
    const struct nl_person_query query = {.part = part, .limit = 50};
    struct nl_error err = {0};
    sqlite3 *db = nl_sqlite(fixture->store)->db;
    int64_t steps = 0;
    *found = 0;
    sqlite3_progress_handler(db, 1, count_step, &steps);
    assert_ok(nl_persons_each(fixture->store, &query, count_person, found, &err));
    sqlite3_progress_handler(db, 0, NULL, NULL);
    return steps;
}

/* Ten times the people, in another database. */
static struct fixture *make_both(struct fixture *small, void **other) {
    fixture_setup(other);
    make_people(small, 3000);
    make_people(*other, 30000);
    return *other;
}

static int64_t steps_of_a_sign_up(struct fixture *fixture) {
    sqlite3 *db = nl_sqlite(fixture->store)->db;
    int64_t steps = 0;
    fixture_subscribe(fixture, "first@example.org"); /* statements are prepared */
    sqlite3_progress_handler(db, 1, count_step, &steps);
    fixture_subscribe(fixture, "second@example.org");
    sqlite3_progress_handler(db, 0, NULL, NULL);
    return steps;
}

/* Ten times the people, and as much work. */
static void test_a_sign_up_costs_the_same(void **state) {
    struct fixture *small = *state;
    void *other = NULL;
    struct fixture *large = make_both(small, &other);
    int64_t before = steps_of_a_sign_up(small);
    assert_in_range(before, 1, 30000);
    assert_in_range(steps_of_a_sign_up(large), 1, before + before / 20);
    fixture_teardown(&other);
}

static void test_work_goes_by_what_is_found(void **state) {
    struct fixture *small = *state;
    void *other = NULL;
    struct fixture *large = make_both(small, &other);
    for_each_row (i, parts, parts[i].text) {
        int64_t few = 0;
        int64_t many = 0;
        int64_t before = steps_for(small, parts[i].text, &few);
        int64_t after = steps_for(large, parts[i].text, &many);
        assert_int_equal(few, parts[i].found);
        assert_int_equal(many, parts[i].found);
        assert_in_range(before, 1, 30000);
        assert_in_range(after, 1, before + before / 20);
    }
    fixture_teardown(&other);
}

static bool finds(struct fixture *fixture, const char *part) {
    int64_t found = 0;
    steps_for(fixture, part, &found);
    return found > 0;
}

/* The index follows whatever changes a person, and forgets the earlier words. */
static void test_the_index_follows(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    fixture_subscribe(fixture, "Ann.Berg@example.org");
    assert_true(finds(fixture, "nn.be") && finds(fixture, "ANN") && finds(fixture, "a"));
    assert_false(finds(fixture, "berg ") && finds(fixture, "b"));
    fixture_sql(fixture, "UPDATE subscriber SET name = 'Wilma Ö. Quux'");
    assert_true(finds(fixture, "ma ö") && finds(fixture, "qu") && finds(fixture, "nn.be"));
    fixture_sql(fixture, "UPDATE subscriber SET name = 'Other'");
    fixture_sql(fixture, "UPDATE subscriber SET name = 'Another'");
    assert_true(finds(fixture, "another") && !finds(fixture, "quux") && !finds(fixture, "qu"));
    assert_ok(nl_person_erase(fixture->store, 1, &err));
    assert_false(finds(fixture, "another") || finds(fixture, "berg") || finds(fixture, "erased"));
    fixture_sql(fixture,
                "INSERT INTO subscriber_text (subscriber_text) VALUES ('integrity-check')");
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM subscriber_text WHERE "
                                          "subscriber_text MATCH '\"ber\" OR \"oth\"'"),
                     0);
}

static int64_t due(struct fixture *fixture) {
    return fixture_sql(fixture, "SELECT count(*) FROM subscriber_due");
}

static int64_t parts_of_the_index(struct fixture *fixture) {
    return fixture_sql(fixture, "SELECT count(DISTINCT segid) FROM subscriber_text_idx");
}

static void add_people(struct fixture *fixture, int from, int people) {
    char sql[400];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT "
             "INTO subscriber (id, uuid, address, address_key, created_at) SELECT i, i, a, a, 1 "
             "FROM (SELECT i, 'b' || i || '@example.org' a FROM n)",
             from, from + people - 1);
    fixture_sql(fixture, sql);
}

/* Nobody who signs up brings the rows of somebody else's file into the index. */
static void test_an_import_keeps_its_own_rows(void **state) {
    struct fixture *fixture = *state;
    add_people(fixture, 1000, 10);
    fixture_subscribe(fixture, "first@example.org");
    assert_int_equal(due(fixture), 0); /* so few are not an import */
    add_people(fixture, 2000, 200);
    fixture_subscribe(fixture, "second@example.org");
    assert_int_equal(due(fixture), 201);
    assert_true(finds(fixture, "second@") && finds(fixture, "b2199"));
    assert_int_equal(due(fixture), 0);
}

/* Each commit adds a part to the index: many are merged, and an erasure merges all. */
static void test_parts_are_merged(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    char address[40];
    for (int i = 0; i < 100; i++) {
        snprintf(address, sizeof address, "reader%d@example.org", i);
        fixture_subscribe(fixture, address);
    }
    assert_in_range(parts_of_the_index(fixture), 2, 64);
    assert_ok(nl_person_erase(fixture->store, 1, &err));
    assert_int_equal(parts_of_the_index(fixture), 1);
    assert_true(finds(fixture, "reader99@") && !finds(fixture, "reader0@"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_work_goes_by_what_is_found, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_sign_up_costs_the_same, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_index_follows, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_an_import_keeps_its_own_rows, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_parts_are_merged, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
