#include "newsletter/base/program.h"

#include "base/program_cage.h"
#include "newsletter/base/clock.h"
#include "newsletter/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GLANCE_MILLISECONDS = 200, NAP_MILLISECONDS = 5, PIECE = 65536 };

/* Our end and the program's, for input and output. The input is a socket: writing to one that is
 * closed raises no signal. */
struct ends {
    int input, output, its_input, its_output;
};

static void close_end(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static enum nl_status open_ends(const struct nl_program *program, struct ends *ends,
                                struct nl_error *err) {
    int output[2];
    int input[2] = {-1, -1};
    if (pipe2(output, O_CLOEXEC) != 0)
        return nl_error_system(err, errno, "run", program->argv[0]);
    if (program->input != NULL)
        (void)!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, input);
    else
        input[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    *ends = (struct ends){input[0], output[0], input[1], output[1]};
    if (input[1] >= 0)
        return NL_OK;
    close(output[0]);
    close(output[1]);
    return nl_error_system(err, errno, "run", program->argv[0]);
}

/* In the child, between fork and exec: a group of its own, so that its children end with it. */
static _Noreturn void become(const struct nl_program *program, const struct ends *ends) {
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    sigprocmask(SIG_SETMASK, &none, NULL); /* our threads block them all */
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    bool ready =
        dup2(ends->its_input, STDIN_FILENO) >= 0 && dup2(ends->its_output, STDOUT_FILENO) >= 0;
    if (ready && program->cage == NULL)
        execv(program->argv[0], program->argv);
    if (ready && program->cage != NULL && nl_cage_enter(program->cage, program->seconds))
        execve(program->argv[0], program->argv, program->cage->environment);
    _exit(127);
}

/* Writes what the program takes now; the end is closed after the last byte. */
static void feed(const struct nl_program *program, struct ends *ends, size_t *fed) {
    ssize_t put = send(ends->input, program->input->data + *fed, program->input->len - *fed,
                       MSG_NOSIGNAL | MSG_DONTWAIT);
    *fed += put > 0 ? (size_t)put : 0;
    if (*fed == program->input->len || (put < 0 && errno != EAGAIN && errno != EINTR))
        close_end(&ends->input);
}

/* Appends a piece of the output. Whether this was its end; *failed is set where it cannot be read.
 */
static bool take(int fd, size_t limit, struct nl_buf *out, bool *failed) {
    size_t room = limit + 1 - out->len;
    size_t piece = room < PIECE ? room : PIECE;
    nl_buf_reserve(out, piece + 1);
    ssize_t got = read(fd, out->data + out->len, piece);
    *failed = got < 0 && errno != EINTR;
    out->len += got > 0 ? (size_t)got : 0;
    out->data[out->len] = '\0';
    return got == 0;
}

/* Reads to the end of the output. Whether there was an end, within the limits. */
static bool converse(const struct nl_program *program, int64_t until, struct ends *ends,
                     struct nl_buf *out) {
    size_t fed = 0;
    if (program->input != NULL && program->input->len == 0)
        close_end(&ends->input);
    for (bool failed = false; !failed;) {
        struct pollfd ready[2] = {{.fd = ends->output, .events = POLLIN},
                                  {.fd = ends->input, .events = POLLOUT}}; /* -1 is left out */
        int64_t left = until - nl_clock_milliseconds();
        if (left <= 0 || out->len > program->output ||
            (program->cancel != NULL && atomic_load(program->cancel)))
            return false;
        if (poll(ready, 2, (int)(left < GLANCE_MILLISECONDS ? left : GLANCE_MILLISECONDS)) <= 0)
            continue;
        if (ready[1].revents != 0)
            feed(program, ends, &fed);
        if (ready[0].revents != 0 && take(ends->output, program->output, out, &failed))
            return true;
    }
    return false;
}

/* Waits for the child, which is killed at once or past its time, with its children. Whether it
 * ended by itself. */
static bool reap(pid_t child, bool at_once, int64_t until, int *result) {
    bool killed = at_once;
    if (at_once)
        kill(-child, SIGKILL);
    for (pid_t got = 0; (got = waitpid(child, result, WNOHANG)) == 0 || (got < 0 && errno == EINTR);
         poll(NULL, 0, NAP_MILLISECONDS)) {
        if (killed || nl_clock_milliseconds() < until)
            continue;
        kill(-child, SIGKILL);
        killed = true;
    }
    return !killed;
}

static enum nl_status judge(const struct nl_program *program, bool ended, int result, size_t len,
                            struct nl_error *err) {
    const char *name = program->argv[0];
    if (!ended && len > program->output)
        return nl_error_set(err, NL_CONFIG, "%s prints more than %zu bytes", name, program->output);
    if (!ended)
        return nl_error_set(err, NL_TEMPFAIL, "%s did not end within %d seconds", name,
                            program->seconds);
    if (WIFEXITED(result) && WEXITSTATUS(result) == 127)
        return nl_error_set(err, NL_CONFIG, "cannot run %s: is it there, and executable?", name);
    if (!WIFEXITED(result) || WEXITSTATUS(result) != 0)
        return nl_error_set(err, NL_CONFIG, "%s failed (%s %d): run it by hand", name,
                            WIFEXITED(result) ? "exit status" : "signal",
                            WIFEXITED(result) ? WEXITSTATUS(result) : WTERMSIG(result));
    return NL_OK;
}

/* The part of the parent. */
static enum nl_status attend(const struct nl_program *program, pid_t child, struct ends *ends,
                             struct nl_buf *out, struct nl_error *err) {
    int64_t until = nl_clock_milliseconds() + program->seconds * INT64_C(1000);
    int result = 0;
    setpgid(child, child); /* as the child does: one of the two is first */
    bool ended = converse(program, until, ends, out);
    ended = reap(child, !ended, until, &result) && ended;
    if (program->cage != NULL)
        kill(-child, SIGKILL); /* no child of a caged program stays */
    return judge(program, ended, result, out->len, err);
}

enum nl_status nl_program_run(const struct nl_program *program, struct nl_buf *out,
                              struct nl_error *err) {
    struct ends ends = {-1, -1, -1, -1};
    if (program->argv[0][0] != '/')
        return nl_error_set(err, NL_CONFIG, "'%s' is not an absolute path: begin it with /",
                            program->argv[0]);
    enum nl_status status = open_ends(program, &ends, err);
    if (status != NL_OK)
        return status;
    pid_t child = fork();
    if (child == 0)
        become(program, &ends);
    int failed = errno;
    close_end(&ends.its_input);
    close_end(&ends.its_output);
    status = child > 0 ? attend(program, child, &ends, out, err)
                       : nl_error_system(err, failed, "run", program->argv[0]);
    close_end(&ends.input);
    close_end(&ends.output);
    return status;
}
