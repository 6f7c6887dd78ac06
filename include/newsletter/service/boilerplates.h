/* Snippets and templates: texts that an office uses again. A snippet is Markdown that is put into
 * an issue; where it begins with front matter, its contact comes with it. A template is a whole
 * issue, in one language or several under the same name. Functions that change something need
 * office->by. */
#ifndef NEWSLETTER_SERVICE_BOILERPLATES_H
#define NEWSLETTER_SERVICE_BOILERPLATES_H

#include "newsletter/service/drafts.h"

/* A text that is to be kept. */
struct nl_boilerplate_wish {
    int64_t id;           /* 0: a new one */
    const char *kind;     /* "snippet" or "template" */
    const char *name;     /* one line */
    const char *language; /* NULL or "": any */
    const char *list;     /* NULL or "": for all lists */
    const char *source;
    int64_t revision; /* the one that was looked at; 0: in any case */
};

/* All of them, without their texts: objects with id, kind, name, language, list ("" for all),
 * revision, updated_at, updated_by. The caller frees *out. */
NL_CHECKED enum nl_status nl_office_boilerplates(const struct nl_office *office, json_t **out,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* One, with "source". The caller frees *out. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_boilerplate_read(const struct nl_office *office, int64_t id,
                                                     json_t **out,
                                                     struct nl_error *err) NL_ALL_NONNULL;

/* Keeps one. *stale: somebody else has changed it since, and nothing was changed. NL_DATA,
 * NL_EXISTS for a name that is taken, NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_boilerplate_save(const struct nl_office *office,
                                                     const struct nl_boilerplate_wish *wish,
                                                     int64_t *id, bool *stale,
                                                     struct nl_error *err) NL_ALL_NONNULL;

/* NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_boilerplate_remove(const struct nl_office *office, int64_t id,
                                                       struct nl_error *err) NL_ALL_NONNULL;

/* Keeps all texts of a draft as a template of that name, in place of earlier ones. NL_DATA,
 * NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_boilerplate_of_draft(const struct nl_office *office,
                                                         int64_t draft, const char *name,
                                                         struct nl_error *err) NL_ALL_NONNULL;

/* Puts a snippet at the end of an issue's text, with its contact where it has one. Appends the new
 * text to `out`. NL_NOTFOUND, NL_DATA where it is not a snippet. */
NL_CHECKED enum nl_status nl_office_boilerplate_insert(const struct nl_office *office, int64_t id,
                                                       const char *source, struct nl_buf *out,
                                                       struct nl_error *err) NL_ALL_NONNULL;

#endif
