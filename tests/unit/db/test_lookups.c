#include "support.h"

#include "db/sqlite/sqlite.h"
#include "newsletter/base/token.h"
#include "newsletter/store/api_token.h"

#include <stdio.h>

/* Each call of the API looks for a token: the work must not grow with what is stored. Steps of
 * SQLite's machine are counted. */

enum { FEW = 50, MANY = 20000, BOUND = 3000 };

static int64_t take_steps(struct fixture *fixture) {
    int64_t steps = 0;
    sqlite3 *db = nl_sqlite(fixture->store)->db;
    for (sqlite3_stmt *s = sqlite3_next_stmt(db, NULL); s != NULL; s = sqlite3_next_stmt(db, s))
        steps += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 1);
    return steps;
}

/* ---- tokens ---- */

static void add_tokens(struct fixture *fixture, int count) {
    char sql[400];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT "
             "INTO api_token (name, digest, created_at, scopes, lists) SELECT 't' || i, "
             "CAST(printf('%%032d', i) AS BLOB), 1, 'read', '' FROM n",
             count);
    fixture_sql(fixture, sql);
    snprintf(
        sql, sizeof sql,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT "
        "INTO staff (name, password, created_at, role) SELECT 'p' || i, '', 1, 'sender' FROM n",
        count);
    fixture_sql(fixture, sql);
}

/* The steps for a token with an owner and a list, and for a wrong one. */
static int64_t steps_of_tokens(int count) {
    void *state = NULL;
    struct nl_error err = {0};
    struct nl_token token = {0};
    struct nl_token wrong = {0};
    struct nl_api_token wanted = {
        .name = "robot", .owner = "p7", .lists = "news", .scopes = NL_API_READ | NL_API_SEND};
    struct nl_api_token found = {0};
    bool ok = false;
    assert_int_equal(fixture_setup(&state), 0);
    struct fixture *fixture = state;
    add_tokens(fixture, count);
    assert_int_equal(nl_api_token_add(fixture->store, &wanted, 0, &token, &err), NL_OK);
    nl_token_new(nl_store_env(fixture->store), &wrong);
    take_steps(fixture);
    assert_int_equal(nl_api_token_check(fixture->store, token.text, &ok, &found, &err), NL_OK);
    assert_true(ok);
    assert_string_equal(found.owner, "p7");
    assert_int_equal(found.scopes, NL_API_READ | NL_API_SEND);
    assert_int_equal(nl_api_token_check(fixture->store, wrong.text, &ok, &found, &err), NL_OK);
    assert_false(ok);
    int64_t steps = take_steps(fixture);
    fixture_teardown(&state);
    return steps;
}

static void test_a_token_is_found_by_its_digest(void **state) {
    (void)state;
    int64_t few = steps_of_tokens(FEW);
    assert_in_range(few, 1, BOUND);
    assert_int_equal(steps_of_tokens(MANY), few);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_token_is_found_by_its_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
