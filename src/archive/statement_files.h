/* The accessibility statement as files: one in each language that issues are in. */
#ifndef NL_ARCHIVE_STATEMENT_FILES_H
#define NL_ARCHIVE_STATEMENT_FILES_H

#include "newsletter/archive/archive.h"

/* Calls `write` for accessibility/, in the language of `bare`, and for accessibility/LANGUAGE/ of
 * each other one that has a catalog. Nothing without a statement. */
NL_CHECKED enum nl_status
nl_statement_write(const struct nl_front *front, const struct nl_archive *bare,
                   enum nl_status (*write)(const char *path, const struct nl_buf *body, void *ctx,
                                           struct nl_error *err),
                   void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 3, 5);

#endif
