/* The store's files rely on this, on either engine. */
#include "support.h"

#include "newsletter/db/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static enum nl_status add(struct fixture *fixture, const char *name, struct nl_error *err) {
    return nl_sql_run(fixture->store, err,
                      "INSERT INTO segment (name, expression, created_at) VALUES (?, 'x', 1)",
                      NL_VALUES(NL_STRING(name)));
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
    assert_ok(nl_sql_insert(fixture->store, &err, &first, sql, NL_VALUES(NL_BYTES("abc", 3))));
    assert_true(first > 0);
    assert_ok(nl_sql_insert(fixture->store, &err, &again, sql, NL_VALUES(NL_BYTES("abc", 3))));
    assert_int_equal(again, 0);
}

static void test_values_come_back(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    static const char sql[] =
        "SELECT ?1 + 1, ?2 || 'x', ?3, ?1 > 3, ?4 IS NULL, CAST(NULL AS BIGINT), '?', ?2, ?2, "
        "CAST(NULL AS TEXT), CAST(?5 AS DOUBLE PRECISION), 5 + CAST(0 AS BIGINT)";
    int64_t number = 0;
    int64_t nothing = 7;
    char *text = NULL;
    char *bytes = NULL;
    char *mark = NULL;
    char *none = &(char){'x'};
    char fits[16];
    char too_small[8] = "x";
    size_t len = 0;
    double real = 0;
    int five = 0;
    bool greater = false;
    bool is_null = false;
    bool found = false;
    assert_ok(nl_sql_first(fixture->store, &err, &found, sql,
                           NL_VALUES(NL_INT((int64_t)1 << 40), NL_STRING("it's a ?"),
                                     NL_BYTES("\0\1", 2), NL_NULL, NL_REAL(0.5)),
                           NL_COLUMNS(NL_INTO(&number), NL_INTO(&text), NL_INTO_BYTES(&bytes, &len),
                                      NL_INTO(&greater), NL_INTO(&is_null), NL_INTO(&nothing),
                                      NL_INTO(&mark), NL_INTO_FIXED(fits, sizeof fits),
                                      NL_INTO_FIXED(too_small, sizeof too_small), NL_INTO(&none),
                                      NL_INTO(&real), NL_INTO(&five))));
    assert_true(found && greater && is_null);
    assert_int_equal(number, ((int64_t)1 << 40) + 1);
    assert_int_equal(nothing, 0);
    assert_string_equal(text, "it's a ?x");
    assert_int_equal(len, 2);
    assert_memory_equal(bytes, "\0\1", 3);
    assert_string_equal(mark, "?");
    assert_string_equal(fits, "it's a ?");
    assert_string_equal(too_small, "");
    assert_null(none);
    assert_true(real == 0.5);
    assert_int_equal(five, 5);
    free(text);
    free(bytes);
    free(mark);
}

/* Where there is no row, nothing is left of what the columns held before. */
static void test_no_row(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool found = true;
    bool truth = true;
    int64_t number = 7;
    size_t len = 7;
    char *text = &(char){'x'};
    char *bytes = text;
    char fixed[4] = "abc";
    assert_ok(nl_sql_first(fixture->store, &err, &found,
                           "SELECT created_at, expression, name, name, 1 FROM segment WHERE name = "
                           "?",
                           NL_VALUES(NL_STRING("none")),
                           NL_COLUMNS(NL_INTO(&number), NL_INTO(&text), NL_INTO_BYTES(&bytes, &len),
                                      NL_INTO_FIXED(fixed, sizeof fixed), NL_INTO(&truth))));
    assert_false(found || truth);
    assert_int_equal(number, 0);
    assert_int_equal(len, 0);
    assert_null(text);
    assert_null(bytes);
    assert_string_equal(fixed, "");
}

struct walk {
    struct nl_store *store;
    int depth, rows, stop_at;
    char names[16];
};

static enum nl_status visit(const struct nl_sql_row *row, void *context, struct nl_error *err);

static enum nl_status walk_through(struct walk *walk, struct nl_error *err) {
    return nl_sql_each(walk->store, err, visit, walk,
                       "SELECT name FROM segment WHERE name > ? ORDER BY name",
                       NL_VALUES(NL_STRING("a")));
}

/* In the first row of the outer walk, the same statement is walked through once more. */
static enum nl_status visit(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct walk *walk = context;
    strncat(walk->names, nl_sql_text(row, 0), 1);
    if (++walk->rows == walk->stop_at)
        return nl_error_set(err, NL_DATA, "stop here");
    if (walk->depth > 0) {
        walk->depth--;
        return walk_through(walk, err);
    }
    return NL_OK;
}

static void test_walks_within_walks(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct walk nested = {.store = fixture->store, .depth = 1};
    struct walk stopped = {.store = fixture->store, .stop_at = 2};
    struct walk after = {.store = fixture->store};
    put(fixture, "a");
    put(fixture, "b");
    put(fixture, "c");
    assert_ok(walk_through(&nested, &err));
    assert_string_equal(nested.names, "bbcc");
    assert_fails(walk_through(&stopped, &err), NL_DATA, "stop here");
    assert_string_equal(stopped.names, "bc");
    assert_ok(walk_through(&after, &err));
    assert_string_equal(after.names, "bc");
}

/* A transaction takes its lock once, the next one again. */
static void test_once_in_each_transaction(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    static const char sql[] = "INSERT INTO segment (name, expression, created_at) SELECT 'n' || "
                              "count(*), 'x', 1 FROM segment RETURNING 1";
    for (int64_t i = 1; i <= 2; i++) {
        assert_ok(nl_store_begin_exclusive(fixture->store, &err));
        assert_ok(nl_sql_once(fixture->store, sql, &err));
        assert_ok(nl_sql_once(fixture->store, sql, &err));
        assert_ok(nl_store_commit(fixture->store, &err));
        assert_int_equal(count(fixture), i);
    }
}

static void test_queries(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_query query = {0};
    struct walk walk = {.store = fixture->store};
    int64_t number = 0;
    put(fixture, "b");
    put(fixture, "c");
    nl_buf_adds(&query.sql, "SELECT name, ?1 FROM segment WHERE name IN (?2, ?3) ORDER BY name");
    nl_query_add(&query, NL_VALUES(NL_INT(5), NL_STRING("c")));
    nl_query_own(&query, strdup("b"));
    assert_ok(nl_query_each(fixture->store, &err, visit, &walk, &query));
    assert_string_equal(walk.names, "bc");
    nl_query_free(&query);
    query = (struct nl_query){0};
    nl_buf_adds(&query.sql, "SELECT count(*) + ? FROM segment");
    nl_query_add(&query, NL_VALUES(NL_INT(40)));
    assert_ok(nl_query_number(fixture->store, &err, &number, &query));
    assert_int_equal(number, 42);
    nl_query_free(&query);
}

static void test_many_rows(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t ids[4] = {0};
    bool changed[4];
    for (int i = 0; i < 3; i++)
        assert_ok(nl_sql_insert(fixture->store, &err, &ids[i],
                                "INSERT INTO returned (digest, at, kind) VALUES (?, 1, 'x')",
                                NL_VALUES(NL_BYTES(&"abc"[i], 1))));
    ids[3] = 999;
    assert_ok(nl_sql_run(fixture->store, &err, "UPDATE returned SET at = 5 WHERE id = ?",
                         NL_VALUES(NL_INT(ids[1]))));
    assert_ok(nl_sql_run_ids(fixture->store, &err, ids, 4, changed,
                             "UPDATE returned SET at = ?2 WHERE id " NL_IDS
                             " AND at < ?3" NL_IDS_CHANGED("id"),
                             NL_VALUES(NL_INT(9), NL_INT(5))));
    assert_true(changed[0] && !changed[1] && changed[2] && !changed[3]);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM returned WHERE at = 9"), 2);
    assert_ok(nl_sql_run_ids(fixture->store, &err, ids, 0, NULL, "no statement", NL_NO_VALUES));
}

static void test_batch(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    assert_ok(nl_store_begin_exclusive(fixture->store, &err));
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
                         NL_NO_VALUES));
    assert_ok(nl_store_begin_exclusive(fixture->store, &err));
    assert_ok(nl_sql_batch_begin(fixture->store, &err));
    /* This one is prepared behind what fails. */
    status = nl_sql_run(fixture->store, &err, "UPDATE segment SET created_at = 'x' || name",
                        NL_NO_VALUES);
    if (status == NL_OK)
        status = add(fixture, "b", &err);
    assert_true(nl_sql_batch_end(fixture->store, status, &err) != NL_OK);
    nl_store_rollback(fixture->store);
    nl_error_free(&err);
    assert_int_equal(count(fixture), 1);
    assert_ok(nl_store_begin_exclusive(fixture->store, &err));
    put(fixture, "d");
    put(fixture, "e");
    assert_ok(nl_store_commit(fixture->store, &err));
    assert_int_equal(count(fixture), 3);
}

static enum nl_status put_and_fail(struct nl_store *store, void *context, struct nl_error *err) {
    enum nl_status status = nl_sql_run(
        store, err, "INSERT INTO segment (name, expression, created_at) VALUES ('x', 'x', 1)",
        NL_NO_VALUES);
    (void)context;
    return status == NL_OK ? nl_error_set(err, NL_DATA, "no") : status;
}

/* A transaction within another one is a part of it: it is undone alone, and with the whole. */
static void test_within(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    for (int kept = 0; kept < 2; kept++) {
        assert_ok(nl_store_begin_exclusive(fixture->store, &err));
        put(fixture, "a");
        assert_ok(nl_store_begin_exclusive(fixture->store, &err));
        put(fixture, "b");
        assert_int_equal(nl_sql_exclusive(fixture->store, put_and_fail, NULL, &err), NL_DATA);
        nl_error_free(&err);
        assert_ok(nl_store_commit(fixture->store, &err));
        assert_int_equal(count(fixture), 0); /* as another connection sees it */
        if (kept)
            assert_ok(nl_store_commit(fixture->store, &err));
        else
            nl_store_rollback(fixture->store);
        assert_int_equal(count(fixture), kept ? 2 : 0);
    }
    assert_ok(nl_store_begin_shared(fixture->store, &err));
    assert_int_equal(nl_store_begin_exclusive(fixture->store, &err), NL_INTERNAL);
    nl_error_free(&err);
    nl_store_rollback(fixture->store);
    assert_int_equal(count(fixture), 2);
}

static enum nl_status note_number(const struct nl_sql_row *row, void *context,
                                  struct nl_error *err) {
    (void)err;
    *(int64_t *)context = nl_sql_int(row, 0);
    return NL_OK;
}

/* Noted statements run in their order; a question in the middle is answered with what stands before
 * it. */
static void test_together(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t after = 0;
    int64_t id = 0;
    int64_t between = -1;
    bool changed[2] = {false, true};
    assert_ok(nl_sql_insert(fixture->store, &err, &id,
                            "INSERT INTO returned (digest, at, kind) VALUES (?, 1, 'x')",
                            NL_VALUES(NL_BYTES("a", 1))));
    const int64_t ids[] = {id, id + 999};
    assert_ok(nl_store_begin_together(fixture->store, &err));
    put(fixture, "a");
    assert_ok(nl_sql_run_ids(fixture->store, &err, ids, 2, changed,
                             "UPDATE returned SET at = ?2 WHERE id " NL_IDS NL_IDS_CHANGED("id"),
                             NL_VALUES(NL_INT(7))));
    assert_ok(nl_sql_number(fixture->store, &err, &between, NULL, "SELECT at FROM returned",
                            NL_NO_VALUES));
    assert_int_equal(between, 7);
    put(fixture, "b");
    assert_ok(nl_sql_later(fixture->store, &err, note_number, &after,
                           "SELECT count(*) FROM segment", NL_NO_VALUES));
    assert_ok(nl_store_commit(fixture->store, &err));
    assert_true(changed[0] && !changed[1]);
    assert_int_equal(after, 2);
    assert_int_equal(count(fixture), 2);
}

/* A failure is told by the commit at the latest, and undoes everything. */
static void test_together_fails(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    put(fixture, "b");
    assert_ok(nl_store_begin_together(fixture->store, &err));
    put(fixture, "a");
    enum nl_status status = add(fixture, "b", &err);
    if (status == NL_OK)
        status = nl_store_commit(fixture->store, &err);
    assert_true(status != NL_OK);
    nl_store_rollback(fixture->store);
    nl_error_free(&err);
    assert_int_equal(count(fixture), 1);
    assert_ok(nl_store_begin_together(fixture->store, &err));
    put(fixture, "d");
    assert_ok(nl_store_commit(fixture->store, &err));
    assert_int_equal(count(fixture), 2);
}

static void test_arrays(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_buf texts = {0};
    struct nl_buf joined = {0};
    struct nl_buf empty = {0};
    assert_string_equal(nl_array_value(&empty).data, "{}");
    nl_buf_free(&empty);
    if (!nl_sql_has_arrays(fixture->store))
        return;
    nl_array_add_text(&texts, "a \"b\" \\ {c}, NULL");
    nl_array_add_text(&texts, NULL);
    nl_array_add_text(&texts, "");
    nl_array_add_text(&texts, "NULL");
    static const char sql[] = "SELECT coalesce('<' || v.t || '>', 'none') FROM (SELECT "
                              "unnest(CAST(?1 AS TEXT[])) AS t) v";
    assert_ok(nl_sql_each(fixture->store, &err, nl_sql_add_bytes, &joined, sql,
                          NL_VALUES(nl_array_value(&texts))));
    assert_string_equal(nl_buf_text(&joined), "<a \"b\" \\ {c}, NULL>none<><NULL>");
    nl_buf_free(&texts);
    nl_buf_free(&joined);
}

static bool other_takes(struct fixture *fixture, const char *name, int64_t number) {
    pid_t child = fork();
    if (child == 0) {
        struct nl_store *store = NULL;
        bool taken = false;
        struct nl_error err = {0};
        enum nl_status status = nl_store_open(fixture->path, &fixture->env, &store, &err);
        if (status == NL_OK)
            status = nl_store_take_permit(store, name, number, &taken, &err);
        _exit(status == NL_OK && taken ? 0 : 1);
    }
    int result = 0;
    waitpid(child, &result, 0);
    return WEXITSTATUS(result) == 0;
}

static void test_permits(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool taken = false;
    assert_ok(nl_store_take_permit(fixture->store, "example.org", 1, &taken, &err));
    assert_true(taken);
    assert_false(other_takes(fixture, "example.org", 1));
    assert_true(other_takes(fixture, "example.org", 2));
    assert_true(other_takes(fixture, "example.net", 1));
    nl_store_return_permit(fixture->store, "example.org", 1);
    assert_true(other_takes(fixture, "example.org", 1));
}

/* A statement with NL_OF_ISSUE, run for one issue: how many deliveries it has. */
static int64_t deliveries_of(struct fixture *fixture, int64_t issue) {
    struct nl_error err = {0};
    int64_t count = 0;
    assert_ok(nl_sql_number(fixture->store, &err, &count, NULL,
                            "SELECT count(*) FROM delivery" NL_OF_ISSUE
                            " d WHERE coalesce(d.issue, 0) = ?",
                            NL_VALUES(NL_OF(issue), NL_INT(issue))));
    return count;
}

enum { ISSUES = 12 };

static void make_issues(struct fixture *fixture) {
    char sql[160];
    fixture_subscribe(fixture, "ann@example.org");
    fixture_subscribe(fixture, "bob@example.org");
    for (int issue = 1; issue <= ISSUES; issue++) {
        fixture_issue(fixture, issue, "sending");
        snprintf(sql, sizeof sql,
                 "INSERT INTO delivery (kind, issue, subscription, state, created_at, updated_at) "
                 "SELECT 'issue', %d, id, 'queued', 1, 1 FROM subscription",
                 issue);
        fixture_sql(fixture, sql);
    }
    fixture_sql(fixture, "DELETE FROM delivery WHERE issue IS NULL");
    fixture_sql(fixture, "INSERT INTO delivery (kind, subscription, state, created_at, updated_at) "
                         "VALUES ('welcome', 1, 'queued', 1, 1)");
}

static void test_a_statement_names_the_partition_of_its_issue(void **state) {
    struct fixture *fixture = *state;
    make_issues(fixture);
    for (int64_t issue = 1; issue <= ISSUES; issue++)
        assert_int_equal(deliveries_of(fixture, issue), 2);
    assert_int_equal(deliveries_of(fixture, 0), 1);
    assert_int_equal(deliveries_of(fixture, 77), 0); /* there is no such issue */
}

static void test_a_statement_names_the_partition_of_a_delivery(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    make_issues(fixture);
    for (int64_t id = fixture_sql(fixture, "SELECT max(id) FROM delivery"); id >= 0; id--) {
        bool found = false;
        char sql[80];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM delivery WHERE id = %lld", (long long)id);
        bool there = fixture_sql(fixture, sql) == 1;
        assert_ok(nl_sql_exists(fixture->store, &err, &found,
                                "SELECT 1 FROM delivery" NL_OF_ISSUE " WHERE id = ?",
                                NL_VALUES(NL_OF_DELIVERY(id), NL_INT(id))));
        assert_int_equal(found, there);
    }
}

/* With any engine, so that a forgotten one is noticed in the first test that runs it. */
static void test_a_statement_of_an_issue_says_of_which(void **state) {
    static const char text[] = "SELECT count(*) FROM delivery" NL_OF_ISSUE;
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_statement *statement = NULL;
    struct nl_query query = {0};
    int64_t ids[] = {1};
    int64_t count = 0;
    for (int times = 0; times < 2; times++) { /* new, and prepared already */
        assert_fails(nl_sql_number(fixture->store, &err, &count, NULL, text, NL_NO_VALUES),
                     NL_INTERNAL, "NL_OF");
        assert_ok(nl_sql_number(fixture->store, &err, &count, NULL, text, NL_VALUES(NL_OF(0))));
    }
    assert_fails(nl_sql_run_ids(fixture->store, &err, ids, 1, NULL,
                                "UPDATE delivery" NL_OF_ISSUE " SET dot_at = ?2 WHERE id " NL_IDS,
                                NL_VALUES(NL_INT(5))),
                 NL_INTERNAL, "NL_OF");
    assert_ok(nl_sql_run_ids(fixture->store, &err, ids, 1, NULL,
                             "UPDATE delivery" NL_OF_ISSUE " SET dot_at = ?2 WHERE id " NL_IDS,
                             NL_VALUES(NL_OF(0), NL_INT(5))));
    assert_fails(nl_sql_prepare(fixture->store, text, &statement, &err), NL_INTERNAL, "NL_OF");
    nl_buf_adds(&query.sql, text);
    assert_fails(nl_query_number(fixture->store, &err, &count, &query), NL_INTERNAL, "NL_OF");
    nl_query_free(&query);
}

/* Statements of several issues take turns within a transaction. */
static enum nl_status count_by_turns(struct nl_store *store, void *ctx, struct nl_error *err) {
    static const int64_t issues[] = {1, 2, 1, 0, 2};
    struct fixture *fixture = ctx;
    (void)store;
    (void)err;
    for (size_t i = 0; i < sizeof issues / sizeof issues[0]; i++)
        assert_int_equal(deliveries_of(fixture, issues[i]), issues[i] == 0 ? 1 : 2);
    return NL_OK;
}

static void test_statements_of_issues_take_turns(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    make_issues(fixture);
    assert_ok(nl_sql_shared(fixture->store, count_by_turns, fixture, &err));
    assert_ok(nl_sql_exclusive(fixture->store, count_by_turns, fixture, &err));
}

/* A service that sends issues for years keeps no plan for each of them on the server. */
static void test_few_statements_are_kept(void **state) {
    struct fixture *fixture = *state;
    make_issues(fixture);
    struct nl_error err = {0};
    for (int64_t issue = 1; issue <= ISSUES; issue++)
        for (int times = 0; times < 6; times++) {
            if (times % 2 == 1) /* as a run does */
                assert_ok(nl_store_begin_together(fixture->store, &err));
            assert_int_equal(deliveries_of(fixture, issue), 2);
            if (times % 2 == 1)
                assert_ok(nl_store_commit(fixture->store, &err));
        }
    if (nl_store_is_file(fixture->path))
        return;
    int64_t kept = 0;
    assert_ok(nl_store_begin_together(fixture->store, &err)); /* the server is told now */
    assert_ok(nl_sql_number(fixture->store, &err, &kept, NULL,
                            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE "
                            "'%delivery!_% d WHERE coalesce%' ESCAPE '!'",
                            NL_NO_VALUES));
    assert_ok(nl_store_commit(fixture->store, &err));
    assert_in_range(kept, 1, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_insert_tells_the_id, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_values_come_back, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_no_row, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_walks_within_walks, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_within, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_once_in_each_transaction, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_queries, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_many_rows, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_batch, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_batch_that_fails, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_together, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_together_fails, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_arrays, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_permits, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_statement_names_the_partition_of_its_issue,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_statement_of_an_issue_says_of_which, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_statements_of_issues_take_turns, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_statement_names_the_partition_of_a_delivery,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_few_statements_are_kept, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
