#include "newsletter/transfer/sealed_backup.h"

#include "newsletter/base/file.h"
#include "newsletter/db/backup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The readable copy `plain` is there while this runs, and not longer. */
static enum nl_status encrypt_copy(struct nl_store *store, const char *plain,
                                   const char *recipients, const char *partial,
                                   struct nl_error *err) {
    struct nl_guard guard = {0};
    enum nl_status status = nl_guard_begin(&guard, plain, err);
    if (status == NL_OK)
        status = nl_store_copy_to(store, plain, err);
    if (status == NL_OK)
        status = nl_openpgp_encrypt(recipients, plain, partial, err);
    nl_guard_end(&guard);
    return status;
}

enum nl_status nl_sealed_backup_write(struct nl_store *store, const char *recipients,
                                      const char *path, struct nl_error *err) {
    const char *database = nl_store_name(store);
    enum nl_status status = nl_backup_check_target(database, path, nl_openpgp_is_message, err);
    if (status != NL_OK)
        return status;
    const struct nl_env *env = nl_store_env(store);
    const char *near = nl_store_is_file(database) ? database : path;
    nl_guard_sweep(near, ".copy", nl_env_now(env));
    char *plain = nl_backup_name(near, ".copy", env);
    char *partial = nl_backup_name(path, ".partial", env);
    status = encrypt_copy(store, plain, recipients, partial, err);
    if (status == NL_OK && rename(partial, path) != 0) {
        status = nl_error_system(err, errno, "create", path);
        unlink(partial);
    }
    if (status == NL_OK)
        nl_file_sync_folder(path);
    free(plain);
    free(partial);
    return status;
}

enum nl_status nl_sealed_backup_open(const char *source, const char *near, const char *key,
                                     nl_openpgp_ask *ask, struct nl_opened_backup *out,
                                     struct nl_error *err) {
    nl_guard_sweep(near, ".plain", nl_env_now(&nl_env_system));
    out->path = nl_backup_name(near, ".plain", &nl_env_system);
    enum nl_status status = nl_guard_begin(&out->guard, out->path, err);
    return status == NL_OK ? nl_openpgp_decrypt(key, ask, source, out->path, err) : status;
}

void nl_sealed_backup_close(struct nl_opened_backup *opened) {
    nl_guard_end(&opened->guard);
    free(opened->path);
    opened->path = NULL;
}
