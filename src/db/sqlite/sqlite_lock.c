#include "db/sqlite/sqlite.h"

#include "newsletter/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A lock file that root has made for another user's database belongs to that user, as SQLite's own
 * files do; otherwise it would lock its owner out. A file that
 * somebody else has put there is left alone: a lock file is empty and has one name. */
static enum nl_status give_to_owner(int fd, const char *database, struct nl_error *err) {
    struct stat owner;
    struct stat info;
    if (geteuid() != 0 || stat(database, &owner) != 0 || fstat(fd, &info) != 0 ||
        !S_ISREG(info.st_mode) || info.st_size > 0 || info.st_nlink != 1 ||
        (info.st_uid == owner.st_uid && info.st_gid == owner.st_gid))
        return NL_OK;
    return fchown(fd, owner.st_uid, owner.st_gid) == 0
               ? NL_OK
               : nl_error_system(err, errno, "give to its owner the lock of", database);
}

/* Everybody who may write the database may lock it. */
static mode_t lock_mode(const char *database) {
    struct stat info;
    return stat(database, &info) == 0 ? (info.st_mode & 0660) | 0600 : 0600;
}

/* POSIX record locks, one byte per thing: they end with the process, even by SIGKILL, and tell who
 * holds them. Byte 0 is the retry run, byte N the issue N, and permits come after them all. */
enum nl_status nl_sqlite_open_lock_file(const struct nl_store *store, int *fd,
                                        struct nl_error *err) {
    struct nl_buf path = {0};
    nl_buf_addf(&path, "%s.lock", store->path);
    enum nl_status status = NL_OK;
    *fd = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        status = nl_error_system(err, errno, "open", path.data);
    else if (!nl_file_set_mode(nl_sqlite(store)->lock_fd, lock_mode(store->path)))
        status = nl_error_system(err, errno, "set the mode of", path.data);
    else
        status = give_to_owner(*fd, store->path, err);
    nl_buf_free(&path);
    return status;
}

enum nl_status nl_sqlite_lock(struct nl_store *store, int64_t what, int64_t *holder,
                              struct nl_error *err) {
    int *fd = &nl_sqlite(store)->lock_fd;
    enum nl_status status = *fd < 0 ? nl_sqlite_open_lock_file(store, fd, err) : NL_OK;
    if (status != NL_OK)
        return status;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = what, .l_len = 1};
    if (fcntl(nl_sqlite(store)->lock_fd, F_SETLK, &lock) == 0)
        return NL_OK;
    if (errno != EACCES && errno != EAGAIN)
        return nl_error_system(err, errno, "lock", store->path);
    if (fcntl(nl_sqlite(store)->lock_fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
        *holder = lock.l_pid;
    return NL_BUSY;
}

void nl_sqlite_unlock(struct nl_store *store, int64_t what) {
    struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = what, .l_len = 1};
    if (nl_sqlite(store)->lock_fd >= 0)
        (void)fcntl(nl_sqlite(store)->lock_fd, F_SETLK, &lock);
}

static const int64_t FIRST_SLOT = INT64_C(1) << 40;

enum nl_status nl_sqlite_take_permit(struct nl_store *store, uint32_t key, bool *taken,
                                     struct nl_error *err) {
    int64_t holder = 0;
    enum nl_status status = nl_sqlite_lock(store, FIRST_SLOT + key, &holder, err);
    *taken = status == NL_OK;
    return status == NL_BUSY ? NL_OK : status;
}

void nl_sqlite_return_permit(struct nl_store *store, uint32_t key) {
    nl_sqlite_unlock(store, FIRST_SLOT + key);
}
