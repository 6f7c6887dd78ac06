/* Imports: a file of people, what is to be made of it, and what has become of it. */
#ifndef NEWSLETTER_SERVICE_IMPORTS_H
#define NEWSLETTER_SERVICE_IMPORTS_H

#include "newsletter/service/office.h"
#include "newsletter/transfer/transfer.h"

#include <stdio.h>

/* An import goes from "open" (it waits for its file) to "ready", "waiting", "running", and "done",
 * "failed" or "cancelled"; after a dry run it is "tried", and can be run again; one that is taken
 * back is "undoing" and "undone". It is done by nl_office_tasks_pass (service/tasks.h).
 *
 * Options are a JSON object with the members list, consent, confirm, update, format, encoding,
 * delimiter, dates, as, map ({FIELD: COLUMN}), ignore ([COLUMN]), states ({WORD: STATE}),
 * keep_columns, partial and dry_run, which mean what the options of `newsletter import` mean, and
 * confined: it changes subscriptions of its list, and nothing else of people who are known. */

enum { NL_IMPORT_FILE_MOST = 256 << 20 }; /* bytes of an upload */

/* Opens an import; `name` is the file's, which may say what it holds (unsubscribed.csv). NL_DATA
 * for options, NL_NOTFOUND for a list, NL_EXISTS where too many have not ended. */
NL_CHECKED enum nl_status nl_office_import_open(const struct nl_office *office, const char *name,
                                                const json_t *options, int64_t *id,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* Gives it other options, all of them: those that are not there are as if they had never been.
 * NL_EXISTS unless it is open, ready, tried or failed. */
NL_CHECKED enum nl_status nl_office_import_configure(const struct nl_office *office, int64_t id,
                                                     const json_t *options,
                                                     struct nl_error *err) NL_ALL_NONNULL;

/* Takes its file, from where `in` stands to its end, in place of an earlier one: it is ready then.
 * NL_DATA for one that is too large or empty, NL_EXISTS unless it is open, ready, tried or failed.
 */
NL_CHECKED enum nl_status nl_office_import_upload(const struct nl_office *office, int64_t id,
                                                  FILE *in, struct nl_error *err) NL_ALL_NONNULL;

/* The columns and first rows of its file as nl_import_preview has them; the caller frees *out
 * and *why, which is empty before and may be NULL. */
NL_CHECKED enum nl_status nl_office_import_look(const struct nl_office *office, int64_t id,
                                                json_t **out, struct nl_error *why,
                                                struct nl_error *err) NL_NONNULL(1, 3, 5);

/* Has it done, or with `dry_run` tried. NL_EXISTS unless its file is there. */
NL_CHECKED enum nl_status nl_office_import_start(const struct nl_office *office, int64_t id,
                                                 bool dry_run, struct nl_error *err) NL_ALL_NONNULL;

/* Ends it: nothing of it is kept. NL_EXISTS once it counts, or has ended. */
NL_CHECKED enum nl_status nl_office_import_cancel(const struct nl_office *office, int64_t id,
                                                  struct nl_error *err) NL_ALL_NONNULL;

/* Has it taken back: what it added is removed and what it changed is as it was, unless the person
 * has acted since. A consent that a person gave stays, and so does a suppression. NL_EXISTS unless
 * it is done, within a day. */
NL_CHECKED enum nl_status nl_office_import_undo(const struct nl_office *office, int64_t id,
                                                struct nl_error *err) NL_ALL_NONNULL;

/* The same, and waits until it is taken back; *out, which the caller frees, are its facts. */
NL_CHECKED enum nl_status nl_office_import_undo_now(const struct nl_office *office, int64_t id,
                                                    json_t **out,
                                                    struct nl_error *err) NL_ALL_NONNULL;

/* One import, or several, the newest first, with numbers below `before` (0: all). The caller frees
 * *out. NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_office_import_read(const struct nl_office *office, int64_t id,
                                                json_t **out, struct nl_error *err) NL_ALL_NONNULL;
NL_CHECKED enum nl_status nl_office_imports(const struct nl_office *office, int64_t before,
                                            int64_t limit, json_t **out,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Opens the file of rows that were refused, in the form of the file, each with the reason:
 * corrected, they can be imported. The caller closes it; it lives as long as the connection to the
 * database. NL_NOTFOUND where there are none (any more), NL_EXISTS before the import has ended. */
NL_CHECKED enum nl_status nl_office_import_rejects(const struct nl_office *office, int64_t id,
                                                   FILE **out, struct nl_error *err) NL_ALL_NONNULL;

/* Takes in the rest of all imports that count: for everybody who reads a list as a whole. */
NL_CHECKED enum nl_status nl_office_imports_settle(const struct nl_office *office,
                                                   struct nl_error *err) NL_ALL_NONNULL;

/* Imports a file at once, in this process, as an import of its own, which can be taken back: *id is
 * 0 for a dry run. The rest is nl_import_file. */
NL_CHECKED enum nl_status nl_office_import_now(const struct nl_office *office, FILE *in,
                                               const char *name,
                                               const struct nl_import_options *options, int64_t *id,
                                               struct nl_import_report *report,
                                               struct nl_error *err) NL_ALL_NONNULL;

#endif
