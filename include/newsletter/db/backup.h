/* A copy of the database while it is in use. */
#ifndef NEWSLETTER_DB_BACKUP_H
#define NEWSLETTER_DB_BACKUP_H

#include "newsletter/db/handle.h"

/* Writes a whole and consistent copy to `path` (mode 0600), replacing a file that was there in one
 * step; a failure leaves that file as it was. The copy can be opened as it is. */
NL_CHECKED enum nl_status nl_store_backup(struct nl_store *store, const char *path,
                                          struct nl_error *err) NL_ALL_NONNULL;

#endif
