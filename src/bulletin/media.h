/* The recordings of an issue. */
#ifndef NL_BULLETIN_MEDIA_H
#define NL_BULLETIN_MEDIA_H

#include "newsletter/base/error.h"
#include "newsletter/base/medium.h"
#include "newsletter/store/issue.h"

/* Stores one value of the front matter under its path, such as "0.title". `where` and `line` are
 * for messages. */
enum nl_status nl_media_take(struct nl_media *media, const char *path, const char *value,
                             const char *where, size_t line, struct nl_error *err);

enum nl_status nl_media_check(const struct nl_media *media, const char *where,
                              struct nl_error *err);

/* Reads the files that lie next to the issue at `path`. The caller frees *files with
 * nl_recordings_free. `digest` (hexadecimal) is extended by them. */
enum nl_status nl_media_read(const struct nl_media *media, const char *path, char **digest,
                             struct nl_recording **files, size_t *count, struct nl_error *err);

#endif
