/* Backups that are encrypted. */
#ifndef NEWSLETTER_TRANSFER_SEALED_BACKUP_H
#define NEWSLETTER_TRANSFER_SEALED_BACKUP_H

#include "newsletter/db/handle.h"
#include "newsletter/transfer/openpgp.h"

/* nl_store_backup, encrypted for the public keys in the file `recipients`. Until it is finished, a
 * readable copy lies next to the database, or next to `path` if that is on a server. */
NL_CHECKED enum nl_status nl_sealed_backup_write(struct nl_store *store, const char *recipients,
                                                 const char *path,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* Decrypts the backup `source` into a new file next to `near`; *plain is its name, to be removed
 * and freed by the caller. */
NL_CHECKED enum nl_status nl_sealed_backup_open(const char *source, const char *near,
                                                const char *key, nl_openpgp_ask *ask, char **plain,
                                                struct nl_error *err) NL_ALL_NONNULL;

#endif
