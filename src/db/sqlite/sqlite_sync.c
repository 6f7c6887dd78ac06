#include "db/sqlite/sqlite.h"

#include "newsletter/base/file.h"
#include "newsletter/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { REQUEST = 1, END };

/* With synchronous = NORMAL SQLite writes the log and does not wait for it; what it does wait for,
 * at checkpoints, keeps the file sound. So a commit is durable once the log is. */
struct log {
    struct nl_store *store;
    pthread_t thread;
    bool started;
    int log;  /* the write-ahead log; holds none of SQLite's locks */
    int wake; /* eventfd to the thread: REQUEST or END */
    int done; /* eventfd from it */
    atomic_int problem;
};

static void tell_done(int fd, uint64_t what) {
    while (write(fd, &what, sizeof what) < 0 && errno == EINTR)
        ;
}

static void *work(void *ctx) {
    struct log *sync = ctx;
    for (;;) {
        uint64_t what = 0;
        if (read(sync->wake, &what, sizeof what) != (ssize_t)sizeof what)
            continue;
        if (what >= END)
            return NULL;
        if (fdatasync(sync->log) != 0)
            atomic_store(&sync->problem, errno);
        tell_done(sync->done, 1);
    }
}

/* SQLite checks a CHECK (state IN (...)) by a table that it makes each time. The states that a run
 * writes are constants of delivery.c. */
static enum nl_status set_waiting(struct nl_store *store, bool waiting, struct nl_error *err) {
    const char *pragmas = waiting
                              ? "PRAGMA synchronous = FULL; PRAGMA ignore_check_constraints = OFF"
                              : "PRAGMA synchronous = NORMAL; PRAGMA ignore_check_constraints = ON";
    return nl_sqlite_script(store, pragmas, err);
}

enum nl_status nl_sqlite_sync_start(struct nl_store *store, void **out, struct nl_error *err) {
    const char *path = sqlite3_filename_wal(sqlite3_db_filename(nl_sqlite(store)->db, "main"));
    struct log *sync = nl_calloc(1, sizeof *sync);
    *out = NULL;
    sync->store = store;
    sync->log = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    sync->wake = eventfd(0, EFD_CLOEXEC);
    sync->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum nl_status status = NL_OK;
    if (sync->log < 0 || sync->wake < 0 || sync->done < 0)
        status = nl_error_system(err, errno, "open", path);
    if (status == NL_OK)
        status = set_waiting(store, false, err);
    if (status == NL_OK) {
        sync->started = pthread_create(&sync->thread, NULL, work, sync) == 0;
        if (!sync->started)
            status = nl_error_nomem(err);
    }
    if (status != NL_OK) {
        struct nl_error ignored = {0};
        nl_sqlite_sync_stop(sync, &ignored);
        nl_error_free(&ignored);
        return status;
    }
    *out = sync;
    return NL_OK;
}

void nl_sqlite_sync_request(void *state) {
    const struct log *sync = state;
    tell_done(sync->wake, REQUEST);
}

int nl_sqlite_sync_fd(const void *state) {
    const struct log *sync = state;
    return sync->done;
}

static enum nl_status judge(struct log *sync, struct nl_error *err) {
    int problem = atomic_load(&sync->problem);
    return problem == 0 ? NL_OK : nl_error_system(err, problem, "write", sync->store->path);
}

enum nl_status nl_sqlite_sync_poll(void *state, bool *done, struct nl_error *err) {
    struct log *sync = state;
    uint64_t count = 0;
    *done = read(sync->done, &count, sizeof count) == (ssize_t)sizeof count;
    return *done ? judge(sync, err) : NL_OK;
}

enum nl_status nl_sqlite_sync_stop(void *state, struct nl_error *err) {
    struct log *sync = state;
    enum nl_status status = NL_OK;
    if (sync->started) {
        tell_done(sync->wake, END);
        pthread_join(sync->thread, NULL);
        if (fdatasync(sync->log) != 0)
            atomic_store(&sync->problem, errno);
        status = judge(sync, err);
    }
    if (status == NL_OK)
        status = set_waiting(sync->store, true, err);
    int fds[] = {sync->log, sync->wake, sync->done};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(sync);
    return status;
}
