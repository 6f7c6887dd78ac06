/* The files of tasks, piece by piece: which piece comes next, and which files go. */
#include "support.h"

#include "newsletter/store/task.h"

#include <stdio.h>

enum { NOW = 1000000 };

static void add_task(struct fixture *fixture, int64_t id, const char *state, const char *ended) {
    char sql[600];
    snprintf(sql, sizeof sql,
             "INSERT INTO task (id, kind, state, started_by, door, name, options, size, "
             "created_at, ended_at, rows_read, rejected, taken, tries, cancel, tally, undo, "
             "result) VALUES (%lld, 'import', '%s', 'ann', 'api', 'x', '{}', 1, 5, %s, 0, 0, 0, "
             "0, 0, '', '', '')",
             (long long)id, state, ended);
    fixture_sql(fixture, sql);
}

static void append(struct fixture *fixture, int64_t id, enum nl_task_file file, const char *text) {
    struct nl_error err = {0};
    assert_ok(nl_task_append(fixture->store, id, file, text, strlen(text), &err));
}

/* All pieces, with "|" after each. */
static void expect_file(struct fixture *fixture, int64_t id, enum nl_task_file file,
                        const char *expected) {
    struct nl_error err = {0};
    struct nl_buf out = {0};
    int64_t last = 0;
    bool end = false;
    for (int pieces = 0; !end; pieces++) {
        assert_true(pieces < 10);
        assert_ok(nl_task_read(fixture->store, id, file, &last, &out, &end, &err));
        if (!end)
            nl_buf_addc(&out, '|');
    }
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
}

static void test_pieces(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    add_task(fixture, 1, "open", "NULL");
    add_task(fixture, 2, "open", "NULL");
    append(fixture, 1, NL_TASK_UPLOAD, "one");
    append(fixture, 2, NL_TASK_UPLOAD, "other");
    append(fixture, 1, NL_TASK_REJECTS, "no");
    append(fixture, 1, NL_TASK_UPLOAD, "two");
    append(fixture, 1, NL_TASK_EXPORTED, "out");
    append(fixture, 1, NL_TASK_UPLOAD, "three");
    expect_file(fixture, 1, NL_TASK_UPLOAD, "one|two|three|");
    expect_file(fixture, 1, NL_TASK_REJECTS, "no|");
    expect_file(fixture, 1, NL_TASK_EXPORTED, "out|");
    expect_file(fixture, 2, NL_TASK_UPLOAD, "other|");
    expect_file(fixture, 2, NL_TASK_REJECTS, "");
    assert_ok(nl_task_clear(fixture->store, 1, NL_TASK_UPLOAD, &err));
    expect_file(fixture, 1, NL_TASK_UPLOAD, "");
    expect_file(fixture, 1, NL_TASK_REJECTS, "no|");
    expect_file(fixture, 2, NL_TASK_UPLOAD, "other|");
}

/* More pieces than one transaction removes. */
static void test_many_pieces(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    add_task(fixture, 1, "open", "NULL");
    for (int i = 0; i < 101; i++)
        append(fixture, 1, NL_TASK_UPLOAD, "x");
    append(fixture, 1, NL_TASK_REJECTS, "x");
    assert_ok(nl_task_clear(fixture->store, 1, NL_TASK_UPLOAD, &err));
    assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM task_part"), 1);
}

/* A day after its end, a task has no files and can no longer be taken back; one that nobody has
 * gone on with is cancelled. */
static void test_expired(void **state) {
    static const struct {
        const char *state;
        int64_t age;       /* seconds since its end, or its begin */
        bool ended;        /* it has an end */
        const char *after; /* its state */
        bool file, changes;
    } cases[] = {
        {"open", NL_TASK_KEPT + 1, false, "cancelled", false, false},
        {"open", NL_TASK_KEPT, false, "open", true, true},
        {"ready", NL_TASK_KEPT + 1, false, "cancelled", false, false},
        {"tried", NL_TASK_KEPT + 1, true, "cancelled", false, false},
        {"tried", NL_TASK_KEPT - 1, true, "tried", true, true},
        {"waiting", NL_TASK_KEPT + 1, false, "waiting", true, true},
        {"running", NL_TASK_KEPT + 1, true, "running", true, false},
        {"undoing", NL_TASK_KEPT + 1, true, "undoing", true, true},
        {"done", NL_TASK_KEPT, true, "done", false, false},
        {"done", NL_TASK_KEPT - 1, true, "done", true, true},
        {"failed", NL_TASK_KEPT, true, "failed", false, false},
    };
    struct fixture *fixture = *state;
    for_each_row (i, cases, cases[i].state) {
        struct nl_error err = {0};
        char text[200];
        fixture_sql(fixture, "DELETE FROM task_part");
        fixture_sql(fixture, "DELETE FROM import_change");
        fixture_sql(fixture, "DELETE FROM task");
        snprintf(text, sizeof text, "%lld", (long long)(NOW - cases[i].age));
        add_task(fixture, 1, cases[i].state, cases[i].ended ? text : "NULL");
        if (!cases[i].ended) {
            snprintf(text, sizeof text, "UPDATE task SET created_at = %lld",
                     (long long)(NOW - cases[i].age));
            fixture_sql(fixture, text);
        }
        append(fixture, 1, NL_TASK_UPLOAD, "x");
        fixture_sql(fixture, "INSERT INTO import_change (task, kind) VALUES (1, 'added'), (99, "
                             "'added')");
        assert_ok(nl_tasks_expire(fixture->store, &err));
        snprintf(text, sizeof text, "SELECT count(*) FROM task WHERE state = '%s'", cases[i].after);
        assert_int_equal(fixture_sql(fixture, text), 1);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM task_part"), cases[i].file);
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM import_change WHERE task = 1"),
                         cases[i].changes);
        /* A task that is gone has no changes. */
        assert_int_equal(fixture_sql(fixture, "SELECT count(*) FROM import_change WHERE task = 99"),
                         0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pieces, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_many_pieces, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_expired, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
