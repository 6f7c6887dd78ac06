/* What the store's files rely on, on whatever engine it is. */
#include "support.h"

#include "newsletter/db/sql.h"

#include <sys/wait.h>
#include <unistd.h>

static enum nl_status add(struct fixture *fixture, const char *name, struct nl_error *err) {
    return nl_sql_run(fixture->store, err,
                      "INSERT INTO segment (name, expression, created_at) VALUES (?, 'x', 1)", "s",
                      name);
}

static void put(struct fixture *fixture, const char *name) {
    struct nl_error err = {0};
    assert_ok(add(fixture, name, &err));
}

static int64_t count(struct fixture *fixture) {
    return fixture_sql(fixture, "SELECT count(*) FROM segment");
}

static void test_insert_tells_the_id(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t first = 0;
    int64_t again = 7;
    static const char sql[] = "INSERT INTO returned (digest, at, kind) VALUES (?, 1, 'x') "
                              "ON CONFLICT (digest) DO NOTHING";
    assert_ok(nl_sql_insert(fixture->store, &err, &first, sql, "b", "abc", (size_t)3));
    assert_true(first > 0);
    assert_ok(nl_sql_insert(fixture->store, &err, &again, sql, "b", "abc", (size_t)3));
    assert_int_equal(again, 0);
}

static void test_values_come_back(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool row = false;
    size_t len = 0;
    struct nl_statement *statement =
        nl_sql(fixture->store, &err,
               "SELECT ?1 + 1, ?2 || 'x', ?3, ?1 > 3, ?4 IS NULL, CAST(NULL AS BIGINT), '?'",
               "isbs", (int64_t)1 << 40, "it's a ?", (const void *)"\0\1", (size_t)2, NULL);
    assert_non_null(statement);
    assert_ok(nl_sql_step(fixture->store, statement, &row, &err));
    assert_true(row);
    assert_int_equal(nl_sql_int64(statement, 0), ((int64_t)1 << 40) + 1);
    assert_string_equal(nl_sql_borrow(statement, 1), "it's a ?x");
    assert_memory_equal(nl_sql_bytes(statement, 2, &len), "\0\1", 2);
    assert_int_equal(len, 2);
    assert_true(nl_sql_bool(statement, 3));
    assert_true(nl_sql_bool(statement, 4));
    assert_true(nl_sql_is_null(statement, 5));
    assert_int_equal(nl_sql_int64(statement, 5), 0);
    assert_string_equal(nl_sql_borrow(statement, 6), "?");
    assert_ok(nl_sql_step(fixture->store, statement, &row, &err));
    assert_false(row);
    assert_null(nl_sql_borrow(statement, 1));
    nl_sql_done(statement);
}

static void test_many_rows(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t ids[4] = {0};
    bool changed[4];
    for (int i = 0; i < 3; i++)
        assert_ok(nl_sql_insert(fixture->store, &err, &ids[i],
                                "INSERT INTO returned (digest, at, kind) VALUES (?, 1, 'x')", "b",
                                &"abc"[i], (size_t)1));
    ids[3] = 999;
    assert_ok(
        nl_sql_run(fixture->store, &err, "UPDATE returned SET at = 5 WHERE id = ?", "i", ids[1]));
    assert_ok(nl_sql_run_ids(fixture->store, &err, ids, 4, changed,
                             "UPDATE returned SET at = ?2 WHERE id " NL_IDS
                             " AND at < ?3" NL_IDS_CHANGED("id"),
                             "ii", (int64_t)9, (int64_t)5));
    assert_true(changed[0] && !changed[1] && changed[2] && !changed[3]);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM returned WHERE at = 9"), 2);
    assert_ok(nl_sql_run_ids(fixture->store, &err, ids, 0, NULL, "no statement", "", 0));
}

static void test_batch(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    assert_ok(nl_store_begin(fixture->store, &err));
    assert_ok(nl_sql_batch_begin(fixture->store, &err));
    put(fixture, "a");
    put(fixture, "b");
    assert_ok(nl_sql_batch_end(fixture->store, NL_OK, &err));
    assert_ok(nl_store_commit(fixture->store, &err));
    assert_int_equal(count(fixture), 2);
}

/* One that fails undoes them all, and the next transaction is as any other. */
static void test_batch_that_fails(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    enum nl_status status = NL_OK;
    assert_ok(nl_sql_run(fixture->store, &err,
                         "INSERT INTO segment (name, expression, created_at) VALUES ('b', 'x', 1)",
                         ""));
    assert_ok(nl_store_begin(fixture->store, &err));
    assert_ok(nl_sql_batch_begin(fixture->store, &err));
    /* This one is prepared behind what fails. */
    status = nl_sql_run(fixture->store, &err, "UPDATE segment SET created_at = 'x' || name", "");
    if (status == NL_OK)
        status = add(fixture, "b", &err);
    assert_true(nl_sql_batch_end(fixture->store, status, &err) != NL_OK);
    nl_store_rollback(fixture->store);
    nl_error_free(&err);
    assert_int_equal(count(fixture), 1);
    assert_ok(nl_store_begin(fixture->store, &err));
    put(fixture, "d");
    put(fixture, "e");
    assert_ok(nl_store_commit(fixture->store, &err));
    assert_int_equal(count(fixture), 3);
}

static bool other_takes(struct fixture *fixture, const char *name, int64_t number) {
    pid_t child = fork();
    if (child == 0) {
        struct nl_store *store = NULL;
        bool taken = false;
        enum nl_status status = nl_store_open(fixture->path, &fixture->env, &store, NULL);
        if (status == NL_OK)
            status = nl_store_take_slot(store, name, number, &taken, NULL);
        _exit(status == NL_OK && taken ? 0 : 1);
    }
    int result = 0;
    waitpid(child, &result, 0);
    return WEXITSTATUS(result) == 0;
}

static void test_slots(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool taken = false;
    assert_ok(nl_store_take_slot(fixture->store, "example.org", 1, &taken, &err));
    assert_true(taken);
    assert_false(other_takes(fixture, "example.org", 1));
    assert_true(other_takes(fixture, "example.org", 2));
    assert_true(other_takes(fixture, "example.net", 1));
    nl_store_leave_slot(fixture->store, "example.org", 1);
    assert_true(other_takes(fixture, "example.org", 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_insert_tells_the_id, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_values_come_back, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_many_rows, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_batch, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_batch_that_fails, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_slots, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
