/* The public archive as files, for any web server. */
#ifndef NEWSLETTER_ARCHIVE_BUILD_H
#define NEWSLETTER_ARCHIVE_BUILD_H

#include "newsletter/config/config.h"
#include "newsletter/db/handle.h"

/* Writes the archives of all lists that are not private below `folder`: LIST/..., style.css and
 * index.html. Each file is replaced in one step. *files is how many were written. */
NL_CHECKED enum nl_status nl_archive_build(struct nl_store *store, const struct nl_config *config,
                                           const char *folder, int64_t *files,
                                           struct nl_error *err) NL_ALL_NONNULL;

#endif
