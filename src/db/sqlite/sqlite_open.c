#include "db/sqlite/sqlite.h"

#include "newsletter/base/file.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/token.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUSY_MILLISECONDS = 10000,
    /* A store belongs to one thread at a time. */
    OPEN_FLAGS = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
    /* Small memory that a store keeps at hand: 256 KiB, enough for the programs of its triggers. */
    SLOT_BYTES = 2048,
    SLOTS = 128,
};

/* The file is made by us, so that it never exists with a wider mode than it should have. SQLite
 * gives the same mode to the files that it makes. */
enum nl_status nl_sqlite_create(const char *path, bool *created, struct nl_error *err) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    *created = fd >= 0;
    if (fd < 0)
        return errno == EEXIST ? NL_OK : nl_error_system(err, errno, "create", path);
    enum nl_status status = nl_file_set_mode(fd, nl_file_private_mode(path))
                                ? NL_OK
                                : nl_error_system(err, errno, "set the mode of", path);
    close(fd);
    return status;
}

void nl_sqlite_discard(const char *path) {
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct nl_buf name = {0};
        nl_buf_addf(&name, "%s%s", path, endings[i]);
        unlink(nl_buf_text(&name));
        nl_buf_free(&name);
    }
}

enum nl_status nl_sqlite_check(const char *path, struct nl_error *err) {
    struct stat info;
    if (stat(path, &info) != 0)
        return errno == ENOENT
                   ? nl_error_set(
                         err, NL_NOINPUT,
                         "no database at %s: run 'newsletter init', or 'newsletter restore' "
                         "with a backup",
                         path)
                   : nl_error_system(err, errno, "open", path);
    if (info.st_size == 0)
        return nl_error_set(err, NL_IO,
                            "%s is empty: restore it from a backup, or remove it and "
                            "run 'newsletter init'",
                            path);
    return NL_OK;
}

static enum nl_status configure(struct nl_store *store, struct nl_error *err) {
    static const char pragmas[] =
        "PRAGMA journal_mode = WAL;"
        "PRAGMA synchronous = FULL;"
        "PRAGMA foreign_keys = ON;"
        "PRAGMA secure_delete = ON;" NL_SQLITE_CHECKPOINTS "PRAGMA trusted_schema = OFF;";
    sqlite3_extended_result_codes(nl_sqlite(store)->db, 1);
    nl_sqlite_set_patience(store, BUSY_MILLISECONDS);
    return nl_sqlite_script(store, store->leave_settings ? "PRAGMA trusted_schema = OFF;" : pragmas,
                            err);
}

/* Nobody asks how much memory SQLite has, and counting it takes a lock for each piece. */
static void count_no_memory(void) {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static void add_blob(struct nl_buf *out, sqlite3_value *value) {
    const void *bytes = sqlite3_value_blob(value);
    if (bytes != NULL)
        nl_buf_add(out, bytes, (size_t)sqlite3_value_bytes(value));
}

/* chained(CHAIN, ID, BODY): the digest that a record of the ledger carries. */
static void chain_record(sqlite3_context *context, int count, sqlite3_value **values) {
    unsigned char digest[NL_DIGEST_LEN];
    struct nl_buf all = {0};
    uint64_t id = htobe64((uint64_t)sqlite3_value_int64(values[1]));
    (void)count;
    add_blob(&all, values[0]);
    nl_buf_add(&all, &id, sizeof id);
    add_blob(&all, values[2]);
    {
        nl_digest(nl_buf_text(&all), all.len, digest);
        sqlite3_result_blob(context, digest, sizeof digest, SQLITE_TRANSIENT);
    }
    nl_buf_free(&all);
}

/* 'restore' may have renamed the file after we opened it and before we had a lock on it. */
static enum nl_status check_place(struct nl_store *store, const char *path, struct nl_error *err) {
    int moved = 0;
    sqlite3_file_control(nl_sqlite(store)->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved == 0
               ? NL_OK
               : nl_error_set(err, NL_TEMPFAIL, "%s was replaced just now: run it again", path);
}

enum nl_status nl_sqlite_open(struct nl_store *store, const char *path, struct nl_error *err) {
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    struct nl_sqlite *link = nl_calloc(1, sizeof *link);
    store->link = link;
    link->lock_fd = -1;
    pthread_once(&configured, count_no_memory);
    if (sqlite3_open_v2(path, &link->db, OPEN_FLAGS, NULL) != SQLITE_OK)
        return link->db != NULL ? nl_sqlite_error(store, err) : nl_error_nomem(err);
    sqlite3_db_config(link->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, SLOT_BYTES, SLOTS);
    nl_sqlite_follow_words(store);
    sqlite3_create_function(link->db, "chained", 3, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
                            chain_record, NULL, NULL);
    nl_sqlite_add_attribute(link->db);
    enum nl_status status = configure(store, err);
    return status == NL_OK ? check_place(store, path, err) : status;
}

void nl_sqlite_close(struct nl_store *store) {
    struct nl_sqlite *link = store->link;
    if (link == NULL)
        return;
    nl_sqlite_series(store, false);
    sqlite3_close(link->db);
    if (link->lock_fd >= 0)
        close(link->lock_fd); /* this also ends every lock of this store */
    free(link);
    store->link = NULL;
}

/* SQLite chooses the folder for temporary files by access(2), to which a sandbox makes no
 * difference, and then fails to make them there. Its log and its lock lie next to the database. */
void nl_sqlite_confine(struct nl_store *store, nl_store_visit_path *visit, void *ctx) {
    char *copy = nl_strdup(store->path);
    const char *folder = dirname(copy);
    if (folder != NULL) {
        visit(folder, true, ctx);
        sqlite3_free(sqlite3_temp_directory);
        sqlite3_temp_directory = sqlite3_mprintf("%s", folder);
    }
    free(copy);
}
