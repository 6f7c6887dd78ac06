/* Drafts: issues that are written by the press room, in the browser or through the API. A draft is
 * composed by the code that composes a file, so it has the same checks and becomes the same mail.
 * All functions need office->by. */
#ifndef NEWSLETTER_SERVICE_DRAFTS_H
#define NEWSLETTER_SERVICE_DRAFTS_H

#include "newsletter/base/buf.h"
#include "newsletter/bulletin/bulletin.h"
#include "newsletter/service/office.h"
#include "newsletter/transfer/document.h"

#include <stdbool.h>
#include <stddef.h>

/* ---- beginning ---- */

/* How often each kind of content was left out of a document, by enum nl_dropped. */
struct nl_draft_dropped {
    size_t counts[NL_DROPPED_KINDS];
};

struct nl_draft_start {
    const char *list;     /* its name; NULL: the only list there is */
    const char *title;    /* from scratch: what it is called */
    bool from_last;       /* from the last issue of the list, with number and date moved on */
    const char *template; /* from one of that name (boilerplates.h) */
    const char *name;     /* from a file: its name, */
    const char *data;     /* its content: a Markdown file, a zip archive of one with its files, or a
                             document (transfer/document.h) */
    size_t len;
    struct nl_draft_dropped *dropped; /* gets what a document had and an issue cannot; or NULL */
};

/* Begins a draft. *id is 0 after a failure, and nothing is kept. NL_DATA for a file that is not
 * an issue, NL_NOTFOUND for a list without issues, or without that template. */
NL_CHECKED enum nl_status nl_office_draft_begin(const struct nl_office *office,
                                                const struct nl_draft_start *start, int64_t *id,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* The number of the next issue: "No 12" after "No 11", "005" after "004"; as it is where it holds
 * no number. */
void nl_draft_next_number(const char *number, struct nl_buf *out) NL_ALL_NONNULL;

/* ---- reading ---- */

/* All drafts, those last touched first: objects with id, list, title, issue and state (null without
 * one), updated_at, updated_by. The caller frees *out. */
NL_CHECKED enum nl_status nl_office_drafts(const struct nl_office *office, json_t **out,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* One draft, as above, with "texts" (language, source, revision, at, author), the main one first,
 * and "files" (name, size). NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_draft_read(const struct nl_office *office, int64_t id,
                                               json_t **out, struct nl_error *err) NL_ALL_NONNULL;

/* The versions of one text, the newest first: id, began_at, at, author. */
NL_CHECKED enum nl_status nl_office_draft_history(const struct nl_office *office, int64_t id,
                                                  const char *language, json_t **out,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* Appends the text of a version. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_draft_version(const struct nl_office *office, int64_t id,
                                                  int64_t version, struct nl_buf *source,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* How one text became another, line by line: objects with "kind" ("same", "gone", "new") and
 * "text"; of lines that are the same, only a few next to a change, and "kind": "gap" for the rest.
 * The caller frees it. */
json_t *nl_draft_difference(const char *before, const char *after) NL_ALL_NONNULL;

/* The same for two columns: objects with "kind" ("same", "changed", "gap"), "left" and "right",
 * arrays of parts of a line ("text", "marked": this is not in the other one). Lines that were
 * changed stand next to each other, with their words marked; a side without a line is empty. The
 * caller frees it. */
json_t *nl_draft_compare(const char *before, const char *after) NL_ALL_NONNULL;

/* ---- writing ---- */

/* One text of a draft. A new language begins with a text of its own. */
struct nl_draft_text {
    const char *language;
    const char *source;
    const struct nl_revision *expected; /* that of the text it was made from; "" for a new one;
                                           NULL: in any case */
    bool keep;                          /* as a version of its own */
};

/* *stale: somebody else has changed the text meanwhile, and nothing was saved. NL_EXISTS for an
 * issue that is planned or sent, NL_DATA, NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_draft_save(const struct nl_office *office, int64_t id,
                                               const struct nl_draft_text *text, bool *stale,
                                               struct nl_error *err) NL_ALL_NONNULL;

NL_CHECKED enum nl_status nl_office_draft_language_remove(const struct nl_office *office,
                                                          int64_t id, const char *language,
                                                          struct nl_error *err) NL_ALL_NONNULL;

NL_CHECKED enum nl_status nl_office_draft_move(const struct nl_office *office, int64_t id,
                                               const char *list,
                                               struct nl_error *err) NL_ALL_NONNULL;

NL_CHECKED enum nl_status nl_office_draft_remove(const struct nl_office *office, int64_t id,
                                                 struct nl_error *err) NL_ALL_NONNULL;

/* A file that somebody uploads: `name` as their computer calls it. */
struct nl_draft_upload {
    const char *name;
    const char *data;
    size_t len;
    bool picture; /* for the text: it must be a PNG, JPEG or GIF */
};

/* Takes a file into a draft; `name` gets the one by which the text refers to it. A picture for the
 * text is decoded and written again, so that nothing but the picture is kept, and made smaller
 * where a mail needs no such width. NL_DATA. */
NL_CHECKED enum nl_status nl_office_draft_file_add(const struct nl_office *office, int64_t id,
                                                   const struct nl_draft_upload *upload,
                                                   struct nl_buf *name,
                                                   struct nl_error *err) NL_ALL_NONNULL;

/* Appends a document as Markdown to `text`, and takes its pictures into the draft. NL_DATA. */
NL_CHECKED enum nl_status nl_office_draft_document(const struct nl_office *office, int64_t id,
                                                   const struct nl_buf *document,
                                                   struct nl_buf *text,
                                                   struct nl_draft_dropped *dropped,
                                                   struct nl_error *err) NL_ALL_NONNULL;

NL_CHECKED enum nl_status nl_office_draft_file_remove(const struct nl_office *office, int64_t id,
                                                      const char *name,
                                                      struct nl_error *err) NL_ALL_NONNULL;

/* ---- composing ---- */

/* A member of findings, and of the facts of a hold: their text in the form of nl_error_keep, or
 * null. It is for pages only, which word it (nl_catalog_kept). */
#define NL_FINDING_PARTS "parts"

enum { NL_FINDING_LANGUAGE = 40 };

/* Takes "issue.ru.md:12: ", which says where, from the beginning of the text of a finding, and
 * "line 12: ". `language` is "" and *line 0 where there is none. */
const char *nl_draft_finding_place(const char *text, char language[NL_FINDING_LANGUAGE],
                                   int64_t *line) NL_ALL_NONNULL;

/* A draft as it would be sent. Zero-initialise; free with nl_draft_composed_free. */
struct nl_draft_composed {
    struct nl_list list;
    struct nl_bulletin bulletin; /* empty where a mistake keeps it from being composed */
    bool whole;                  /* it could be composed */
    json_t *findings; /* objects: level ("error", "warning"), rule, text, language ("" for none),
                         line (of the file; 0 for none); NL_FINDING_PARTS */
    size_t errors, warnings;
};
void nl_draft_composed_free(struct nl_draft_composed *composed);

/* Composes and checks a draft. A mistake in it is a finding, not a failure. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_draft_compose(const struct nl_office *office, int64_t id,
                                                  struct nl_draft_composed *out,
                                                  struct nl_error *err) NL_ALL_NONNULL;

#endif
