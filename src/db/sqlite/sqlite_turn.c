#include "db/sqlite/sqlite.h"

#include "newsletter/base/clock.h"
#include "newsletter/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* SQLite has one writer at a time, and no queue: the one that asks at the right moment is next.
 * Long work in many short transactions would nearly always be next, since it asks at once. So a
 * store that waits to write says so by a lock on one byte of the lock file, which ends with its
 * process, and long work asks for that byte between its transactions. */

enum { POLL_MILLISECONDS = 1, GIVE_WAY_MILLISECONDS = 200 };

static const int64_t WAITING_BYTE = INT64_C(3) << 40; /* after the permits of sqlite_lock.c */

/* Closing the file would end every lock that this process has on it, whichever store took it (POSIX
 * record locks). So it stays open to the end of the process. */
static struct {
    pthread_mutex_t mutex;
    char *path;
    int fd;
} queue = {.mutex = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

/* Locks do not show those of the same process. */
static atomic_int waiting_here;

static void pause_briefly(void) {
    nanosleep(&(const struct timespec){.tv_nsec = POLL_MILLISECONDS * 1000000L}, NULL);
}

/* -1 where there is none: nobody then gives way, and all goes on as chance will have it. */
static int queue_of(struct nl_store *store) {
    struct nl_error ignored = {0};
    pthread_mutex_lock(&queue.mutex);
    if (queue.path == NULL || strcmp(queue.path, store->path) != 0) {
        free(queue.path);
        queue.path = nl_strdup(store->path);
        nl_error_ignore(nl_sqlite_open_lock_file(store, &queue.fd, &ignored));
    }
    int fd = queue.fd;
    pthread_mutex_unlock(&queue.mutex);
    nl_error_free(&ignored);
    return fd;
}

static void announce(struct nl_store *store) {
    struct nl_sqlite *link = nl_sqlite(store);
    struct flock lock = {
        .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = WAITING_BYTE, .l_len = 1};
    if (link->waiting)
        return;
    link->waiting = true;
    atomic_fetch_add(&waiting_here, 1);
    (void)fcntl(queue_of(store), F_SETLK, &lock);
}

void nl_sqlite_end_waiting(struct nl_store *store) {
    struct nl_sqlite *link = nl_sqlite(store);
    struct flock lock = {
        .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = WAITING_BYTE, .l_len = 1};
    if (!link->waiting || link->series)
        return;
    link->waiting = false;
    if (atomic_fetch_sub(&waiting_here, 1) == 1) /* the lock is the whole process's */
        (void)fcntl(queue_of(store), F_SETLK, &lock);
}

static int wait_turn(void *ctx, int count) {
    struct nl_store *store = ctx;
    struct nl_sqlite *link = nl_sqlite(store);
    int64_t now = nl_clock_milliseconds();
    if (count == 0)
        link->busy_since = now;
    if (now - link->busy_since >= link->patience)
        return 0;
    announce(store);
    pause_briefly();
    return 1;
}

void nl_sqlite_set_patience(struct nl_store *store, int milliseconds_to_wait) {
    nl_sqlite(store)->patience = milliseconds_to_wait;
    sqlite3_busy_handler(nl_sqlite(store)->db, wait_turn, store);
}

static bool somebody_waits(int fd) {
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = WAITING_BYTE, .l_len = 1};
    return atomic_load(&waiting_here) > 0 ||
           (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK);
}

void nl_sqlite_series(struct nl_store *store, bool begins) {
    nl_sqlite(store)->series = begins;
    if (begins)
        announce(store);
    else
        nl_sqlite_end_waiting(store);
}

void nl_sqlite_give_way(struct nl_store *store) {
    nl_sqlite_series(store, false);
    int64_t until = nl_clock_milliseconds() + GIVE_WAY_MILLISECONDS;
    int fd = queue_of(store);
    while (somebody_waits(fd) && nl_clock_milliseconds() < until)
        pause_briefly();
}
