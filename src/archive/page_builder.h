/* One page of the archive while it is made: what the files that make pages share. archive.c, which
 * knows the paths, calls list_page.c, feed.c and issue_page.c; these call page_builder.c. */
#ifndef NL_ARCHIVE_PAGE_BUILDER_H
#define NL_ARCHIVE_PAGE_BUILDER_H

#include "newsletter/archive/archive.h"

#include <jansson.h>

struct nl_page_builder {
    const struct nl_archive *archive;
    struct nl_buf root;    /* from the page to the archive: "", "../", "../../" ... */
    json_t *array;         /* gets what a callback finds */
    struct nl_entry entry; /* the issue of a page, with copies of its texts */
    char *strings[8];      /* the copies */
};

/* An issue as templates show it in a list. The caller owns it. */
json_t *nl_page_entry(const struct nl_page_builder *builder, const struct nl_entry *entry);

/* The data that every page has. The caller owns it. */
json_t *nl_page_data(const struct nl_page_builder *builder, const char *heading);

/* Renders the template `file` over `data` as the page. */
enum nl_status nl_page_render(const struct nl_page_builder *builder, const char *file, json_t *data,
                              struct nl_archive_page *out, struct nl_error *err);

/* Fills a stored text as a page or a feed shows it, with its pictures at the address `base`. */
enum nl_status nl_page_body(const struct nl_archived *text, const char *base, struct nl_buf *out,
                            struct nl_error *err);

/* list_page.c: the pages that list issues: the newest ones, those that hold `words`, those of a
 * year (and month, if it is not NULL), and those of the kind `name` ("category", "series" or "by")
 * whose value has the key `key`. */
enum nl_status nl_page_newest(struct nl_page_builder *builder, struct nl_archive_page *out,
                              struct nl_error *err);
enum nl_status nl_page_search(struct nl_page_builder *builder, const char *words,
                              struct nl_archive_page *out, struct nl_error *err);
enum nl_status nl_page_date(struct nl_page_builder *builder, const char *year, const char *month,
                            struct nl_archive_page *out, struct nl_error *err);
enum nl_status nl_page_kind(struct nl_page_builder *builder, const char *name, const char *key,
                            struct nl_archive_page *out, struct nl_error *err);

/* feed.c: the Atom feed (RFC 4287). There is none where the archive's address is not known. */
enum nl_status nl_page_feed(struct nl_page_builder *builder, struct nl_archive_page *out,
                            struct nl_error *err);

/* issue_page.c: the page of an issue in one language, NULL for its own. */
enum nl_status nl_page_issue(struct nl_page_builder *builder, const char *slug,
                             const char *language, struct nl_archive_page *out,
                             struct nl_error *err);

/* issue_page.c: one picture of the issue that the parts of a path name. */
enum nl_status nl_page_picture(struct nl_page_builder *builder, char *const parts[3], size_t count,
                               const char *name, struct nl_archive_page *out, struct nl_error *err);

#endif
