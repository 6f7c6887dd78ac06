#include "support.h"

#include "newsletter/base/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A folder with "inside", which is allowed, and "outside", which is not. */
static char folder[] = "/tmp/newsletter-sandbox-XXXXXX";

static bool can(int flags, const char *name) {
    char path[sizeof folder + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void place(char *out, size_t size, const char *name) {
    snprintf(out, size, "%s/%s", folder, name);
}

static int setup(void **state) {
    (void)state;
    char path[sizeof folder + 64];
    char target[sizeof folder + 64];
    if (mkdtemp(folder) == NULL)
        return -1;
    static const char *const folders[] = {"inside", "inside/other", "readable", "outside"};
    for_each_row (i, folders, folders[i]) {
        place(path, sizeof path, folders[i]);
        mkdir(path, 0700);
    }
    static const char *const files[] = {"inside/a", "readable/a", "outside/a", "outside/linked"};
    for_each_row (i, files, files[i])
        assert_true(can(O_WRONLY | O_CREAT, files[i]));
    place(path, sizeof path, "readable/link");
    place(target, sizeof target, "outside/linked");
    return symlink(target, path);
}

static int teardown(void **state) {
    (void)state;
    char command[sizeof folder + 16];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* The first expectation that does not hold, as an exit status; 0 for none. */
enum {
    FINE,
    NO_SANDBOX = 77,
};

static bool may_listen(void) {
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(0)};
    struct sockaddr_in other = {0};
    socklen_t len = sizeof other;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool may = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
               getsockname(fd, (struct sockaddr *)&other, &len) == 0;
    close(fd);
    return may;
}

static bool may_move(void) {
    char from[sizeof folder + 64];
    char to[sizeof folder + 64];
    place(from, sizeof from, "inside/new");
    place(to, sizeof to, "inside/other/moved");
    return rename(from, to) == 0;
}

static bool may_run(void) {
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int confined(void) {
    struct nl_sandbox sandbox;
    char path[sizeof folder + 64];
    if (!nl_sandbox_begin(&sandbox))
        return NO_SANDBOX;
    place(path, sizeof path, "inside");
    nl_sandbox_allow(&sandbox, path, NL_ACCESS_WRITE);
    place(path, sizeof path, "readable/link");
    nl_sandbox_allow_beside(&sandbox, path, NULL);
    nl_sandbox_allow(&sandbox, "/usr", NL_ACCESS_READ);
    nl_sandbox_allow(&sandbox, "/nowhere at all", NL_ACCESS_READ);
    if (!nl_sandbox_enter(&sandbox))
        return NO_SANDBOX;
    const bool expected[] = {
        can(O_RDONLY, "inside/a"),
        can(O_RDWR | O_TRUNC, "inside/a"),
        can(O_WRONLY | O_CREAT | O_EXCL, "inside/new"),
        may_move(),
        can(O_RDONLY | O_DIRECTORY, "inside/other"),
        can(O_RDONLY, "readable/a"),
        can(O_RDONLY, "readable/link"),
        !can(O_WRONLY, "readable/a"),
        !can(O_WRONLY | O_CREAT, "readable/new"),
        !can(O_RDONLY, "outside/a"),
        !can(O_RDONLY, "inside/../outside/a"),
        !can(O_RDONLY | O_DIRECTORY, "outside"),
        !can(O_WRONLY | O_CREAT, "outside/new"),
        !may_run(),
        sandbox.version < 4 || !may_listen(),
        sandbox.version < 6 || kill(getppid(), 0) != 0,
    };
    for (int i = 0; i < (int)(sizeof expected / sizeof expected[0]); i++)
        if (!expected[i])
            return i + 1;
    return FINE;
}

/* In a process of its own, since there is no way out. */
static void test_only_what_was_allowed_stays_open(void **state) {
    (void)state;
    int status = 0;
    assert_true(may_listen());
    assert_true(may_run());
    pid_t child = fork();
    if (child == 0)
        _exit(confined());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_SANDBOX)
        skip();
    assert_int_equal(WEXITSTATUS(status), FINE);
    assert_true(can(O_RDONLY, "outside/a")); /* nothing happened to us */
}

/* A file that lies in the home folder opens itself and no other. */
static int confined_at_home(void) {
    struct nl_sandbox sandbox;
    char path[sizeof folder + 64];
    char home[sizeof folder + 64];
    if (!nl_sandbox_begin(&sandbox))
        return NO_SANDBOX;
    place(path, sizeof path, "outside/a");
    place(home, sizeof home, "outside");
    nl_sandbox_allow_beside(&sandbox, path, home);
    if (!nl_sandbox_enter(&sandbox))
        return NO_SANDBOX;
    return can(O_RDONLY, "outside/a") && !can(O_RDONLY, "outside/linked") ? FINE : 1;
}

static void test_a_file_at_home_does_not_open_the_home_folder(void **state) {
    (void)state;
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(confined_at_home());
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SANDBOX)
        skip();
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_what_was_allowed_stays_open),
        cmocka_unit_test(test_a_file_at_home_does_not_open_the_home_folder),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
