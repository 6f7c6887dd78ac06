/* Imports and exports in the background: two of them, in each state. */
#include "support.h"

#include "newsletter/store/task.h"

#include <stdio.h>
#include <stdlib.h>

static int64_t add(struct fixture *fixture, enum nl_task_kind kind, enum nl_task_state state) {
    struct nl_error err = {0};
    int64_t id = 0;
    const struct nl_task task = {.kind = kind,
                                 .state = state,
                                 .started_by = (char *)"ann",
                                 .door = (char *)"browser",
                                 .list = (char *)"news",
                                 .name = (char *)"a.csv",
                                 .options = (char *)"{}",
                                 .size = 7};
    assert_ok(nl_task_add(fixture->store, &task, &id, &err));
    return id;
}

static struct nl_task find(struct fixture *fixture, int64_t id) {
    struct nl_error err = {0};
    struct nl_task task;
    assert_ok(nl_task_find(fixture->store, NL_TASK_IMPORT, id, &task, &err));
    return task;
}

static void set_state(struct fixture *fixture, int64_t id, enum nl_task_state state) {
    char sql[120];
    snprintf(sql, sizeof sql, "UPDATE task SET state = '%s' WHERE id = %lld",
             nl_task_state_words[state], (long long)id);
    fixture_sql(fixture, sql);
}

static void assert_state(struct fixture *fixture, int64_t id, enum nl_task_state state) {
    struct nl_task task = find(fixture, id);
    assert_int_equal(task.state, state);
    nl_task_free(&task);
}

static enum nl_status note_id(const struct nl_task *task, void *ctx, struct nl_error *err) {
    (void)err;
    nl_buf_addf(ctx, "%lld;", (long long)task->id);
    return NL_OK;
}

static void assert_listed(struct fixture *fixture, enum nl_task_kind kind, int64_t before,
                          int64_t limit, const char *expected) {
    struct nl_error err = {0};
    struct nl_buf out = {0};
    assert_ok(nl_tasks_each(fixture->store, kind, before, limit, note_id, &out, &err));
    assert_string_equal(nl_buf_text(&out), expected);
    nl_buf_free(&out);
}

static void test_finding(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    struct nl_task task;
    add(fixture, NL_TASK_IMPORT, NL_TASK_OPEN);
    add(fixture, NL_TASK_EXPORT, NL_TASK_WAITING);
    add(fixture, NL_TASK_IMPORT, NL_TASK_RUNNING);
    assert_listed(fixture, NL_TASK_IMPORT, 0, 10, "3;1;");
    assert_listed(fixture, NL_TASK_IMPORT, 0, 1, "3;");
    assert_listed(fixture, NL_TASK_IMPORT, 3, 10, "1;");
    assert_listed(fixture, NL_TASK_EXPORT, 0, 10, "2;");
    assert_fails(nl_task_find(fixture->store, NL_TASK_IMPORT, 2, &task, &err), NL_NOTFOUND,
                 "no import 2");
    assert_fails(nl_task_find(fixture->store, NL_TASK_EXPORT, 1, &task, &err), NL_NOTFOUND,
                 "no export 1");
    task = find(fixture, 1);
    assert_string_equal(task.started_by, "ann");
    assert_string_equal(task.list, "news");
    assert_int_equal(task.size, 7);
    assert_int_equal(task.created_at, 1000000);
    assert_int_equal(task.began_at, 0);
    nl_task_free(&task);
    task = find(fixture, 3);
    assert_int_equal(task.began_at, 1000000);
    nl_task_free(&task);
}

/* Fifty that have not ended; those that have do not count. */
static void test_how_many(void **state) {
    static const bool counts[NL_TASK_STATES] = {
        [NL_TASK_OPEN] = true,    [NL_TASK_READY] = true, [NL_TASK_WAITING] = true,
        [NL_TASK_RUNNING] = true, [NL_TASK_TRIED] = true, [NL_TASK_UNDOING] = true};
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    for (int i = 0; i < 49; i++)
        add(fixture, NL_TASK_EXPORT, NL_TASK_WAITING);
    int64_t last = add(fixture, NL_TASK_IMPORT, NL_TASK_OPEN);
    for (int i = 0; i < NL_TASK_STATES; i++) {
        int64_t id = 0;
        const struct nl_task task = {.kind = NL_TASK_IMPORT,
                                     .started_by = (char *)"ann",
                                     .door = (char *)"api",
                                     .name = (char *)"b.csv",
                                     .options = (char *)"{}"};
        set_state(fixture, last, (enum nl_task_state)i);
        assert_int_equal(nl_task_add(fixture->store, &task, &id, &err),
                         counts[i] ? NL_EXISTS : NL_OK);
        nl_error_free(&err);
        fixture_sql(fixture, "DELETE FROM task WHERE door = 'api'");
    }
}

/* A task moves only out of the states that are named, and the other one stays. What it has counted
 * begins again where it waits, and where it runs unless the import counts already. */
static void test_moving(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool moved = true;
    int64_t id = add(fixture, NL_TASK_IMPORT, NL_TASK_READY);
    int64_t other = add(fixture, NL_TASK_IMPORT, NL_TASK_READY);
    assert_ok(nl_task_move(fixture->store, id, 1U << NL_TASK_OPEN | 1U << NL_TASK_TRIED,
                           NL_TASK_WAITING, &moved, &err));
    assert_false(moved);
    fixture_sql(fixture, "UPDATE task SET rows_read = 5, rejected = 2, taken = 3, tries = 4, "
                         "cancel = 1, problem = 'no', tally = 'x', began_at = 1, ended_at = 2");
    assert_ok(nl_task_move(fixture->store, id, 1U << NL_TASK_OPEN | 1U << NL_TASK_READY,
                           NL_TASK_WAITING, &moved, &err));
    assert_true(moved);
    struct nl_task task = find(fixture, id);
    assert_int_equal(task.state, NL_TASK_WAITING);
    assert_int_equal(task.rows + task.rejected + task.taken + task.tries, 0);
    assert_int_equal(task.began_at + task.ended_at, 0);
    assert_false(task.cancel);
    assert_null(task.problem);
    assert_string_equal(task.tally, "");
    nl_task_free(&task);
    fixture_sql(fixture, "UPDATE task SET rows_read = 5, rejected = 2, taken = 3, tries = 4");
    assert_ok(
        nl_task_move(fixture->store, id, 1U << NL_TASK_WAITING, NL_TASK_RUNNING, &moved, &err));
    task = find(fixture, id);
    assert_int_equal(task.tries, 5);
    assert_int_equal(task.began_at, 1000000);
    assert_int_equal(task.rows + task.rejected + task.taken, 0);
    nl_task_free(&task);
    fixture_sql(fixture, "UPDATE task SET rows_read = 5, rejected = 2, taken = 3, accepted_at = 9");
    assert_ok(
        nl_task_move(fixture->store, id, 1U << NL_TASK_RUNNING, NL_TASK_RUNNING, &moved, &err));
    task = find(fixture, id);
    assert_int_equal(task.rows, 5);
    assert_int_equal(task.rejected, 2);
    assert_int_equal(task.taken, 0);
    nl_task_free(&task);
    assert_ok(
        nl_task_move(fixture->store, id, 1U << NL_TASK_RUNNING, NL_TASK_CANCELLED, &moved, &err));
    task = find(fixture, id);
    assert_int_equal(task.state, NL_TASK_CANCELLED);
    assert_int_equal(task.ended_at, 1000000);
    nl_task_free(&task);
    assert_state(fixture, other, NL_TASK_READY);
}

/* It is configured before it begins, or once it was tried or failed. */
static void test_configuring(void **state) {
    static const bool may[NL_TASK_STATES] = {[NL_TASK_OPEN] = true,
                                             [NL_TASK_READY] = true,
                                             [NL_TASK_TRIED] = true,
                                             [NL_TASK_FAILED] = true};
    struct fixture *fixture = *state;
    int64_t id = add(fixture, NL_TASK_IMPORT, NL_TASK_OPEN);
    int64_t other = add(fixture, NL_TASK_IMPORT, NL_TASK_OPEN);
    for (int i = 0; i < NL_TASK_STATES; i++) {
        struct nl_error err = {0};
        bool changed = !may[i];
        const struct nl_task task = {
            .id = id, .options = (char *)"{\"a\":1}", .name = (char *)"b.csv", .size = 9};
        set_state(fixture, id, (enum nl_task_state)i);
        assert_ok(nl_task_configure(fixture->store, &task, &changed, &err));
        assert_int_equal(changed, may[i]);
    }
    struct nl_task task = find(fixture, id);
    assert_string_equal(task.options, "{\"a\":1}");
    assert_string_equal(task.name, "b.csv");
    assert_null(task.list);
    assert_int_equal(task.size, 9);
    nl_task_free(&task);
    task = find(fixture, other);
    assert_string_equal(task.name, "a.csv");
    nl_task_free(&task);
}

/* Somebody asks it to end while it runs: not once it counts, and nothing counts after that. */
static void test_asked_to_end(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    bool moved = false;
    bool asked = true;
    bool cancel = true;
    int64_t id = add(fixture, NL_TASK_IMPORT, NL_TASK_WAITING);
    int64_t other = add(fixture, NL_TASK_IMPORT, NL_TASK_RUNNING);
    struct nl_task task = {.id = id, .rows = 3, .rejected = 1, .taken = 2, .size = 8};
    assert_ok(nl_task_cancel(fixture->store, id, 0, &moved, &asked, &err));
    assert_false(asked); /* it does not run yet */
    set_state(fixture, id, NL_TASK_RUNNING);
    assert_ok(nl_task_progress(fixture->store, &task, &cancel, &err));
    assert_false(cancel);
    assert_ok(nl_task_cancel(fixture->store, id, 0, &moved, &asked, &err));
    assert_true(asked);
    assert_ok(nl_task_progress(fixture->store, &task, &cancel, &err));
    assert_true(cancel);
    assert_fails(nl_task_accept(fixture->store, id, &err), NL_DATA, "cancelled");
    task = (struct nl_task){.id = other};
    assert_ok(nl_task_progress(fixture->store, &task, &cancel, &err));
    assert_false(cancel);
    fixture_sql(fixture, "INSERT INTO event (id, at, kind) VALUES (77, 1, 'x')");
    assert_ok(nl_task_accept(fixture->store, other, &err));
    assert_ok(nl_task_cancel(fixture->store, other, 0, &moved, &asked, &err));
    assert_false(asked);
    task = find(fixture, other);
    assert_int_equal(task.accepted_at, 1000000);
    nl_task_free(&task);
    assert_int_equal(fixture_sql(fixture, "SELECT event_mark FROM task WHERE accepted_at > 0"), 77);
    task = find(fixture, id);
    assert_int_equal(task.rows, 3);
    assert_int_equal(task.rejected, 1);
    assert_int_equal(task.taken, 2);
    assert_int_equal(task.size, 8);
    assert_int_equal(task.accepted_at, 0);
    nl_task_free(&task);
    set_state(fixture, other, NL_TASK_WAITING);
    assert_fails(nl_task_accept(fixture->store, other, &err), NL_DATA, "cancelled");
}

/* Only one that runs can end. */
static void test_ending(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t id = add(fixture, NL_TASK_IMPORT, NL_TASK_RUNNING);
    int64_t other = add(fixture, NL_TASK_IMPORT, NL_TASK_RUNNING);
    fixture_sql(fixture, "UPDATE task SET cancel = 1");
    struct nl_task done = {.id = id,
                           .state = NL_TASK_FAILED,
                           .rows = 3,
                           .rejected = 1,
                           .taken = 2,
                           .size = 8,
                           .tally = (char *)"1 2",
                           .result = (char *)"{\"a\":1}",
                           .problem = (char *)"no"};
    struct nl_task late = {.id = id, .state = NL_TASK_DONE};
    assert_ok(nl_task_end(fixture->store, &done, &err));
    assert_ok(nl_task_end(fixture->store, &late, &err));
    struct nl_task task = find(fixture, id);
    assert_int_equal(task.state, NL_TASK_FAILED);
    assert_int_equal(task.ended_at, 1000000);
    assert_int_equal(task.rows * 100 + task.rejected * 10 + task.taken, 312);
    assert_string_equal(task.tally, "1 2");
    assert_string_equal(task.result, "{\"a\":1}");
    assert_string_equal(task.problem, "no");
    assert_false(task.cancel);
    nl_task_free(&task);
    task = find(fixture, other);
    assert_int_equal(task.state, NL_TASK_RUNNING);
    assert_true(task.cancel);
    nl_task_free(&task);
}

/* Somebody asks it to end just as it ends: it is cancelled, unless it has failed or counts. */
static void test_asked_as_it_ends(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    static const struct {
        enum nl_task_state ends;
        int64_t accepted;
        enum nl_task_state told;
    } rows[] = {{NL_TASK_DONE, 0, NL_TASK_CANCELLED},
                {NL_TASK_TRIED, 0, NL_TASK_CANCELLED},
                {NL_TASK_FAILED, 0, NL_TASK_FAILED},
                {NL_TASK_DONE, 5, NL_TASK_DONE}};
    for_each_row (i, rows, NULL) {
        struct nl_task task = {.id = add(fixture, NL_TASK_IMPORT, NL_TASK_RUNNING),
                               .state = rows[i].ends};
        fixture_sql(fixture,
                    rows[i].accepted > 0
                        ? "UPDATE task SET cancel = 1, accepted_at = 5 WHERE state = 'running'"
                        : "UPDATE task SET cancel = 1 WHERE state = 'running'");
        assert_ok(nl_task_end(fixture->store, &task, &err));
        assert_int_equal(task.state, rows[i].told);
        struct nl_task found = find(fixture, task.id);
        assert_int_equal(found.state, rows[i].told);
        assert_false(found.cancel);
        nl_task_free(&found);
    }
}

static void test_cancelling(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    const unsigned idle = 1U << NL_TASK_WAITING | 1U << NL_TASK_DONE;
    static const struct {
        enum nl_task_state from, to;
        bool moved, asked;
    } rows[] = {{NL_TASK_WAITING, NL_TASK_CANCELLED, true, false},
                {NL_TASK_DONE, NL_TASK_CANCELLED, true, false},
                {NL_TASK_RUNNING, NL_TASK_RUNNING, false, true},
                {NL_TASK_FAILED, NL_TASK_FAILED, false, false}};
    for_each_row (i, rows, NULL) {
        bool moved = !rows[i].moved;
        bool asked = !rows[i].asked;
        int64_t id = add(fixture, NL_TASK_IMPORT, rows[i].from);
        assert_ok(nl_task_cancel(fixture->store, id, idle, &moved, &asked, &err));
        assert_int_equal(moved, rows[i].moved);
        assert_int_equal(asked, rows[i].asked);
        struct nl_task found = find(fixture, id);
        assert_int_equal(found.state, rows[i].to);
        assert_int_equal(found.cancel, rows[i].asked);
        nl_task_free(&found);
    }
}

/* The next that waits, was left or is taken back; then there is none. */
static void test_taking(void **state) {
    struct fixture *fixture = *state;
    struct nl_error err = {0};
    int64_t id = -1;
    add(fixture, NL_TASK_IMPORT, NL_TASK_READY);
    const int64_t ids[] = {add(fixture, NL_TASK_IMPORT, NL_TASK_WAITING),
                           add(fixture, NL_TASK_EXPORT, NL_TASK_RUNNING),
                           add(fixture, NL_TASK_IMPORT, NL_TASK_UNDOING)};
    for_each_row (i, ids, NULL) {
        assert_ok(nl_task_take(fixture->store, &id, &err));
        assert_int_equal(id, ids[i]);
        set_state(fixture, id, NL_TASK_DONE);
        nl_task_release(fixture->store, id);
    }
    assert_ok(nl_task_take(fixture->store, &id, &err));
    assert_int_equal(id, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_finding),          TEST(test_how_many),     TEST(test_moving),
        TEST(test_configuring),      TEST(test_asked_to_end), TEST(test_ending),
        TEST(test_asked_as_it_ends), TEST(test_cancelling),   TEST(test_taking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
