/* One issue compiled from several short items (`newsletter digest`). */
#ifndef NEWSLETTER_BULLETIN_COMPILATION_H
#define NEWSLETTER_BULLETIN_COMPILATION_H

#include "newsletter/base/error.h"

#include <stddef.h>

struct nl_compilation {
    const char *folder;          /* holds the items: small issues, each with a title and a date */
    const char *title;           /* of the issue */
    const char *date;            /* its day, YYYY-MM-DD */
    const char *number, *series; /* NULL for none */
};

/* Writes FOLDER/digest-DATE.md with the items as sections in the order of their dates, with their
 * events and attachments, and one such file for each language that items have editions in. An item
 * without an edition in that language appears in its main language. Then moves the items to
 * FOLDER/used. The caller frees *path. NL_NOINPUT if there is no item, NL_EXISTS if the issue
 * exists. */
NL_CHECKED enum nl_status nl_compilation_write(const struct nl_compilation *compilation,
                                               char **path, size_t *count,
                                               struct nl_error *err) NL_ALL_NONNULL;

#endif
