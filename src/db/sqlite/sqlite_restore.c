#include "db/sqlite/sqlite.h"

#include "newsletter/base/file.h"
#include "newsletter/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- telling a backup from other files ---- */

/* The header of a database (https://www.sqlite.org/fileformat2.html, 1.3): its magic, and at 18 and
 * 19 the versions, which are 2 for a database with a write-ahead log. A backup has none; a database
 * that is in use has. */
enum { HEADER = 100, WRITE_VERSION = 18, READ_VERSION = 19, WITHOUT_LOG = 1 };

static bool read_header(const char *path, unsigned char header[HEADER]) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool whole = fd >= 0 && read(fd, header, HEADER) == HEADER;
    if (fd >= 0)
        close(fd);
    return whole && memcmp(header, "SQLite format 3", 16) == 0;
}

static bool has_our_tables(sqlite3 *db) {
    sqlite3_stmt *statement = NULL;
    static const char query[] =
        "SELECT count(*) = 2 FROM sqlite_schema WHERE name IN ('schema_migration', 'subscription')";
    bool ours = sqlite3_prepare_v2(db, query, -1, &statement, NULL) == SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) == 1;
    sqlite3_finalize(statement);
    return ours;
}

bool nl_sqlite_is_backup(const char *path) {
    unsigned char header[HEADER];
    sqlite3 *db = NULL;
    if (!read_header(path, header) || header[WRITE_VERSION] != WITHOUT_LOG ||
        header[READ_VERSION] != WITHOUT_LOG)
        return false;
    bool ours = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW, NULL) ==
                    SQLITE_OK &&
                has_our_tables(db);
    sqlite3_close(db);
    return ours;
}

/* ---- nobody may have it open ---- */

/* The bytes that SQLite's processes lock: each connection with a write-ahead log holds a shared
 * lock there for as long as it is open. */
static const struct flock all_locks = {
    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000000, .l_len = 512};

enum nl_status nl_sqlite_hold(const char *database, int *hold, struct nl_error *err) {
    struct flock lock = all_locks;
    int fd = open(database, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? NL_OK : nl_error_system(err, errno, "open", database);
    *hold = fd;
    if (fcntl(fd, F_SETLK, &lock) == 0)
        return NL_OK;
    if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
        return nl_error_set(err, NL_BUSY,
                            "process %lld has %s open: stop 'newsletter serve', timers and cron "
                            "first",
                            (long long)lock.l_pid, database);
    return nl_error_set(err, NL_BUSY,
                        "another process has %s open: stop 'newsletter serve', timers and cron "
                        "first",
                        database);
}

/* ---- the copy ---- */

/* A database belongs to the users of the one that it replaces, or else of its folder. */
static enum nl_status give_to_owner(const char *path, const char *database, struct nl_error *err) {
    struct stat owner;
    char *name = nl_strdup(database);
    bool replaced = stat(database, &owner) == 0;
    bool known = replaced || (stat(dirname(name), &owner) == 0);
    mode_t mode = replaced ? (owner.st_mode & 0660) | 0600 : nl_file_private_mode(database);
    free(name);
    if (chmod(path, mode) != 0)
        return nl_error_system(err, errno, "set the mode of", path);
    if (geteuid() != 0 || !known)
        return NL_OK;
    return lchown(path, owner.st_uid, owner.st_gid) == 0
               ? NL_OK
               : nl_error_system(err, errno, "give to its owner", path);
}

static enum nl_status open_source(const char *source, sqlite3 **out, struct nl_error *err) {
    unsigned char header[HEADER];
    struct stat found;
    if (stat(source, &found) != 0)
        return nl_error_system(err, errno, "read", source);
    if (access(source, R_OK) != 0)
        return nl_error_system(err, errno, "read", source);
    if (!S_ISREG(found.st_mode) || !read_header(source, header))
        return nl_error_set(err, NL_DATA, "%s is not a backup of a database", source);
    if (sqlite3_open_v2(source, out, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        return nl_error_set(err, NL_DATA, "cannot open %s: %s", source, sqlite3_errmsg(*out));
    return has_our_tables(*out)
               ? NL_OK
               : nl_error_set(err, NL_DATA, "%s is damaged, or the database of another program",
                              source);
}

enum nl_status nl_sqlite_copy_file(const char *source, const char *path, const char *database,
                                   struct nl_error *err) {
    sqlite3 *db = NULL;
    enum nl_status status = open_source(source, &db, err);
    if (status == NL_OK)
        status = nl_sqlite_copy(db, path, err);
    if (status == NL_OK)
        status = nl_sqlite_settle_restored(path, err);
    if (status == NL_OK)
        status = give_to_owner(path, database, err);
    else
        nl_error_context(err, "%s", source);
    sqlite3_close(db);
    return status;
}

/* ---- taking the place ---- */

/* Gives a file of the old database its new name, if there is one. */
static enum nl_status keep(const char *database, const char *ending, const char *kept, bool *moved,
                           struct nl_error *err) {
    struct nl_buf from = {0};
    struct nl_buf to = {0};
    enum nl_status status = NL_OK;
    nl_buf_addf(&from, "%s%s", database, ending);
    nl_buf_addf(&to, "%s%s", kept, ending);
    if (rename(nl_buf_text(&from), nl_buf_text(&to)) == 0)
        *moved = true;
    else if (errno != ENOENT)
        status = nl_error_system(err, errno, "rename", nl_buf_text(&from));
    nl_buf_free(&from);
    nl_buf_free(&to);
    return status;
}

/* The database goes first: a crash between two steps leaves no database at all, never one with the
 * log of another, and the next attempt keeps the rest. */
enum nl_status nl_sqlite_replace(const char *database, const char *fresh, const char *kept,
                                 bool *replaced, struct nl_error *err) {
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    bool other = false;
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < sizeof endings / sizeof endings[0]; i++)
        status = keep(database, endings[i], kept, i == 0 ? replaced : &other, err);
    *replaced = *replaced || other;
    nl_file_sync_folder(database);
    if (status == NL_OK && rename(fresh, database) != 0)
        status = nl_error_system(err, errno, "create", database);
    nl_file_sync_folder(database);
    return status;
}
