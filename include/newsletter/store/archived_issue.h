/* The issues that went out, as the public may read them. */
#ifndef NEWSLETTER_STORE_ARCHIVED_ISSUE_H
#define NEWSLETTER_STORE_ARCHIVED_ISSUE_H

#include "newsletter/db/handle.h"

#include <stddef.h>

/* One issue as the archive lists it. Borrowed for the time of a call; optional texts are NULL. */
struct nl_entry {
    int64_t id;
    int64_t sent_at; /* when it began to go out, or was published later */
    const char *slug, *series, *number, *title, *category, *posted_by;
    const char *date;     /* YYYY-MM-DD */
    const char *language; /* of its own text; NULL in early issues */
    const char *events;   /* JSON */
};

/* Which issues: NULL and 0 stand for all. */
struct nl_filter {
    const char *date; /* a beginning: "2008", "2008-08" */
    const char *category, *series, *posted_by;
    const char *slug;
    const char *words; /* words to find in the text, in any language */
    bool with_events;
    bool unlisted; /* also unlisted issues: those that have a page without a link to it */
    int64_t limit, offset;
};

/* Calls `each` for the issues of a list that went out, newest first. */
NL_CHECKED enum nl_status nl_archive_each(struct nl_store *store, int64_t list,
                                          const struct nl_filter *filter,
                                          enum nl_status (*each)(const struct nl_entry *entry,
                                                                 void *ctx, struct nl_error *err),
                                          void *ctx, struct nl_error *err) NL_NONNULL(1, 3, 4, 6);

/* Whether the public may read an issue now: it went out, is not withheld, and its list is not
 * secret. */
NL_CHECKED enum nl_status nl_archive_is_open(struct nl_store *store, int64_t issue, bool *open,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Puts an issue into the archive, from `at` on (0: now). NL_DATA where it is never to be there. */
NL_CHECKED enum nl_status nl_archive_publish(struct nl_store *store, int64_t issue, int64_t at,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* Takes an issue out of the archive, from `at` on (0: now). */
NL_CHECKED enum nl_status nl_archive_withdraw(struct nl_store *store, int64_t issue, int64_t at,
                                              struct nl_error *err) NL_ALL_NONNULL;

enum nl_facet {
    NL_FACET_YEAR,
    NL_FACET_MONTH,
    NL_FACET_CATEGORY,
    NL_FACET_SERIES,
    NL_FACET_POSTED_BY
};

/* Calls `each` for every value there is, years and months newest first. */
NL_CHECKED enum nl_status nl_archive_facets(struct nl_store *store, int64_t list,
                                            enum nl_facet facet,
                                            enum nl_status (*each)(const char *value, int64_t count,
                                                                   void *ctx, struct nl_error *err),
                                            void *ctx, struct nl_error *err) NL_NONNULL(1, 4, 6);

/* The text of an issue in one of its languages: its own, or `language` exactly. Free with
 * nl_archived_free. */
struct nl_archived {
    char *title;
    char *body; /* packed; NULL in early issues */
    size_t body_len;
    char *source;
};
NL_CHECKED enum nl_status nl_archive_text(struct nl_store *store, int64_t issue,
                                          const char *language, bool *found,
                                          struct nl_archived *out, struct nl_error *err)
    NL_NONNULL(1, 4, 5, 6);
void nl_archived_free(struct nl_archived *archived);

/* Appends the composed message of an issue, in one of its languages (NULL: its own): packed. */
NL_CHECKED enum nl_status nl_archive_message(struct nl_store *store, int64_t issue,
                                             const char *language, struct nl_buf *out,
                                             struct nl_error *err) NL_NONNULL(1, 4, 5);

/* Calls `each` for the languages that an issue has besides its own. */
NL_CHECKED enum nl_status
nl_archive_languages(struct nl_store *store, int64_t issue,
                     enum nl_status (*each)(const char *language, void *ctx, struct nl_error *err),
                     void *ctx, struct nl_error *err) NL_NONNULL(1, 3, 5);

/* Calls `each` for the languages that the issues of a list can be read in, in order. */
NL_CHECKED enum nl_status nl_archive_all_languages(
    struct nl_store *store, int64_t list,
    enum nl_status (*each)(const char *language, void *ctx, struct nl_error *err), void *ctx,
    struct nl_error *err) NL_NONNULL(1, 3, 5);

#endif
