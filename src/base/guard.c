#include "newsletter/base/guard.h"

#include "newsletter/base/buf.h"
#include "newsletter/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OLD_SECONDS = 3600, PATH_ROOM = 4096 };

static const char *const endings[] = {"", "-journal", "-wal", "-shm"};
enum { ENDINGS = sizeof endings / sizeof endings[0] };

/* Nothing here takes memory: the process was forked from one that may have threads. */
static void remove_all(char *path, size_t len) {
    for (size_t i = 0; i < ENDINGS; i++) {
        memcpy(path + len, endings[i], strlen(endings[i]) + 1); /* there is room: nl_guard_begin */
        unlink(path);
    }
}

/* Its standard streams are closed, since somebody may wait for their end; and it has a session of
 * its own, since a group of processes is killed together. */
static _Noreturn void guard_file(char *path, int fd) {
    char byte = 0;
    sigset_t all;
    size_t len = strlen(path);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setsid();
    dup2(fd, 0);
    close_range(1, ~0U, 0);
    while (read(0, &byte, 1) < 0 && errno == EINTR)
        ;
    remove_all(path, len);
    _exit(0);
}

enum nl_status nl_guard_begin(struct nl_guard *guard, const char *path, struct nl_error *err) {
    static char own[PATH_ROOM];
    int ends[2];
    if (strlen(path) + sizeof "-journal" > sizeof own)
        return nl_error_set(err, NL_USAGE, "the path %s is too long", path);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return nl_error_system(err, errno, "guard", path);
    memcpy(own, path, strlen(path) + 1);
    pid_t child = fork();
    if (child == 0) {
        close(ends[1]);
        guard_file(own, ends[0]);
    }
    close(ends[0]);
    if (child < 0) {
        close(ends[1]);
        return nl_error_system(err, errno, "guard", path);
    }
    *guard = (struct nl_guard){child, ends[1]};
    return NL_OK;
}

void nl_guard_end(struct nl_guard *guard) {
    if (guard->child == 0)
        return;
    close(guard->fd);
    while (waitpid(guard->child, NULL, 0) < 0 && errno == EINTR)
        ;
    *guard = (struct nl_guard){0};
}

void nl_guard_sweep(const char *path, const char *ending, int64_t now) {
    struct nl_buf pattern = {0};
    glob_t found = {0};
    nl_file_add_pattern(&pattern, path);
    nl_buf_addf(&pattern, ".????????%s", ending);
    if (glob(nl_buf_text(&pattern), 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++) {
            struct stat info;
            if (lstat(found.gl_pathv[i], &info) == 0 && S_ISREG(info.st_mode) &&
                info.st_mtime < now - OLD_SECONDS)
                unlink(found.gl_pathv[i]);
        }
    globfree(&found);
    nl_buf_free(&pattern);
}
