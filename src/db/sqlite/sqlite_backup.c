#include "db/sqlite/sqlite.h"

#include "newsletter/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALL_PAGES = -1, PAUSE_MILLISECONDS = 20, BUSY_LIMIT = 500 };

/* All pages in one step: with a write-ahead log a reader keeps nobody waiting. Between two steps
 * SQLite would notice the commits of other processes and begin again, each time while something is
 * sent. */
static enum nl_status copy_pages(sqlite3 *source, sqlite3 *target, const char *path,
                                 struct nl_error *err) {
    sqlite3_backup *backup = sqlite3_backup_init(target, "main", source, "main");
    int rc = backup != NULL ? SQLITE_OK : SQLITE_ERROR;
    int busy = 0;
    while (rc == SQLITE_OK || ((rc == SQLITE_BUSY || rc == SQLITE_LOCKED) && busy < BUSY_LIMIT)) {
        rc = sqlite3_backup_step(backup, ALL_PAGES);
        if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
            busy++;
            sqlite3_sleep(PAUSE_MILLISECONDS);
        }
    }
    sqlite3_backup_finish(backup);
    return rc == SQLITE_DONE ? NL_OK
                             : nl_error_set(err, NL_IO, "writing %s failed: %s", path,
                                            sqlite3_errstr(rc == SQLITE_OK ? SQLITE_BUSY : rc));
}

enum nl_status nl_sqlite_copy(sqlite3 *source, const char *path, struct nl_error *err) {
    sqlite3 *target = NULL;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return nl_error_system(err, errno, "create", path);
    close(fd);
    enum nl_status status =
        sqlite3_open_v2(path, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL) ==
                SQLITE_OK
            ? copy_pages(source, target, path, err)
            : nl_error_set(err, NL_IO, "cannot write %s: %s", path, sqlite3_errmsg(target));
    if (sqlite3_close(target) != SQLITE_OK && status == NL_OK)
        status = nl_error_set(err, NL_IO, "cannot close %s", path);
    return status;
}

enum nl_status nl_sqlite_backup(struct nl_store *store, const char *path, struct nl_error *err) {
    return nl_sqlite_copy(nl_sqlite(store)->db, path, err);
}

static bool passes(sqlite3 *db, const char *check) {
    sqlite3_stmt *statement = NULL;
    bool passed = sqlite3_prepare_v2(db, check, -1, &statement, NULL) == SQLITE_OK &&
                  sqlite3_step(statement) == SQLITE_ROW &&
                  strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    sqlite3_finalize(statement);
    return passed;
}

static bool is_whole(sqlite3 *db) {
    return passes(db, "PRAGMA quick_check(1)");
}

/* All rows are there, but an index may not be: `doctor` notices that in the database, and a backup
 * of it may be the last one there is. */
static bool is_mended(sqlite3 *db) {
    return passes(db, "PRAGMA integrity_check(1)") ||
           (sqlite3_exec(db, "REINDEX", NULL, NULL, NULL) == SQLITE_OK &&
            passes(db, "PRAGMA integrity_check(1)"));
}

static enum nl_status settle(const char *path, bool (*is_good)(sqlite3 *db), struct nl_error *err) {
    sqlite3 *db = NULL;
    bool good =
        sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL) == SQLITE_OK;
    if (good)
        nl_sqlite_add_attribute(db); /* indexes may hold it */
    good = good &&
           sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) == SQLITE_OK &&
           is_good(db);
    sqlite3_close(db);
    if (!good)
        return nl_error_set(err, NL_IO,
                            "the copy %s is not whole: is the database damaged? run 'newsletter "
                            "doctor'",
                            path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    enum nl_status status =
        fd < 0 || fsync(fd) != 0 ? nl_error_system(err, errno, "write", path) : NL_OK;
    if (fd >= 0)
        close(fd);
    return status;
}

/* Each index is looked at when the backup is put back: for a million people that takes four times
 * as long as the copy. */
enum nl_status nl_sqlite_settle(const char *path, struct nl_error *err) {
    return settle(path, is_whole, err);
}

enum nl_status nl_sqlite_settle_restored(const char *path, struct nl_error *err) {
    return settle(path, is_mended, err);
}
