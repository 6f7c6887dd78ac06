#include "newsletter/transfer/sealed_backup.h"

#include "newsletter/base/file.h"
#include "newsletter/db/backup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum nl_status nl_sealed_backup_write(struct nl_store *store, const char *recipients,
                                      const char *path, struct nl_error *err) {
    const char *database = nl_store_name(store);
    enum nl_status status = nl_backup_check_target(database, path, nl_openpgp_is_message, err);
    if (status != NL_OK)
        return status;
    const struct nl_env *env = nl_store_env(store);
    char *plain = nl_backup_name(nl_store_is_file(database) ? database : path, ".copy", env);
    char *partial = nl_backup_name(path, ".partial", env);
    if (plain == NULL || partial == NULL)
        status = nl_error_nomem(err);
    if (status == NL_OK)
        status = nl_store_backup(store, plain, err);
    if (status == NL_OK) {
        status = nl_openpgp_encrypt(recipients, plain, partial, err);
        unlink(plain);
    }
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
                                     nl_openpgp_ask *ask, char **plain, struct nl_error *err) {
    *plain = nl_backup_name(near, ".plain", &nl_env_system);
    return *plain != NULL ? nl_openpgp_decrypt(key, ask, source, *plain, err) : nl_error_nomem(err);
}
