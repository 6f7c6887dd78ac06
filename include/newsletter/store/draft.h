/* Issues that are being written: one text for each language, kept in versions, and their files. */
#ifndef NEWSLETTER_STORE_DRAFT_H
#define NEWSLETTER_STORE_DRAFT_H

#include "newsletter/base/buf.h"
#include "newsletter/db/handle.h"
#include "newsletter/store/audit.h"
#include "newsletter/store/state.h"

#include <stdbool.h>

/* The largest text, and how many versions of one are kept. The oldest give way. */
enum { NL_DRAFT_TEXT_MOST = 1 << 20, NL_DRAFT_VERSIONS = 200 };

/* One file, all files of a draft (bytes), and their number. */
enum { NL_DRAFT_FILE_MOST = 10 << 20, NL_DRAFT_FILES_MOST = 20 << 20, NL_DRAFT_FILES = 50 };

/* Saves by one person within this many seconds are one version, unless it is to be kept. */
enum { NL_DRAFT_SAME_VERSION = 600 };

/* Free with nl_draft_free. */
struct nl_draft {
    int64_t id, list;
    char *list_name;
    char *title;
    int64_t issue;                   /* that was made of it; 0: none */
    enum nl_issue_state issue_state; /* NL_ISSUE_ANY without one */
    int64_t created_at, updated_at;
    char *created_by, *updated_by;
};
void nl_draft_free(struct nl_draft *draft);

/* Makes a draft without texts. `by` is noted in the audit log. */
NL_CHECKED enum nl_status nl_draft_add(struct nl_store *store, int64_t list, const char *title,
                                       const struct nl_actor *by, int64_t *id,
                                       struct nl_error *err) NL_ALL_NONNULL;

/* NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_draft_get(struct nl_store *store, int64_t id, struct nl_draft *out,
                                       struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` for all drafts, those last touched first. */
NL_CHECKED enum nl_status nl_draft_each(struct nl_store *store,
                                        enum nl_status (*each)(const struct nl_draft *draft,
                                                               void *ctx, struct nl_error *err),
                                        void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Moves a draft to another list. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_draft_set_list(struct nl_store *store, int64_t id, int64_t list,
                                            const struct nl_actor *by,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Notes the issue that was made of a draft. */
NL_CHECKED enum nl_status nl_draft_set_issue(struct nl_store *store, int64_t id, int64_t issue,
                                             struct nl_error *err) NL_ALL_NONNULL;

/* The draft that an issue was made of; 0 for none. */
NL_CHECKED enum nl_status nl_draft_of_issue(struct nl_store *store, int64_t issue, int64_t *draft,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Removes a draft with its texts and files; an issue that was made of it stays. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_draft_remove(struct nl_store *store, int64_t id,
                                          const struct nl_actor *by,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* ---- texts ---- */

/* A version. Borrowed for the time of a call. */
struct nl_draft_version {
    int64_t id;
    const char *language;
    const char *source; /* the whole file: front matter and Markdown */
    int64_t began_at, at;
    const char *author;
};
typedef enum nl_status nl_draft_visit(const struct nl_draft_version *version, void *ctx,
                                      struct nl_error *err);

/* Calls `each` for the present text in each language, in the order in which they were begun. */
NL_CHECKED enum nl_status nl_draft_texts(struct nl_store *store, int64_t draft,
                                         nl_draft_visit *each, void *ctx, struct nl_error *err)
    NL_NONNULL(1, 3, 5);

/* Calls `each` for all versions of one text, the newest first, with `source` NULL. */
NL_CHECKED enum nl_status nl_draft_versions(struct nl_store *store, int64_t draft,
                                            const char *language, nl_draft_visit *each, void *ctx,
                                            struct nl_error *err) NL_NONNULL(1, 3, 4, 6);

/* Appends the text of a version. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_draft_version_read(struct nl_store *store, int64_t draft,
                                                int64_t version, struct nl_buf *source,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* A text to be saved. */
struct nl_draft_save {
    int64_t draft;
    const char *language;
    const char *source;
    const char *title; /* what the draft is called from now on; NULL: as before */
    /* Decides whether it may take the place of the present text, "" where there is none. */
    bool (*allows)(const char *present, void *ctx);
    void *ctx;
    bool keep; /* a version of its own, also soon after another */
    const struct nl_actor *by;
};

/* Saves a text, unless `allows` refuses: then *stale is true and nothing is changed. A text that is
 * as it was makes no version. NL_NOTFOUND, NL_DATA for one that is too long. */
NL_CHECKED enum nl_status nl_draft_save(struct nl_store *store, const struct nl_draft_save *save,
                                        bool *stale, struct nl_error *err) NL_ALL_NONNULL;

/* Removes one language with all its versions. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_draft_text_remove(struct nl_store *store, int64_t draft,
                                               const char *language, const struct nl_actor *by,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* ---- files ---- */

/* Borrowed for the time of a call. */
struct nl_draft_file {
    const char *name;
    size_t size;
    const void *data; /* NULL where only names are asked for */
};

/* Puts a file into a draft, in place of one of that name. NL_DATA where it is too large, or there
 * are too many. */
NL_CHECKED enum nl_status nl_draft_file_put(struct nl_store *store, int64_t draft,
                                            const struct nl_draft_file *file,
                                            const struct nl_actor *by,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` for every file by name, with or without its content. */
NL_CHECKED enum nl_status nl_draft_files(struct nl_store *store, int64_t draft, bool content,
                                         enum nl_status (*each)(const struct nl_draft_file *file,
                                                                void *ctx, struct nl_error *err),
                                         void *ctx, struct nl_error *err) NL_NONNULL(1, 4, 6);

/* NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_draft_file_remove(struct nl_store *store, int64_t draft,
                                               const char *name, const struct nl_actor *by,
                                               struct nl_error *err) NL_ALL_NONNULL;

/* Copies all files of one draft to another, which has none. */
NL_CHECKED enum nl_status nl_draft_files_copy(struct nl_store *store, int64_t from, int64_t to,
                                              struct nl_error *err) NL_ALL_NONNULL;

#endif
