#include "newsletter/db/backup.h"

#include "db/database.h"
#include "newsletter/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Makes the name of the file as durable as its content. */
static void sync_folder(const char *path) {
    char *copy = strdup(path);
    int fd = copy != NULL ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(copy);
}

enum nl_status nl_store_backup(struct nl_store *store, const char *path, struct nl_error *err) {
    struct nl_buf partial = {0};
    nl_buf_addf(&partial, "%s.partial", path);
    if (partial.failed)
        return nl_error_nomem(err);
    enum nl_status status = store->engine->backup(store, nl_buf_text(&partial), err);
    if (status == NL_OK && rename(nl_buf_text(&partial), path) != 0)
        status = nl_error_system(err, errno, "create", path);
    if (status == NL_OK)
        sync_folder(path);
    else
        unlink(nl_buf_text(&partial));
    nl_buf_free(&partial);
    return status;
}
