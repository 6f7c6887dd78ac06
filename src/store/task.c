#include "newsletter/store/task.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/catalog.h"
#include "newsletter/db/sql.h"

#include <stdlib.h>
#include <string.h>

const char *const nl_task_state_words[] = {"open",    "ready",  "waiting", "running",
                                           "tried",   "done",   "failed",  "cancelled",
                                           "undoing", "undone", NULL};

static const char *const kinds[] = {[NL_TASK_IMPORT] = "import", [NL_TASK_EXPORT] = "export"};

static const char permit[] = "task"; /* of the process that is at it */

#define COLUMNS                                                                                    \
    "id, kind, state, started_by, door, list, name, options, size, created_at, began_at, "         \
    "accepted_at, ended_at, rows_read, rejected, taken, tries, cancel, tally, undo, result, "      \
    "problem"

void nl_task_free(struct nl_task *task) {
    char *const texts[] = {task->started_by, task->door, task->list,   task->name,   task->options,
                           task->tally,      task->undo, task->result, task->problem};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
    *task = (struct nl_task){0};
}

static enum nl_task_state state_of(const char *word) {
    for (int i = 0; i < NL_TASK_STATES; i++)
        if (strcmp(nl_task_state_words[i], word) == 0)
            return (enum nl_task_state)i;
    return NL_TASK_FAILED;
}

static enum nl_status read_row(const struct nl_sql_row *row, struct nl_task *out,
                               struct nl_error *err) {
    char kind[16];
    char state[16];
    enum nl_status status = nl_sql_read(
        row,
        NL_COLUMNS(NL_INTO(&out->id), NL_INTO_FIXED(kind, sizeof kind),
                   NL_INTO_FIXED(state, sizeof state), NL_INTO(&out->started_by),
                   NL_INTO(&out->door), NL_INTO(&out->list), NL_INTO(&out->name),
                   NL_INTO(&out->options), NL_INTO(&out->size), NL_INTO(&out->created_at),
                   NL_INTO(&out->began_at), NL_INTO(&out->accepted_at), NL_INTO(&out->ended_at),
                   NL_INTO(&out->rows), NL_INTO(&out->rejected), NL_INTO(&out->taken),
                   NL_INTO(&out->tries), NL_INTO(&out->cancel), NL_INTO(&out->tally),
                   NL_INTO(&out->undo), NL_INTO(&out->result), NL_INTO(&out->problem)),
        err);
    if (status != NL_OK)
        return status;
    out->kind = strcmp(kind, kinds[NL_TASK_IMPORT]) == 0 ? NL_TASK_IMPORT : NL_TASK_EXPORT;
    out->state = state_of(state);
    return NL_OK;
}

/* ---- adding and finding ---- */

struct addition {
    const struct nl_task *task;
    int64_t id;
};

static enum nl_status add(struct nl_store *store, void *ctx, struct nl_error *err) {
    struct addition *addition = ctx;
    const struct nl_task *task = addition->task;
    int64_t now = nl_store_now(store);
    int64_t open = 0;
    enum nl_status status =
        nl_sql_number(store, err, &open, NULL,
                      "SELECT count(*) FROM task WHERE state IN ('open', 'ready', 'waiting', "
                      "'running', 'tried', 'undoing')",
                      NL_NO_VALUES);
    if (status == NL_OK && open >= NL_TASKS_MOST)
        return nl_error_set(
            err, NL_EXISTS,
            NL_TEXT("there are %d imports and exports that have not ended: cancel some, or "
                    "wait until they are done"),
            NL_TASKS_MOST);
    return status != NL_OK
               ? status
               : nl_sql_insert(
                     store, err, &addition->id,
                     "INSERT INTO task (kind, state, started_by, door, list, name, options, size, "
                     "created_at, began_at, rows_read, rejected, taken, tries, cancel, tally, "
                     "undo, "
                     "result) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0), 0, 0, 0, 0, 0, '', "
                     "'', "
                     "'{}')",
                     NL_VALUES(
                         NL_STRING(kinds[task->kind]), NL_STRING(nl_task_state_words[task->state]),
                         NL_STRING(task->started_by), NL_STRING(task->door), NL_STRING(task->list),
                         NL_STRING(task->name), NL_STRING(task->options), NL_INT(task->size),
                         NL_INT(now), NL_INT(task->state == NL_TASK_RUNNING ? now : (int64_t)0)));
}

enum nl_status nl_task_add(struct nl_store *store, const struct nl_task *task, int64_t *id,
                           struct nl_error *err) {
    struct addition addition = {.task = task};
    enum nl_status status = nl_sql_exclusive(store, add, &addition, err);
    *id = addition.id;
    return status;
}

struct tasks {
    struct nl_task *items;
    size_t count;
};

static enum nl_status add_row(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct tasks *all = context;
    struct nl_task *grown = nl_realloc(all->items, (all->count + 1) * sizeof *grown);
    all->items = grown;
    grown[all->count] = (struct nl_task){0};
    struct nl_task *out = &grown[all->count++];
    return read_row(row, out, err);
}

static void free_all(struct tasks *all) {
    for (size_t i = 0; i < all->count; i++)
        nl_task_free(&all->items[i]);
    free(all->items);
}

enum nl_status nl_task_find(struct nl_store *store, enum nl_task_kind kind, int64_t id,
                            struct nl_task *out, struct nl_error *err) {
    struct tasks all = {0};
    *out = (struct nl_task){0};
    enum nl_status status = nl_sql_each(store, err, add_row, &all,
                                        "SELECT " COLUMNS " FROM task WHERE id = ? AND kind = ?",
                                        NL_VALUES(NL_INT(id), NL_STRING(kinds[kind])));
    if (status == NL_OK && all.count == 0)
        status = nl_error_set(err, NL_NOTFOUND,
                              kind == NL_TASK_IMPORT ? NL_TEXT("there is no import %lld")
                                                     : NL_TEXT("there is no export %lld"),
                              (long long)id);
    if (status == NL_OK) {
        *out = all.items[0];
        all.count = 0;
    }
    free_all(&all);
    return status;
}

enum nl_status
nl_tasks_each(struct nl_store *store, enum nl_task_kind kind, int64_t before, int64_t limit,
              enum nl_status (*each)(const struct nl_task *task, void *ctx, struct nl_error *err),
              void *ctx, struct nl_error *err) {
    struct tasks all = {0};
    enum nl_status status = nl_sql_each(
        store, err, add_row, &all,
        "SELECT " COLUMNS " FROM task WHERE kind = ?1 AND (?2 = 0 OR id < ?2) ORDER BY id DESC "
        "LIMIT ?3",
        NL_VALUES(NL_STRING(kinds[kind]), NL_INT(before), NL_INT(limit)));
    for (size_t i = 0; status == NL_OK && i < all.count; i++)
        status = each(&all.items[i], ctx, err);
    free_all(&all);
    return status;
}

/* ---- states ---- */

/* The figures begin again where it waits; each process that begins is counted. */
static enum nl_status set_state(struct nl_store *store, int64_t id, enum nl_task_state to,
                                const char *from, struct nl_error *err) {
    int64_t now = nl_store_now(store);
    const struct nl_value *plain =
        NL_VALUES(NL_STRING(nl_task_state_words[to]), NL_INT(id), NL_STRING(from));
    const struct nl_value *timed =
        NL_VALUES(NL_STRING(nl_task_state_words[to]), NL_INT(id), NL_STRING(from), NL_INT(now));
#define FROM " WHERE id = ?2 AND instr(?3, ' ' || state || ' ') > 0"
    switch (to) {
    case NL_TASK_WAITING:
        return nl_sql_run(
            store, err,
            "UPDATE task SET state = ?1, ended_at = NULL, began_at = NULL, problem = NULL, "
            "cancel = 0, tries = 0, rows_read = 0, rejected = 0, taken = 0, tally = "
            "''" FROM,
            plain);
    case NL_TASK_RUNNING:
        return nl_sql_run(store, err,
                          "UPDATE task SET state = ?1, began_at = ?4, tries = tries + 1, rows_read "
                          "= CASE WHEN accepted_at IS NULL THEN 0 ELSE rows_read END, rejected = "
                          "CASE WHEN accepted_at IS NULL THEN 0 ELSE rejected END, taken = 0" FROM,
                          timed);
    case NL_TASK_CANCELLED:
        return nl_sql_run(store, err, "UPDATE task SET state = ?1, ended_at = ?4" FROM, timed);
    default:
        return nl_sql_run(store, err, "UPDATE task SET state = ?1" FROM, plain);
    }
#undef FROM
}

enum nl_status nl_task_move(struct nl_store *store, int64_t id, unsigned from,
                            enum nl_task_state to, bool *moved, struct nl_error *err) {
    struct nl_buf words = {0};
    nl_buf_adds(&words, " ");
    for (unsigned i = 0; i < NL_TASK_STATES; i++)
        if ((from & 1U << i) != 0)
            nl_buf_addf(&words, "%s ", nl_task_state_words[i]);
    enum nl_status status = set_state(store, id, to, nl_buf_text(&words), err);
    nl_buf_free(&words);
    *moved = status == NL_OK && nl_sql_changes(store) > 0;
    return status;
}

enum nl_status nl_task_configure(struct nl_store *store, const struct nl_task *task, bool *changed,
                                 struct nl_error *err) {
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE task SET options = ?, list = ?, name = ?, size = ? WHERE id = ? AND state IN "
        "('open', 'ready', 'tried', 'failed')",
        NL_VALUES(NL_STRING(task->options), NL_STRING(task->list), NL_STRING(task->name),
                  NL_INT(task->size), NL_INT(task->id)));
    *changed = status == NL_OK && nl_sql_changes(store) > 0;
    return status;
}

enum nl_status nl_task_progress(struct nl_store *store, const struct nl_task *task, bool *cancel,
                                struct nl_error *err) {
    int64_t asked = 0;
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE task SET rows_read = ?, rejected = ?, taken = ?, size = ?, result = ? WHERE id = ?",
        NL_VALUES(NL_INT(task->rows), NL_INT(task->rejected), NL_INT(task->taken),
                  NL_INT(task->size), NL_STRING(task->result != NULL ? task->result : "{}"),
                  NL_INT(task->id)));
    if (status == NL_OK)
        status = nl_sql_number(store, err, &asked, NULL, "SELECT cancel FROM task WHERE id = ?",
                               NL_VALUES(NL_INT(task->id)));
    *cancel = asked != 0;
    return status;
}

/* An import that counts cannot be ended, only taken back. */
static enum nl_status ask_to_end(struct nl_store *store, int64_t id, bool *asked,
                                 struct nl_error *err) {
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE task SET cancel = 1 WHERE id = ? AND state = 'running' AND accepted_at IS NULL",
        NL_VALUES(NL_INT(id)));
    *asked = status == NL_OK && nl_sql_changes(store) > 0;
    return status;
}

enum nl_status nl_task_cancel(struct nl_store *store, int64_t id, unsigned idle, bool *moved,
                              bool *asked, struct nl_error *err) {
    *asked = false;
    enum nl_status status = nl_task_move(store, id, idle, NL_TASK_CANCELLED, moved, err);
    if (status == NL_OK && !*moved)
        status = ask_to_end(store, id, asked, err);
    /* Neither: it ended between the two. */
    return status == NL_OK && !*moved && !*asked
               ? nl_task_move(store, id, idle, NL_TASK_CANCELLED, moved, err)
               : status;
}

enum nl_status nl_task_end(struct nl_store *store, struct nl_task *task, struct nl_error *err) {
    int64_t cancelled = 0;
    enum nl_status status = nl_sql_number(
        store, err, &cancelled, NULL,
        "UPDATE task SET state = CASE WHEN cancel = 1 AND accepted_at IS NULL AND ?1 <> 'failed' "
        "THEN 'cancelled' ELSE ?1 END, ended_at = ?2, rows_read = ?3, rejected = ?4, taken = ?5, "
        "size = ?6, tally = ?7, result = ?8, problem = ?9, cancel = 0 WHERE id = ?10 AND state = "
        "'running' RETURNING CASE WHEN state = 'cancelled' THEN 1 ELSE 0 END",
        NL_VALUES(NL_STRING(nl_task_state_words[task->state]), NL_INT(nl_store_now(store)),
                  NL_INT(task->rows), NL_INT(task->rejected), NL_INT(task->taken),
                  NL_INT(task->size), NL_STRING(task->tally != NULL ? task->tally : ""),
                  NL_STRING(task->result != NULL ? task->result : "{}"), NL_STRING(task->problem),
                  NL_INT(task->id)));
    if (status == NL_OK && cancelled != 0)
        task->state = NL_TASK_CANCELLED;
    return status;
}

enum nl_status nl_task_accept(struct nl_store *store, int64_t id, struct nl_error *err) {
    enum nl_status status =
        nl_sql_run(store, err,
                   "UPDATE task SET accepted_at = ?, event_mark = (SELECT coalesce(max(id), 0) "
                   "FROM event) WHERE id = ? AND state = 'running' AND cancel = 0",
                   NL_VALUES(NL_INT(nl_store_now(store)), NL_INT(id)));
    return status == NL_OK && nl_sql_changes(store) == 0
               ? nl_error_set(err, NL_DATA, NL_TEXT("it was cancelled: nothing was kept"))
               : status;
}

/* ---- who is at it ---- */

enum nl_status nl_task_hold(struct nl_store *store, int64_t id, bool *taken, struct nl_error *err) {
    return nl_store_take_permit(store, permit, id, taken, err);
}

void nl_task_release(struct nl_store *store, int64_t id) {
    nl_store_return_permit(store, permit, id);
}

enum nl_status nl_task_take(struct nl_store *store, int64_t *id, struct nl_error *err) {
    struct nl_buf ids = {0};
    *id = 0;
    enum nl_status status = nl_sql_each(
        store, err, nl_sql_add_id, &ids,
        "SELECT id FROM task WHERE state IN ('waiting', 'running', 'undoing') ORDER BY id",
        NL_NO_VALUES);
    for (size_t i = 0; status == NL_OK && *id == 0 && i < nl_ids_count(&ids); i++) {
        bool taken = false;
        bool open = false;
        int64_t candidate = nl_ids_at(&ids, i);
        status = nl_task_hold(store, candidate, &taken, err);
        if (status != NL_OK || !taken)
            continue;
        /* The process that had it may have ended it since. */
        status = nl_sql_exists(
            store, err, &open,
            "SELECT 1 FROM task WHERE id = ? AND state IN ('waiting', 'running', 'undoing')",
            NL_VALUES(NL_INT(candidate)));
        if (status == NL_OK && open)
            *id = candidate;
        else
            nl_task_release(store, candidate);
    }
    nl_buf_free(&ids);
    return status;
}
