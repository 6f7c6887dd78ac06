/* The recordings that issues bring along, for the archive. */
#ifndef NEWSLETTER_STORE_RECORDING_H
#define NEWSLETTER_STORE_RECORDING_H

#include "newsletter/db/handle.h"

#include <stddef.h>

struct nl_recording {
    int64_t number;   /* its place in the front matter, from 1 */
    const char *type; /* media type, a constant */
    char *data;
    size_t len;
};
void nl_recordings_free(struct nl_recording *files, size_t count);

/* Appends a recording of an issue; `language` is that of the edition that has it, NULL for the
 * issue's own. With `out` NULL, *size alone is set. *size is 0 where there is none. */
NL_CHECKED enum nl_status nl_recording_read(struct nl_store *store, int64_t issue,
                                            const char *language, int64_t number, int64_t *size,
                                            struct nl_buf *out, struct nl_error *err)
    NL_NONNULL(1, 5, 7);

/* Whether any issue of a list has one. */
NL_CHECKED enum nl_status nl_recordings_exist(struct nl_store *store, int64_t list, bool *found,
                                              struct nl_error *err) NL_ALL_NONNULL;

#endif
