/* An issue with its pictures and attachments in one zip archive, which somebody uploads. */
#ifndef NEWSLETTER_TRANSFER_PACKED_ISSUE_H
#define NEWSLETTER_TRANSFER_PACKED_ISSUE_H

#include "newsletter/base/buf.h"
#include "newsletter/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Files in an archive, and bytes of one of them and of all. */
enum {
    NL_PACKED_FILES = 200,
    NL_PACKED_FILE_MOST = 10 << 20,
    NL_PACKED_MOST = 24 << 20,
};

/* Whether the bytes begin as a zip archive does. */
bool nl_packed_issue_is_zip(const char *data, size_t len) NL_NONNULL(1);

/* Whether a name may be that of a file in a draft: parts of letters, digits, blanks and ".,_-+()",
 * with "/" between them, of which none begins with a dot. 120 bytes at most. */
bool nl_packed_issue_is_name(const char *name) NL_ALL_NONNULL;

/* Calls `each` for every file in the archive, in order, with its name below the archive's own
 * folder. Folders, and what systems add by themselves (".DS_Store", "__MACOSX/"), are passed over.
 * NL_DATA for a name that leads out of the folder, a link, and an archive that is broken,
 * encrypted or too large when unpacked. */
NL_CHECKED enum nl_status
nl_packed_issue_each(const char *data, size_t len,
                     enum nl_status (*each)(const char *name, const struct nl_buf *content,
                                            void *ctx, struct nl_error *err),
                     void *ctx, struct nl_error *err) NL_NONNULL(1, 3, 5);

#endif
