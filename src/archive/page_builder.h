/* A page of the archive being made: what archive.c and issue.c share. */
#ifndef NL_ARCHIVE_PAGE_BUILDER_H
#define NL_ARCHIVE_PAGE_BUILDER_H

#include "newsletter/archive/archive.h"

#include <jansson.h>

struct kind; /* archive.c */

struct making {
    const struct nl_archive *archive;
    struct nl_buf root; /* from the page to the archive: "", "../", "../../" ... */
    json_t *array;
    const struct kind *kind;
    const char *wanted; /* a key looked for */
    char *value;        /* and what it stands for */
    int64_t newest;
    struct nl_entry entry; /* one found, with copies of what is needed */
    char *strings[8];
};

/* What a template shows of an issue in a list. */
json_t *nl_making_entry(const struct making *making, const struct nl_entry *entry);

/* What every page knows. */
json_t *nl_making_page(const struct making *making, const char *heading);

enum nl_status nl_making_render(const struct making *making, const char *file, json_t *data,
                                struct nl_archive_page *out, struct nl_error *err);

/* issue.c: a text as a page or feed shows it: its pictures lie at `base`. */
enum nl_status nl_making_body(const struct nl_archived *text, const char *base, struct nl_buf *out,
                              struct nl_error *err);

/* issue.c: the page of an issue in one language, NULL for its own. */
enum nl_status nl_making_issue(struct making *making, const char *slug, const char *language,
                               struct nl_archive_page *out, struct nl_error *err);

/* issue.c: one picture of the issue that the parts of a path name. */
enum nl_status nl_making_picture(struct making *making, char *const parts[3], size_t count,
                                 const char *name, struct nl_archive_page *out,
                                 struct nl_error *err);

#endif
