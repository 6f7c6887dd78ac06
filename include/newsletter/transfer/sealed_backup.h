/* Backups that are encrypted. */
#ifndef NEWSLETTER_TRANSFER_SEALED_BACKUP_H
#define NEWSLETTER_TRANSFER_SEALED_BACKUP_H

#include "newsletter/base/guard.h"
#include "newsletter/db/handle.h"
#include "newsletter/transfer/openpgp.h"

/* nl_store_backup, encrypted for the public keys in the file `recipients`. Until it is finished, a
 * readable copy lies next to the database, or next to `path` if that is on a server; it goes with
 * the process. */
NL_CHECKED enum nl_status nl_sealed_backup_write(struct nl_store *store, const char *recipients,
                                                 const char *path,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* Zero it; close with nl_sealed_backup_close, also after a failure. */
struct nl_opened_backup {
    char *path; /* of the readable copy */
    struct nl_guard guard;
};

/* Decrypts the backup `source` into a new file next to `near`, which is removed by
 * nl_sealed_backup_close or the end of the process. */
NL_CHECKED enum nl_status nl_sealed_backup_open(const char *source, const char *near,
                                                const char *key, nl_openpgp_ask *ask,
                                                struct nl_opened_backup *out, struct nl_error *err)
    NL_NONNULL(1, 2, 3, 5, 6);
void nl_sealed_backup_close(struct nl_opened_backup *opened) NL_ALL_NONNULL;

#endif
