/* Copies of a whole installation, from any database to any other. */
#ifndef NEWSLETTER_DB_COPY_H
#define NEWSLETTER_DB_COPY_H

#include "newsletter/db/handle.h"

/* One table, as both databases have it now. Borrowed for the time of a call. */
struct nl_copied {
    const char *table;
    int64_t rows;
    const char *checksum; /* hexadecimal SHA-256 over all rows */
};

typedef void nl_copied_each(const struct nl_copied *copied, void *ctx);

/* Makes a database at `path`, where there must be none, with all that `from` holds, reads it again
 * and compares the counts and checksums of each table, which `each` (may be NULL) is told. Others
 * may go on writing to `from`: the copy shows it as it was when it began. A copy that fails is
 * removed. */
NL_CHECKED enum nl_status nl_store_copy(struct nl_store *from, const char *path,
                                        nl_copied_each *each, void *ctx, struct nl_error *err)
    NL_NONNULL(1, 2, 5);

/* Moves the installation: makes a copy as nl_store_copy does and closes `from` for good. Nobody can
 * write to it meanwhile or use it afterwards, since two databases that both send would mail
 * everybody twice. NL_BUSY while messages are being sent. */
NL_CHECKED enum nl_status nl_store_move(struct nl_store *from, const char *path,
                                        nl_copied_each *each, void *ctx, struct nl_error *err)
    NL_NONNULL(1, 2, 5);

#endif
