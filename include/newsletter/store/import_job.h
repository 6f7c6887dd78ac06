/* A whole file of people. Its rows are staged in the database, in short transactions that give way
 * to others; then one commit makes all of them count, and they are taken in, in short transactions
 * again. A process that finds an import that counts and is not taken in finishes it, so that it
 * counts as a whole or not at all, also when the process that read the file is killed. */
#ifndef NEWSLETTER_STORE_IMPORT_JOB_H
#define NEWSLETTER_STORE_IMPORT_JOB_H

#include "newsletter/base/buf.h"
#include "newsletter/store/member.h"

/* How many rows came to what. */
struct nl_import_tally {
    int64_t outcomes[NL_IMPORT_OUTCOMES];
    int64_t added[NL_SUBSCRIPTION_STATES]; /* those added, by their state */
    int64_t ended;                         /* of those updated: a row has ended a subscription */
};

struct nl_import_job;

/* Begins. `dry_run`: the rows are only tried. `policy` is borrowed until the end. Free with
 * nl_import_job_free. */
struct nl_import_job *nl_import_job_new(struct nl_store *store,
                                        const struct nl_import_policy *policy,
                                        bool dry_run) NL_ALL_NONNULL;

/* Makes it the import of a task (store/task.h), which notes what it changes, so that it can be
 * taken back. Before the first row. */
void nl_import_job_set_task(struct nl_import_job *job, int64_t task) NL_ALL_NONNULL;

/* The tally of an import as a text, and read from one; "" is all zero. */
void nl_import_tally_write(const struct nl_import_tally *tally, struct nl_buf *out) NL_ALL_NONNULL;
void nl_import_tally_read(const char *text, struct nl_import_tally *tally) NL_ALL_NONNULL;

/* Takes a copy of one row for `list`. `address` is the member's. */
NL_CHECKED enum nl_status nl_import_job_add(struct nl_import_job *job, int64_t list,
                                            const struct nl_address *address,
                                            const struct nl_member *member,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Tells what would come of the rows; none of them is kept. Exact up to the same address twice in a
 * file of more than 100 MB. */
NL_CHECKED enum nl_status nl_import_job_try(struct nl_import_job *job,
                                            struct nl_import_tally *tally,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Makes all rows count, with `detail` in the history, and takes them in; not of a dry run. A
 * failure that leaves *counts set means that the rest is taken in later. `progress` may be NULL. */
NL_CHECKED enum nl_status nl_import_job_finish(struct nl_import_job *job, const char *detail,
                                               void (*progress)(int64_t rows, void *ctx), void *ctx,
                                               bool *counts, struct nl_import_tally *tally,
                                               struct nl_error *err) NL_NONNULL(1, 2, 5, 6, 7);

/* Frees it. Rows that do not count by now are removed. NULL is harmless. */
void nl_import_job_free(struct nl_import_job *job);

/* Takes in the rest of all imports that count, together with the process that does so already if
 * there is one. For everybody who reads a list as a whole. */
NL_CHECKED enum nl_status nl_import_settle(struct nl_store *store,
                                           struct nl_error *err) NL_ALL_NONNULL;

/* Whether there is an import that counts and is not yet taken in. */
NL_CHECKED enum nl_status nl_import_is_open(struct nl_store *store, bool *open,
                                            struct nl_error *err) NL_ALL_NONNULL;

/* Removes rows of imports whose process ended before they counted. */
NL_CHECKED enum nl_status nl_import_clear(struct nl_store *store,
                                          struct nl_error *err) NL_ALL_NONNULL;

#endif
