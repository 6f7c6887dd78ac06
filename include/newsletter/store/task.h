/* Imports and exports that are asked for and done in the background, with their files. */
#ifndef NEWSLETTER_STORE_TASK_H
#define NEWSLETTER_STORE_TASK_H

#include "newsletter/base/buf.h"
#include "newsletter/db/handle.h"

#include <stdbool.h>
#include <stddef.h>

enum nl_task_kind { NL_TASK_IMPORT, NL_TASK_EXPORT };

enum nl_task_state {
    NL_TASK_OPEN,    /* waits for its file */
    NL_TASK_READY,   /* the file is there */
    NL_TASK_WAITING, /* to be done */
    NL_TASK_RUNNING, /* somebody is at it */
    NL_TASK_TRIED,   /* a dry run is done: the file is still there */
    NL_TASK_DONE,
    NL_TASK_FAILED,
    NL_TASK_CANCELLED,
    NL_TASK_UNDOING, /* an import is being taken back */
    NL_TASK_UNDONE,
    NL_TASK_STATES
};
extern const char *const nl_task_state_words[]; /* ends with NULL */

enum nl_task_file { NL_TASK_UPLOAD, NL_TASK_REJECTS, NL_TASK_EXPORTED };

/* Texts are the struct's; times are 0 where there is none. Zero-initialise; free with
 * nl_task_free. */
struct nl_task {
    int64_t id;
    enum nl_task_kind kind;
    enum nl_task_state state;
    char *started_by, *door; /* of the one who asked for it */
    char *list;              /* its name; NULL: all lists */
    char *name;              /* of the file */
    char *options;           /* a JSON object, for the caller */
    int64_t size;            /* of the file, in bytes */
    int64_t created_at, began_at, accepted_at, ended_at;
    int64_t rows, rejected, taken; /* so far */
    int64_t tries;                 /* how many processes have begun to run it */
    bool cancel;                   /* somebody wants it to end */
    char *tally;                   /* of an import: see nl_import_tally_read */
    char *undo;                    /* what became of it when it was taken back: four numbers */
    char *result;                  /* a JSON object, for the caller */
    char *problem;                 /* why it failed; NULL */
};
void nl_task_free(struct nl_task *task);

/* How many may be open, ready, waiting or running at a time, and how long (in seconds) files of
 * those that have ended are kept, and an import can be taken back. */
enum { NL_TASKS_MOST = 50, NL_TASK_KEPT = 86400 };

/* Adds one in task->state; *id is its number. NL_EXISTS where there are too many. */
NL_CHECKED enum nl_status nl_task_add(struct nl_store *store, const struct nl_task *task,
                                      int64_t *id, struct nl_error *err) NL_ALL_NONNULL;

/* NL_NOTFOUND. */
NL_CHECKED enum nl_status nl_task_find(struct nl_store *store, enum nl_task_kind kind, int64_t id,
                                       struct nl_task *out, struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` for those of a kind, the newest first: those with numbers below `before` (0: all),
 * at most `limit`. */
NL_CHECKED enum nl_status
nl_tasks_each(struct nl_store *store, enum nl_task_kind kind, int64_t before, int64_t limit,
              enum nl_status (*each)(const struct nl_task *task, void *ctx, struct nl_error *err),
              void *ctx, struct nl_error *err) NL_NONNULL(1, 5, 7);

/* Moves a task from one of the states of `from` (bits, 1 << state) to another; *moved tells whether
 * it was in one of them. What it has counted begins again where it is to be run. */
NL_CHECKED enum nl_status nl_task_move(struct nl_store *store, int64_t id, unsigned from,
                                       enum nl_task_state to, bool *moved,
                                       struct nl_error *err) NL_ALL_NONNULL;

/* Changes options, list and name of one that is open, ready, tried or failed; *changed tells
 * whether it was. */
NL_CHECKED enum nl_status nl_task_configure(struct nl_store *store, const struct nl_task *task,
                                            bool *changed, struct nl_error *err) NL_ALL_NONNULL;

/* Notes how far a running task is; *cancel tells whether it is to end. */
NL_CHECKED enum nl_status nl_task_progress(struct nl_store *store, const struct nl_task *task,
                                           bool *cancel, struct nl_error *err) NL_ALL_NONNULL;

/* Cancels a task that is in one of the states of `idle` (bits) at once (*moved), or asks a running
 * one to end (*asked). Neither is true where it is in another state. */
NL_CHECKED enum nl_status nl_task_cancel(struct nl_store *store, int64_t id, unsigned idle,
                                         bool *moved, bool *asked,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Ends a running task in task->state, with its rows, rejected, tally, result and problem. One that
 * was asked to end in the meantime, and that has not failed, ends as NL_TASK_CANCELLED, which
 * task->state then says. */
NL_CHECKED enum nl_status nl_task_end(struct nl_store *store, struct nl_task *task,
                                      struct nl_error *err) NL_ALL_NONNULL;

/* Within the transaction that makes an import count: notes that it does. NL_DATA where it has been
 * asked to end, so that nothing of it counts. */
NL_CHECKED enum nl_status nl_task_accept(struct nl_store *store, int64_t id,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Takes the next task that waits, or that a process left when it ended, for this process: *id is 0
 * without one. Give it back with nl_task_release. */
NL_CHECKED enum nl_status nl_task_take(struct nl_store *store, int64_t *id,
                                       struct nl_error *err) NL_ALL_NONNULL;

/* The same for one that this process has just added as running; *taken is false where another
 * process has it. */
NL_CHECKED enum nl_status nl_task_hold(struct nl_store *store, int64_t id, bool *taken,
                                       struct nl_error *err) NL_ALL_NONNULL;
void nl_task_release(struct nl_store *store, int64_t id) NL_ALL_NONNULL;

/* Removes files of tasks that ended a day ago, what was never begun within a day, and what old
 * imports need to be taken back. */
NL_CHECKED enum nl_status nl_tasks_expire(struct nl_store *store,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* ---- files ---- */

/* Appends to a file. */
NL_CHECKED enum nl_status nl_task_append(struct nl_store *store, int64_t id, enum nl_task_file file,
                                         const void *data, size_t len,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Appends the next piece of a file to `out`, after the one that *last tells (0: from the
 * beginning), which moves on; *end: there is none. */
NL_CHECKED enum nl_status nl_task_read(struct nl_store *store, int64_t id, enum nl_task_file file,
                                       int64_t *last, struct nl_buf *out, bool *end,
                                       struct nl_error *err) NL_ALL_NONNULL;

/* Removes a file, in short transactions. */
NL_CHECKED enum nl_status nl_task_clear(struct nl_store *store, int64_t id, enum nl_task_file file,
                                        struct nl_error *err) NL_ALL_NONNULL;

/* ---- taking an import back ---- */

/* The fate of the changes of an import. */
struct nl_undo_tally {
    int64_t removed;  /* subscriptions that are gone again */
    int64_t ended;    /* those of people who got an issue: they are unsubscribed */
    int64_t restored; /* people and subscriptions that are as they were before */
    int64_t kept;     /* left alone: the person has acted since, or must not be mailed */
};
void nl_undo_tally_read(const char *text, struct nl_undo_tally *out) NL_ALL_NONNULL;

/* Takes back a part of an import that is being taken back, in one short transaction; *done: there
 * was nothing left, and it is taken back. */
NL_CHECKED enum nl_status nl_import_undo_part(struct nl_store *store, int64_t task, bool *done,
                                              struct nl_error *err) NL_ALL_NONNULL;

#endif
