/* Something to listen to: a recording that the front matter of an issue or the configuration names.
 */
#ifndef NEWSLETTER_BASE_MEDIUM_H
#define NEWSLETTER_BASE_MEDIUM_H

#include "newsletter/base/attribute.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Texts that are not set are NULL. Either `file` or `url` is. */
struct nl_medium {
    char *title;
    char *file; /* a path */
    char *url;  /* https */
    char *licence;
    char *duration; /* "3:20" or "1:02:03" */
};

/* Any number of them. Zero-initialise; free with nl_media_free. */
struct nl_media {
    struct nl_medium *items;
    size_t count;
};

/* The member that a key names: "title", "file" and so on; NULL for another key. */
char **nl_medium_member(struct nl_medium *medium, const char *key) NL_ALL_NONNULL;

/* Why it cannot be used, in words; NULL if it can. */
const char *nl_medium_problem(const struct nl_medium *medium) NL_ALL_NONNULL;

/* The seconds of a duration; 0 for NULL and for any other text. */
int64_t nl_medium_seconds(const char *duration);

/* The media type of a sound file by the ending of its name, and that ending as one spells it:
 * constants. NULL for another file. */
const char *nl_medium_type(const char *name, const char **ending) NL_ALL_NONNULL;

void nl_media_free(struct nl_media *media);

#endif
