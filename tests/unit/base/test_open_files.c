/* Connections share the files that a process may have open with everything else in it. */
#include "support.h"

#include "newsletter/base/open_files.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rlimit before;

static int set_up(void **state) {
    (void)state;
    return getrlimit(RLIMIT_NOFILE, &before);
}

static int tear_down(void **state) {
    (void)state;
    return setrlimit(RLIMIT_NOFILE, &before);
}

static void test_connections(void **state) {
    static const struct {
        rlim_t files;
        size_t wanted, room;
    } rows[] = {{1024, 100, 100}, {1024, 496, 496}, {1024, 497, 496}, {1024, 1100, 496},
                {266, 117, 117},  {265, 117, 116},  {60, 100, 14},    {60, 14, 14},
                {60, 15, 14},     {36, 100, 2},     {35, 100, 1},     {34, 100, 1},
                {30, 100, 1},     {30, 1, 1}};
    (void)state;
    for_each_row (i, rows, NULL) {
        const struct rlimit limit = {rows[i].files, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_int_equal(nl_open_files_connections(rows[i].wanted), rows[i].room);
    }
}

/* In a process of its own, since a limit that was lowered stays. */
static int raised_within(rlim_t current, rlim_t most) {
    struct rlimit limit = {current, most};
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_NOFILE, &limit);
        nl_open_files_raise();
        getrlimit(RLIMIT_NOFILE, &limit);
        _exit((int)(limit.rlim_cur / 64));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status) * 64;
}

static void test_raising(void **state) {
    static const struct {
        rlim_t limit, most;
        int raised;
    } rows[] = {{8192, 8192, 8192}, {4096, 8192, 4096}, {1024, 8192, 4096}, {64, 8192, 4096},
                {64, 4096, 4096},   {64, 1024, 1024},   {64, 64, 64}};
    (void)state;
    if (before.rlim_max < 8192)
        skip();
    for_each_row (i, rows, NULL)
        assert_int_equal(raised_within(rows[i].limit, rows[i].most), rows[i].raised);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_connections, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_raising, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
