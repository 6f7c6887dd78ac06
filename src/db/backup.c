#include "newsletter/db/backup.h"
#include "newsletter/base/memory.h"

#include "db/database.h"
#include "newsletter/base/file.h"
#include "newsletter/base/token.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- where a backup may be written ---- */

/* Whether both lie in one folder. */
static bool are_neighbours(const char *a, const char *b) {
    char *left = nl_strdup(a);
    char *right = nl_strdup(b);
    bool same = nl_file_is_same(dirname(left), dirname(right));
    free(left);
    free(right);
    return same;
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

bool nl_store_owns_path(const char *database, const char *path) {
    static const char *const endings[] = {"", "-wal", "-shm", "-journal", ".lock"};
    const char *name = last_part(database);
    size_t len = strlen(name);
    if (!nl_store_is_file(database))
        return false;
    if (nl_file_is_same(database, path))
        return true;
    if (strncmp(last_part(path), name, len) != 0 || !are_neighbours(database, path))
        return false;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (strcmp(last_part(path) + len, endings[i]) == 0)
            return true;
    return false;
}

enum nl_status nl_backup_check_target(const char *database, const char *path,
                                      bool (*is_backup)(const char *path), struct nl_error *err) {
    struct stat found;
    if (nl_store_owns_path(database, path))
        return nl_error_set(err, NL_EXISTS,
                            "%s belongs to the database: write the backup to another file", path);
    if (lstat(path, &found) != 0)
        return NL_OK; /* writing will say why, if it is not that nothing is there */
    if (S_ISREG(found.st_mode) && (found.st_size == 0 || is_backup(path)))
        return NL_OK;
    return nl_error_set(err, NL_EXISTS,
                        "%s is not an earlier backup, so it is not replaced: write to another "
                        "file, or remove it first",
                        path);
}

/* ---- writing ---- */

char *nl_backup_name(const char *path, const char *ending, const struct nl_env *env) {
    struct nl_buf name = {0};
    struct nl_token token;
    nl_token_new(env, &token);
    nl_buf_addf(&name, "%s.%.8s%s", path, token.text, ending);
    return nl_buf_take(&name);
}

enum nl_status nl_store_copy_to(struct nl_store *store, const char *path, struct nl_error *err) {
    enum nl_status status = store->engine->backup(store, path, err);
    return status == NL_OK ? nl_engine_sqlite.settle(path, err) : status;
}

enum nl_status nl_store_backup(struct nl_store *store, const char *path, struct nl_error *err) {
    enum nl_status status =
        nl_backup_check_target(store->path, path, nl_engine_sqlite.is_backup, err);
    if (status != NL_OK)
        return status;
    char *partial = nl_backup_name(path, ".partial", &store->env);
    status = nl_store_copy_to(store, partial, err);
    if (status == NL_OK && rename(partial, path) != 0)
        status = nl_error_system(err, errno, "create", path);
    if (status == NL_OK)
        nl_file_sync_folder(path);
    else
        unlink(partial);
    free(partial);
    return status;
}

/* ---- the way back ---- */

static enum nl_status copy_source(struct nl_restore *restore, const char *source,
                                  const char *database, struct nl_error *err) {
    restore->fresh = nl_backup_name(database, ".restore", &nl_env_system);
    return nl_engine_sqlite.copy_file(source, restore->fresh, database, err);
}

enum nl_status nl_restore_begin(struct nl_restore *restore, const char *database,
                                const char *source, struct nl_error *err) {
    const struct nl_engine *engine = &nl_engine_sqlite;
    restore->database = database;
    if (!nl_store_is_file(database))
        return nl_error_set(err, NL_USAGE,
                            "the database is on a server: to fill an empty one from %s, run "
                            "'newsletter --db %s migrate-store postgresql://...'",
                            source, source);
    if (nl_store_owns_path(database, source))
        return nl_error_set(err, NL_USAGE, "%s belongs to the database: name a backup", source);
    enum nl_status status = engine->hold(database, &restore->hold, err);
    return status == NL_OK ? copy_source(restore, source, database, err) : status;
}

enum nl_status nl_restore_try(struct nl_restore *restore, const char *source,
                              struct nl_error *err) {
    return copy_source(restore, source, source, err);
}

enum nl_status nl_restore_finish(struct nl_restore *restore, const struct nl_env *env,
                                 struct nl_error *err) {
    struct nl_buf kept = {0};
    for (int number = 0; number == 0 || (access(kept.data, F_OK) == 0); number++) {
        nl_buf_clear(&kept);
        nl_buf_addf(&kept, "%s.before-%lld", restore->database, (long long)nl_env_now(env));
        if (number > 0)
            nl_buf_addf(&kept, "-%d", number);
    }
    bool replaced = false;
    enum nl_status status = nl_engine_sqlite.replace(restore->database, restore->fresh,
                                                     nl_buf_text(&kept), &replaced, err);
    if (status == NL_OK) {
        free(restore->fresh);
        restore->fresh = NULL;
    }
    if (replaced)
        restore->kept = nl_buf_take(&kept);
    nl_buf_free(&kept);
    return status;
}

void nl_restore_end(struct nl_restore *restore) {
    if (restore->fresh != NULL)
        nl_engine_sqlite.discard(restore->fresh);
    if (restore->hold > 0)
        close(restore->hold);
    free(restore->fresh);
    free(restore->kept);
    *restore = (struct nl_restore){0};
}
