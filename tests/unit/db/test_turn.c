#include "support.h"

#include "newsletter/db/handle.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether the lock file says that somebody waits to write, as another process sees it. */
static bool is_announced(const struct fixture *fixture) {
    char path[300];
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = INT64_C(3) << 40, .l_len = 1};
    int ended = 0;
    snprintf(path, sizeof path, "%s.lock", fixture->path);
    pid_t child = fork();
    if (child == 0) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        _exit(fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? 1 : 0);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    return WEXITSTATUS(ended) == 1;
}

/* Long work of another process sees a visitor between the transactions of a series, too. */
static void test_a_series_waits_to_its_end(void **state) {
    struct fixture *fixture = *state;
    fixture_subscribe(fixture, "first@example.org");
    assert_false(is_announced(fixture));
    nl_store_series(fixture->store, true);
    assert_true(is_announced(fixture));
    fixture_subscribe(fixture, "second@example.org");
    assert_true(is_announced(fixture));
    nl_store_series(fixture->store, false);
    assert_false(is_announced(fixture));
}

/* Two who give way to each other would both stand still. */
static void test_long_work_is_no_series(void **state) {
    struct fixture *fixture = *state;
    nl_store_series(fixture->store, true);
    nl_store_give_way(fixture->store);
    assert_false(is_announced(fixture));
    fixture_subscribe(fixture, "first@example.org");
    assert_false(is_announced(fixture));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_series_waits_to_its_end, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_long_work_is_no_series, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
