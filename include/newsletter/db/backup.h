/* A copy of the database while it is in use, and the way back. */
#ifndef NEWSLETTER_DB_BACKUP_H
#define NEWSLETTER_DB_BACKUP_H

#include "newsletter/base/buf.h"
#include "newsletter/db/handle.h"

#include <stdbool.h>

/* Writes a whole and consistent copy to `path` (mode 0600), replacing an earlier copy that was
 * there in one step; a failure leaves that file as it was. The copy can be opened as it is.
 * NL_EXISTS if `path` is any other file, or a database that is in use: it is never replaced. */
NL_CHECKED enum nl_status nl_store_backup(struct nl_store *store, const char *path,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* NL_EXISTS unless a backup of the database may be written to `path`: nothing is there, or an empty
 * file, or one that `is_backup` accepts. */
NL_CHECKED enum nl_status nl_backup_check_target(const char *database, const char *path,
                                                 bool (*is_backup)(const char *path),
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* Writes a copy into a new file, which may be left unfinished after a failure. */
NL_CHECKED enum nl_status nl_store_copy_to(struct nl_store *store, const char *path,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* A name next to `path` that no file has: PATH, random letters and `ending`. The caller frees
 * it. */
char *nl_backup_name(const char *path, const char *ending, const struct nl_env *env) NL_ALL_NONNULL;

/* Whether `path` is the database's file or one that the engine keeps next to it. */
bool nl_store_owns_path(const char *database, const char *path) NL_ALL_NONNULL;

/* The way back has three steps, so that the caller can examine the copy before it replaces
 * anything. Zero-initialise, and end with nl_restore_end. */
struct nl_restore {
    const char *database; /* borrowed; NULL: only the copy is wanted, for a look at it */
    char *fresh;          /* the copy, next to the database */
    char *kept;           /* the name that the replaced database has got; NULL if there was none */
    int hold;             /* the open file of the database, with locks on it; 0: none */
};

/* Checks that no process has the database open, which then stays so until the end, and that
 * `source` is a whole backup, and copies that. NL_BUSY names the process that has it open. */
NL_CHECKED enum nl_status nl_restore_begin(struct nl_restore *restore, const char *database,
                                           const char *source, struct nl_error *err) NL_ALL_NONNULL;

/* Checks and copies `source` as nl_restore_begin does, next to itself and without a look at any
 * database. */
NL_CHECKED enum nl_status nl_restore_try(struct nl_restore *restore, const char *source,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Puts the copy in the place of the database. The replaced one is kept under another name with what
 * belongs to it. */
NL_CHECKED enum nl_status nl_restore_finish(struct nl_restore *restore, const struct nl_env *env,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Removes the copy if it was not used. */
void nl_restore_end(struct nl_restore *restore) NL_ALL_NONNULL;

#endif
