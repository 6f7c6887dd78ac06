#include "newsletter/store.h"

#include "newsletter/config.h"
#include "newsletter/file.h"
#include "newsletter/token.h"
#include "store/lock.h"
#include "store/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUSY_MILLISECONDS = 10000,
    /* A store belongs to one thread at a time. */
    OPEN_FLAGS = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
};

/* The file is made by us, so that it never exists with a wider mode than 0600. */
static enum nl_status create_file(const char *path, bool *created, struct nl_error *err) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    *created = fd >= 0;
    if (fd < 0 && errno != EEXIST)
        return nl_error_system(err, errno, "create", path);
    if (fd >= 0)
        close(fd);
    return NL_OK;
}

static enum nl_status read_secret(struct nl_store *store, struct nl_error *err) {
    bool row = false;
    bool failed = false;
    sqlite3_stmt *statement =
        nl_sql(store, err, "SELECT value FROM setting WHERE key = 'secret'", "");
    if (statement == NULL)
        return err->status;
    enum nl_status status = nl_sql_step(store, statement, &row, err);
    if (status == NL_OK && row)
        store->secret = nl_sql_text(statement, 0, &failed);
    nl_sql_done(statement);
    return failed ? nl_error_nomem(err) : status;
}

/* Two processes may meet here on a new database: the first one's key stays. */
static enum nl_status ensure_secret(struct nl_store *store, struct nl_error *err) {
    struct nl_token token;
    enum nl_status status = read_secret(store, err);
    if (status != NL_OK || store->secret != NULL)
        return status;
    nl_token_new(&store->env, &token);
    status =
        nl_sql_run(store, err, "INSERT OR IGNORE INTO setting (key, value) VALUES ('secret', ?)",
                   "s", token.text);
    return status == NL_OK ? read_secret(store, err) : status;
}

static enum nl_status configure(struct nl_store *store, struct nl_error *err) {
    static const char pragmas[] = "PRAGMA journal_mode = WAL;"
                                  "PRAGMA synchronous = FULL;"
                                  "PRAGMA foreign_keys = ON;"
                                  "PRAGMA trusted_schema = OFF;";
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_timeout(store->db, BUSY_MILLISECONDS);
    if (sqlite3_exec(store->db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
        return nl_sql_error(store, err);
    return NL_OK;
}

static enum nl_status open_file(const char *path, const struct nl_env *env, struct nl_store **out,
                                struct nl_error *err) {
    struct nl_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return nl_error_nomem(err);
    store->env = *env;
    store->lock_fd = -1;
    store->path = strdup(path);
    enum nl_status status = store->path != NULL ? NL_OK : nl_error_nomem(err);
    if (status == NL_OK && sqlite3_open_v2(path, &store->db, OPEN_FLAGS, NULL) != SQLITE_OK)
        status = store->db != NULL ? nl_sql_error(store, err) : nl_error_nomem(err);
    if (status == NL_OK)
        status = configure(store, err);
    if (status == NL_OK)
        status = nl_store_migrate(store, err);
    if (status == NL_OK)
        status = ensure_secret(store, err);
    if (status != NL_OK) {
        nl_store_close(store);
        return status;
    }
    *out = store;
    return NL_OK;
}

enum nl_status nl_store_create(const char *path, const struct nl_env *env, bool *created,
                               struct nl_error *err) {
    struct nl_store *store = NULL;
    enum nl_status status = create_file(path, created, err);
    if (status != NL_OK)
        return status;
    status = open_file(path, env, &store, err);
    if (status != NL_OK && *created)
        unlink(path); /* nothing half-made stays behind */
    nl_store_close(store);
    return status;
}

enum nl_status nl_store_open(const char *path, const struct nl_env *env, struct nl_store **out,
                             struct nl_error *err) {
    struct stat info;
    *out = NULL;
    if (stat(path, &info) != 0)
        return errno == ENOENT
                   ? nl_error_set(err, NL_NOINPUT, "no database at %s: run 'newsletter init'", path)
                   : nl_error_system(err, errno, "open", path);
    if (info.st_size == 0)
        return nl_error_set(err, NL_IO,
                            "%s is empty: restore it from a backup, or remove it and "
                            "run 'newsletter init'",
                            path);
    return open_file(path, env, out, err);
}

const struct nl_env *nl_store_env(const struct nl_store *store) {
    return &store->env;
}

const char *nl_store_secret(const struct nl_store *store) {
    return store->secret;
}

void nl_store_close(struct nl_store *store) {
    if (store == NULL)
        return;
    nl_sql_finalize(store);
    sqlite3_close(store->db);
    nl_store_unlock_all(store);
    free(store->path);
    nl_config_forget(store->secret);
    free(store);
}
