/* The list of files that a build of the archive has written, so that the next build can remove
 * those which are no longer part of it. */
#ifndef NL_ARCHIVE_MANIFEST_H
#define NL_ARCHIVE_MANIFEST_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

/* Replaces the list in `folder` by `written`, relative paths that end with a line feed each, after
 * it has removed the files that are only in the old list. Files that it does not name stay. */
enum nl_status nl_manifest_update(const char *folder, const struct nl_buf *written,
                                  struct nl_error *err);

#endif
