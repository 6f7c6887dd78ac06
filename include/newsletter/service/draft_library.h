/* The memory of an office for its drafts: words that it has used before, and all files. */
#ifndef NEWSLETTER_SERVICE_DRAFT_LIBRARY_H
#define NEWSLETTER_SERVICE_DRAFT_LIBRARY_H

#include "newsletter/service/drafts.h"

/* Proposals from the issues of a list: an object with "categories", "series" and "authors" (arrays
 * of texts, those used last first), "languages" (that of the list, and those of its last issue) and
 * "number", the next one, "" where the last issue had none.
 * The caller frees *out. */
NL_CHECKED enum nl_status nl_office_draft_proposals(const struct nl_office *office,
                                                    const char *list, json_t **out,
                                                    struct nl_error *err) NL_ALL_NONNULL;

enum { NL_LIBRARY_MOST = 200 };

/* Files of all drafts whose name, or the title of whose draft, contains `search` ("": all), at most
 * NL_LIBRARY_MOST: objects with draft, title, list, name, size and used, an array of the languages
 * whose texts name the file. The caller frees *out. */
NL_CHECKED enum nl_status nl_office_draft_library(const struct nl_office *office,
                                                  const char *search, json_t **out,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* Copies a file of another draft into a draft. The caller knows that both may be read and written.
 * NL_NOTFOUND, NL_DATA. */
NL_CHECKED enum nl_status nl_office_draft_file_take(const struct nl_office *office, int64_t id,
                                                    int64_t from, const char *name,
                                                    struct nl_error *err) NL_ALL_NONNULL;

/* Appends a file of a draft. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_draft_file_read(const struct nl_office *office, int64_t id,
                                                    const char *name, struct nl_buf *out,
                                                    struct nl_error *err) NL_ALL_NONNULL;

/* Decodes a picture of a draft and writes it again, as one that is uploaded for the text.
 * NL_NOTFOUND, NL_DATA. */
NL_CHECKED enum nl_status nl_office_draft_file_clean(const struct nl_office *office, int64_t id,
                                                     const char *name,
                                                     struct nl_error *err) NL_ALL_NONNULL;

#endif
