#include "newsletter/base/file.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void nl_file_add_pattern(struct nl_buf *out, const char *path) {
    for (const char *p = path; *p != '\0'; p++) {
        if (strchr("*?[\\", *p) != NULL)
            nl_buf_addc(out, '\\');
        nl_buf_addc(out, *p);
    }
}

enum nl_status nl_error_system(struct nl_error *err, int errnum, const char *doing,
                               const char *path) {
    enum nl_status status = NL_IO;
    const char *advice = "";
    switch (errnum) {
    case ENOENT:
        status = NL_NOINPUT;
        advice = ": check the path";
        break;
    case EACCES:
    case EPERM:
    case EROFS:
        status = NL_NOPERM;
        advice = ": check its owner and mode, or run as its user";
        break;
    case ENOSPC:
    case EDQUOT:
        advice = ": make room on the disk and run it again";
        break;
    default:
        break;
    }
    char reason[128];
    bool reading = strcmp(doing, "read") == 0; /* also of what staff have named */
    if (reading && status == NL_NOINPUT)
        return nl_error_set(err, status,
                            NL_TEXT("cannot read %s: No such file or directory: check the path"),
                            path);
    if (reading && errnum == EACCES)
        return nl_error_set(
            err, status,
            NL_TEXT("cannot read %s: Permission denied: check its owner and mode, or "
                    "run as its user"),
            path);
    return nl_error_set(err, status, "cannot %s %s: %s%s", doing, path,
                        strerror_r(errnum, reason, sizeof reason), advice);
}

/* Reads an open file to its end, and closes it. */
static enum nl_status read_and_close(int fd, const char *path, size_t limit, struct nl_buf *out,
                                     struct nl_error *err) {
    enum nl_status status = NL_OK;
    while (status == NL_OK) {
        nl_buf_reserve(out, 65536);
        ssize_t got = read(fd, out->data + out->len, 65536);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            status = nl_error_system(err, errno, "read", path);
        if (got <= 0)
            break;
        out->len += (size_t)got;
        out->data[out->len] = '\0';
        if (out->len > limit)
            status = nl_error_set(err, NL_DATA, NL_TEXT("%s is larger than %zu bytes: shorten it"),
                                  path, limit);
    }
    close(fd);
    return status;
}

enum nl_status nl_file_read(const char *path, size_t limit, struct nl_buf *out,
                            struct nl_error *err) {
    /* Opening /dev/fd/N a second time fails for a pipe that belongs to another user. */
    bool standard = strcmp(path, "/dev/stdin") == 0;
    int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return nl_error_system(err, errno, "read", path);
    return read_and_close(fd, path, limit, out, err);
}

/* Opening a FIFO would wait for a writer. */
enum { BENEATH = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

int nl_file_open_by_parts(int folder, const char *path) {
    int at = fcntl(folder, F_DUPFD_CLOEXEC, 3);
    char part[NAME_MAX + 1];
    while (at >= 0) {
        size_t len = strcspn(path, "/");
        bool last = path[len] == '\0';
        if (len == 0 || len > NAME_MAX || (len == 2 && memcmp(path, "..", 2) == 0)) {
            close(at);
            errno = EXDEV;
            return -1;
        }
        memcpy(part, path, len);
        part[len] = '\0';
        int next = openat(at, part, O_NOFOLLOW | BENEATH | (last ? 0 : O_DIRECTORY));
        int failed = errno;
        close(at);
        errno = failed;
        if (last || next < 0)
            return next;
        at = next;
        path += len + 1;
    }
    return -1;
}

/* Symbolic links may lead to other places below the folder where the kernel sees to it that they
 * do not lead out (Linux 5.6). An older one gets no links at all. */
static int open_beneath(int folder, const char *path) {
    struct open_how how = {.flags = BENEATH, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) /* a filter of system calls says EPERM */
        fd = nl_file_open_by_parts(folder, path);
    return fd;
}

enum nl_status nl_file_read_beneath(const char *folder, const char *path, size_t limit,
                                    struct nl_buf *out, struct nl_error *err) {
    struct stat found = {0};
    int top = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0)
        return nl_error_system(err, errno, "open", folder);
    int fd = open_beneath(top, path);
    int failed = errno;
    close(top);
    if (fd < 0 && (failed == EXDEV || failed == ELOOP))
        return nl_error_set(err, NL_DATA,
                            NL_TEXT("%s leads out of the folder %s: put the file there"), path,
                            folder);
    if (fd < 0)
        return nl_error_system(err, failed, "read", path);
    if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
        close(fd);
        return nl_error_set(err, NL_DATA, NL_TEXT("%s is not a regular file"), path);
    }
    return read_and_close(fd, path, limit, out, err);
}

static int write_all(int fd, const char *data, size_t len) {
    while (len > 0) {
        ssize_t put = write(fd, data, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno;
        data += put;
        len -= (size_t)put;
    }
    return fsync(fd) == 0 ? 0 : errno;
}

enum nl_status nl_file_write(const char *path, const void *data, size_t len, bool secret,
                             struct nl_error *err) {
    struct nl_buf temporary = {0};
    enum nl_status status = NL_OK;
    int failed = 0;
    nl_buf_addf(&temporary, "%s.XXXXXX", path);
    int fd = mkostemp(temporary.data, O_CLOEXEC);
    if (fd < 0) {
        status = nl_error_system(err, errno, "create", path);
        goto out;
    }
    failed = write_all(fd, data, len);
    if (failed == 0 && fchmod(fd, secret ? 0600 : 0644) != 0)
        failed = errno;
    if (close(fd) != 0 && failed == 0)
        failed = errno;
    if (failed == 0 && rename(temporary.data, path) != 0)
        failed = errno;
    if (failed != 0) {
        status = nl_error_system(err, failed, "write", path);
        unlink(temporary.data);
    }
out:
    nl_buf_free(&temporary);
    return status;
}

void nl_file_sync_folder(const char *path) {
    char *copy = nl_strdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(copy);
}

bool nl_file_is_same(const char *a, const char *b) {
    struct stat left;
    struct stat right;
    return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev &&
           left.st_ino == right.st_ino;
}

/* A pipe, a terminal or another device cannot be replaced, and a link below /dev may lead to a file
 * that somebody has open. */
static bool is_device(const char *path) {
    struct stat status;
    return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0 ||
           (stat(path, &status) == 0 && !S_ISREG(status.st_mode));
}

enum nl_status nl_file_begin(struct nl_file_output *output, const char *path,
                             struct nl_error *err) {
    struct nl_buf temporary = {0};
    bool device = is_device(path);
    int fd = -1;
    *output = (struct nl_file_output){.path = nl_strdup(path)};
    nl_buf_addf(&temporary, "%s.XXXXXX", path);
    if (device) {
        nl_buf_free(&temporary);
        fd = open(path, O_WRONLY | O_CLOEXEC);
    } else {
        fd = mkostemp(temporary.data, O_CLOEXEC); /* O_EXCL, mode 0600 */
        if (fd >= 0)
            output->temporary = nl_buf_take(&temporary);
    }
    output->stream = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (output->stream != NULL)
        return NL_OK;
    nl_error_system(err, errno, "create", path);
    if (fd >= 0)
        close(fd);
    nl_buf_free(&temporary);
    nl_error_ignore(nl_file_end(output, false, NULL));
    return err != NULL ? err->status : NL_IO;
}

enum nl_status nl_file_end(struct nl_file_output *output, bool keep, struct nl_error *err) {
    enum nl_status status = NL_OK;
    int failed = 0;
    if (output->stream != NULL) {
        bool broken = ferror(output->stream) != 0 || fflush(output->stream) != 0;
        failed = broken ? (errno != 0 ? errno : EIO) : 0;
        if (failed == 0 && keep && output->temporary != NULL && fsync(fileno(output->stream)) != 0)
            failed = errno;
        if (fclose(output->stream) != 0 && failed == 0)
            failed = errno;
    }
    if (output->temporary != NULL) {
        if (failed == 0 && keep && rename(output->temporary, output->path) != 0)
            failed = errno;
        if (failed != 0 || !keep)
            unlink(output->temporary);
    }
    if (failed != 0 && keep)
        status = nl_error_system(err, failed, "write", output->path);
    free(output->path);
    free(output->temporary);
    *output = (struct nl_file_output){0};
    return status;
}
