/* Taking staged rows in. */
#ifndef NL_STORE_IMPORT_APPLY_H
#define NL_STORE_IMPORT_APPLY_H

#include "store/import_row.h"

/* Takes the packed rows in, within a transaction of the caller's, and adds what came of them to
 * `tally`. Rows for lists that are gone are passed over. */
NL_CHECKED enum nl_status nl_import_take_packed(struct nl_import *import, const void *rows,
                                                size_t len, struct nl_import_tally *tally,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Notes the tally of a task's import. */
NL_CHECKED enum nl_status nl_import_note_tally(struct nl_store *store, int64_t task,
                                               const struct nl_import_tally *tally,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Takes in all imports that count. Calls `progress`, which may be NULL, with the rows of each
 * part. */
NL_CHECKED enum nl_status nl_import_apply_all(struct nl_store *store,
                                              void (*progress)(int64_t rows, void *ctx), void *ctx,
                                              struct nl_error *err) NL_NONNULL(1, 4);

#endif
