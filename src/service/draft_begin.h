/* A draft that is being begun, and files for one. */
#ifndef NL_SERVICE_DRAFT_BEGIN_H
#define NL_SERVICE_DRAFT_BEGIN_H

#include "newsletter/service/drafts.h"
#include "newsletter/store/draft.h"

struct nl_draft_beginning {
    const struct nl_office *office;
    const struct nl_draft_start *start;
    struct nl_list list;
    int64_t draft;
};

/* draft_document.c: adds a text in a language that the draft does not have. */
NL_CHECKED enum nl_status nl_draft_begin_text(const struct nl_draft_beginning *self,
                                              const char *language, const char *source,
                                              struct nl_error *err) NL_ALL_NONNULL;

/* draft_upload.c: takes the texts and files of an uploaded file. */
NL_CHECKED enum nl_status nl_draft_begin_upload(const struct nl_draft_beginning *self,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* draft_template.c: begins with the texts of a template. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_draft_begin_template(const struct nl_draft_beginning *self,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* draft_document.c: begins with a document of another program. */
NL_CHECKED enum nl_status nl_draft_begin_document(const struct nl_draft_beginning *self,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* draft_files.c: a file for a draft; a picture is cleaned. */
NL_CHECKED enum nl_status nl_draft_keep_file(const struct nl_office *office, int64_t draft,
                                             const struct nl_draft_file *file,
                                             struct nl_error *err) NL_ALL_NONNULL;

#endif
