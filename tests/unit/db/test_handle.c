#include "support.h"

#include "newsletter/base/sandbox.h"
#include "newsletter/db/sql.h"
#include "newsletter/store/delivery.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_create(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct stat info;
    bool created = true;
    if (nl_store_is_file(fixture->path)) {
        assert_int_equal(stat(fixture->path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
    assert_ok(nl_store_create(fixture->path, &fixture->env, &created, &err));
    assert_false(created);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM schema_migration"),
                     nl_store_is_file(fixture->path) ? 42 : 33);
}

static void test_secret_stays(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_store *again = NULL;
    assert_ok(nl_store_open(fixture->path, &fixture->env, &again, &err));
    assert_string_equal(nl_store_secret(fixture->store), nl_store_secret(again));
    nl_store_close(again);
}

static void test_missing_and_newer(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_store *store = NULL;
    assert_fails(nl_store_open("/nowhere/db", &fixture->env, &store, &err), NL_NOINPUT,
                 "newsletter init");
    fixture_sql(fixture, "INSERT INTO schema_migration VALUES (99, 'x', 'y', 1)");
    assert_fails(nl_store_open(fixture->path, &fixture->env, &store, &err), NL_CONFIG, "upgrade");
    assert_null(store);
}

static void test_rollback(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_list list = {.name = strdup("other"), .sender = strdup("a@example.org")};
    nl_store_rollback(fixture->store); /* harmless outside a transaction */
    assert_ok(nl_store_begin_exclusive(fixture->store, &err));
    assert_ok(nl_list_check(&list, &err));
    assert_ok(nl_list_add(fixture->store, &list, &err));
    nl_store_rollback(fixture->store);
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM list"), 1);
    nl_list_free(&list);
}

/* POSIX locks are between processes, so another one tries. */
static int try_lock(struct fixture *fixture, int64_t what) {
    pid_t child = fork();
    if (child == 0) {
        struct nl_store *store = NULL;
        int64_t holder = 0;
        struct nl_error err = {0};
        enum nl_status status = nl_store_open(fixture->path, &fixture->env, &store, &err);
        if (status == NL_OK)
            status = nl_store_lock(store, what, &holder, &err);
        _exit(status == NL_BUSY && holder == getppid() ? 1 : (int)status);
    }
    int result = 0;
    waitpid(child, &result, 0);
    return WEXITSTATUS(result);
}

/* An issue in the database of a server is everybody's. */
static void test_locks(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t holder = 0;
    int64_t what = nl_store_is_file(fixture->path) ? 7 : NL_LOCK_RETRY;
    assert_ok(nl_store_lock(fixture->store, what, &holder, &err));
    assert_int_equal(try_lock(fixture, what), 1);
    assert_int_equal(try_lock(fixture, 8), NL_OK);
    nl_store_unlock(fixture->store, what);
    assert_int_equal(try_lock(fixture, what), NL_OK);
}

static void allow(const char *path, bool writes, void *ctx) {
    nl_sandbox_allow(ctx, path, writes ? NL_ACCESS_WRITE : NL_ACCESS_READ);
}

enum { NO_SANDBOX = 77 };

/* 20 MB to sort are more than fit into the cache. */
static int sort_confined(struct fixture *fixture) {
    struct nl_sandbox sandbox;
    struct nl_store *store = NULL;
    struct nl_error err = {0};
    int64_t count = 0;
    if (nl_store_open(fixture->path, &fixture->env, &store, &err) != NL_OK)
        return 1;
    if (!nl_sandbox_begin(&sandbox))
        return NO_SANDBOX;
    nl_store_confine(store, allow, &sandbox);
    if (!nl_sandbox_enter(&sandbox))
        return NO_SANDBOX;
    enum nl_status status = nl_sql_number(
        store, &err, &count, NULL,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) "
        "SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY hex(i * 7919 % 200000) || "
        "'0123456789012345678901234567890123456789012345678901234567890123456789') AS r FROM n)",
        NL_NO_VALUES);
    return status == NL_OK && count == 200000 ? 0 : 2;
}

/* The engine chooses a folder for temporary files that is open to it. */
static void test_much_is_sorted_in_a_sandbox(void **state) {
    struct fixture *fixture = *state;
    int result = 0;
    if (!nl_store_is_file(fixture->path))
        skip();
    pid_t child = fork();
    if (child == 0)
        _exit(sort_confined(fixture));
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    if (WEXITSTATUS(result) == NO_SANDBOX)
        skip();
    assert_int_equal(WEXITSTATUS(result), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_secret_stays, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_missing_and_newer, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_rollback, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_locks, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_much_is_sorted_in_a_sandbox, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
