#include "newsletter/base/secret.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/clock.h"
#include "newsletter/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_LIMIT = 64 * 1024, SECONDS = 30 };

/* In the child, between fork and exec: a group of its own, so that its children end with it. */
static _Noreturn void become(char *const argv[], int output) {
    int null = open("/dev/null", O_RDONLY);
    setpgid(0, 0);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0)
        execv(argv[0], argv);
    _exit(127);
}

/* Reads to the end of the output. Whether there was an end, within the limits. */
static bool read_output(int fd, struct nl_buf *out) {
    int64_t until = nl_clock_milliseconds() + SECONDS * INT64_C(1000);
    if (!nl_buf_reserve(out, OUTPUT_LIMIT + 1)) /* never moved, so no copy of it stays */
        return false;
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left = until - nl_clock_milliseconds();
        if (left <= 0 || out->len > OUTPUT_LIMIT)
            return false;
        if (poll(&ready, 1, (int)left) <= 0)
            continue;
        ssize_t got = read(fd, out->data + out->len, OUTPUT_LIMIT + 1 - out->len);
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return false;
        out->len += got > 0 ? (size_t)got : 0;
        out->data[out->len] = '\0';
    }
}

static enum nl_status judge(const char *program, bool ended, int result, size_t len,
                            struct nl_error *err) {
    if (!ended && len > OUTPUT_LIMIT)
        return nl_error_set(err, NL_CONFIG, "%s prints more than %d bytes", program, OUTPUT_LIMIT);
    if (!ended)
        return nl_error_set(err, NL_TEMPFAIL, "%s did not end within %d seconds", program, SECONDS);
    if (WIFEXITED(result) && WEXITSTATUS(result) == 127)
        return nl_error_set(err, NL_CONFIG, "cannot run %s: is it there, and executable?", program);
    if (!WIFEXITED(result) || WEXITSTATUS(result) != 0)
        return nl_error_set(err, NL_CONFIG, "%s failed (%s %d): run it by hand", program,
                            WIFEXITED(result) ? "exit status" : "signal",
                            WIFEXITED(result) ? WEXITSTATUS(result) : WTERMSIG(result));
    return NL_OK;
}

enum nl_status nl_secret_run(char *const argv[], struct nl_buf *out, struct nl_error *err) {
    int ends[2];
    int result = 0;
    if (argv[0][0] != '/')
        return nl_error_set(err, NL_CONFIG, "'%s' is not a whole path: begin it with /", argv[0]);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return nl_error_system(err, errno, "run", argv[0]);
    pid_t child = fork();
    if (child == 0)
        become(argv, ends[1]);
    int failed = errno;
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return nl_error_system(err, failed, "run", argv[0]);
    }
    setpgid(child, child); /* as the child does: one of the two is first */
    bool ended = read_output(ends[0], out);
    close(ends[0]);
    if (!ended)
        kill(-child, SIGKILL);
    while (waitpid(child, &result, 0) < 0 && errno == EINTR)
        ;
    return judge(argv[0], ended, result, out->len, err);
}
