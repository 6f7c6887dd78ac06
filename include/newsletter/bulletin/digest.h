/* Several short items made into one issue. */
#ifndef NEWSLETTER_BULLETIN_DIGEST_H
#define NEWSLETTER_BULLETIN_DIGEST_H

#include "newsletter/base/error.h"

#include <stddef.h>

struct nl_digest {
    const char *folder;          /* of the items: issues in miniature, each with title and date */
    const char *title;           /* of the issue */
    const char *date;            /* its day, YYYY-MM-DD */
    const char *number, *series; /* NULL for none */
};

/* Writes FOLDER/digest-DATE.md, and one for each language that items are in (of an item that is not
 * in it, the item itself), with the items as sections in the order of their dates, and their events
 * and attachments. Then moves the items to FOLDER/used. The caller frees *path. NL_NOINPUT where
 * there is no item, NL_EXISTS where there is such an issue. */
enum nl_status nl_digest_write(const struct nl_digest *digest, char **path, size_t *count,
                               struct nl_error *err);

#endif
