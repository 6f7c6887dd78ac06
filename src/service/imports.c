#include "newsletter/service/imports.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/text.h"
#include "newsletter/store/import_job.h"
#include "service/task_common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 256 << 10, SHOWN = 10, NAME = 200 };

/* The states from which an import can be begun. */
#define BEGINNABLE                                                                                 \
    (NL_TASK_BIT(NL_TASK_READY) | NL_TASK_BIT(NL_TASK_TRIED) | NL_TASK_BIT(NL_TASK_FAILED))

/* Its state, which the page and the answer of the API tell, forbids it. */
static enum nl_status refuse(const struct nl_task *task, struct nl_error *err) {
    return nl_error_set(
        err, NL_EXISTS,
        NL_TEXT("import %lld has gone on meanwhile, so this cannot be done: look again"),
        (long long)task->id);
}

static enum nl_status note(const struct nl_office *office, const char *action, int64_t id,
                           struct nl_error *err) {
    return nl_office_note(office, action, "import", NULL, id, err);
}

/* ---- opening ---- */

/* The options as they are stored; NULL for none. */
static char *text_of(const json_t *options) {
    return json_dumps(options, JSON_COMPACT | JSON_SORT_KEYS);
}

static enum nl_status check_name(const char *name, struct nl_error *err) {
    if (name[0] == '\0' || strlen(name) > NAME || strchr(name, '/') != NULL)
        return nl_error_set(
            err, NL_DATA, NL_TEXT("the name of the file has 1 to %d bytes, and no '/' among them"),
            NAME);
    return nl_text_check_label(name, NL_TEXT_IN("error", "the name of the file"), err);
}

enum nl_status nl_office_import_open(const struct nl_office *office, const char *name,
                                     const json_t *options, int64_t *id, struct nl_error *err) {
    struct nl_import_wish wish = {0};
    char *text = text_of(options);
    bool open = false;
    *id = 0;
    enum nl_status status = text != NULL ? check_name(name, err) : nl_error_nomem(err);
    if (status == NL_OK)
        status = nl_import_wish_read(office, options, &wish, err);
    const struct nl_task task = {
        .kind = NL_TASK_IMPORT,
        .state = NL_TASK_OPEN,
        .started_by = (char *)(office->by != NULL ? office->by->name : ""),
        .door = (char *)(office->by != NULL ? office->by->door : ""),
        .list = (char *)json_string_value(json_object_get(options, "list")),
        .name = (char *)name,
        .options = text,
    };
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_task_add(office->store, &task, id, err);
    if (status == NL_OK)
        status = note(office, "import open", *id, err);
    status = nl_office_end(office, open, status, err);
    nl_import_wish_free(&wish);
    free(text);
    return status;
}

static enum nl_status set_options(const struct nl_office *office, struct nl_task *task,
                                  const json_t *options, struct nl_error *err) {
    const char *list = json_string_value(json_object_get(options, "list"));
    bool changed = false;
    free(task->options);
    free(task->list);
    task->options = text_of(options);
    task->list = list != NULL ? nl_strdup(list) : NULL;
    if (task->options == NULL)
        return nl_error_nomem(err);
    enum nl_status status = nl_task_configure(office->store, task, &changed, err);
    return status == NL_OK && !changed ? refuse(task, err) : status;
}

enum nl_status nl_office_import_configure(const struct nl_office *office, int64_t id,
                                          const json_t *options, struct nl_error *err) {
    struct nl_import_wish wish = {0};
    struct nl_task task = {0};
    enum nl_status status = nl_task_find(office->store, NL_TASK_IMPORT, id, &task, err);
    if (status == NL_OK)
        status = nl_import_wish_read(office, options, &wish, err);
    if (status == NL_OK)
        status = set_options(office, &task, options, err);
    nl_import_wish_free(&wish);
    nl_task_free(&task);
    return status;
}

/* ---- its file ---- */

static enum nl_status store_file(const struct nl_office *office, int64_t id, FILE *in,
                                 int64_t *size, struct nl_error *err) {
    char *piece = nl_malloc(PIECE);
    enum nl_status status = NL_OK;
    size_t got = 0;
    *size = 0;
    while (status == NL_OK && (got = fread(piece, 1, PIECE, in)) > 0) {
        *size += (int64_t)got;
        status = *size > NL_IMPORT_FILE_MOST
                     ? nl_error_set(err, NL_DATA,
                                    NL_TEXT("the file is larger than %d MB: import it in parts"),
                                    NL_IMPORT_FILE_MOST >> 20)
                     : nl_task_append(office->store, id, NL_TASK_UPLOAD, piece, got, err);
    }
    if (status == NL_OK && ferror(in))
        status = nl_error_set(err, NL_IO, "reading the file failed: %s", strerror(errno));
    if (status == NL_OK && *size == 0)
        status = nl_error_set(err, NL_DATA, NL_TEXT("the file is empty"));
    free(piece);
    return status;
}

static enum nl_status upload(const struct nl_office *office, struct nl_task *task, FILE *in,
                             struct nl_error *err) {
    const unsigned from = NL_TASK_BIT(NL_TASK_OPEN) | BEGINNABLE;
    struct nl_error later = {0};
    bool moved = false;
    enum nl_status status = nl_task_move(office->store, task->id, from, NL_TASK_OPEN, &moved, err);
    if (status == NL_OK && !moved)
        return refuse(task, err);
    if (status == NL_OK)
        status = nl_task_clear(office->store, task->id, NL_TASK_UPLOAD, err);
    if (status != NL_OK)
        return status;
    status = store_file(office, task->id, in, &task->size, err);
    if (status == NL_OK)
        status = nl_task_configure(office->store, task, &moved, err);
    if (status == NL_OK)
        status = nl_task_move(office->store, task->id, NL_TASK_BIT(NL_TASK_OPEN), NL_TASK_READY,
                              &moved, err);
    if (status == NL_OK && moved)
        return NL_OK;
    nl_error_ignore(nl_task_clear(office->store, task->id, NL_TASK_UPLOAD, &later));
    nl_error_free(&later);
    return status == NL_OK ? refuse(task, err) : status;
}

/* The permit keeps a second upload, through another process, from mixing with this one. */
enum nl_status nl_office_import_upload(const struct nl_office *office, int64_t id, FILE *in,
                                       struct nl_error *err) {
    struct nl_task task = {0};
    bool held = false;
    enum nl_status status = nl_task_find(office->store, NL_TASK_IMPORT, id, &task, err);
    if (status == NL_OK)
        status = nl_task_hold(office->store, id, &held, err);
    if (status == NL_OK)
        status =
            held ? upload(office, &task, in, err)
                 : nl_error_set(err, NL_EXISTS, NL_TEXT("somebody else is working on import %lld"),
                                (long long)id);
    if (held)
        nl_task_release(office->store, id);
    nl_task_free(&task);
    return status;
}

enum nl_status nl_office_import_look(const struct nl_office *office, int64_t id, json_t **out,
                                     struct nl_error *why, struct nl_error *err) {
    struct nl_task task = {0};
    struct nl_import_wish wish = {0};
    struct nl_error problem = {0};
    json_t *options = NULL;
    FILE *in = NULL;
    *out = NULL;
    enum nl_status status = nl_task_find(office->store, NL_TASK_IMPORT, id, &task, err);
    if (status == NL_OK && task.size == 0)
        status =
            nl_error_set(err, NL_EXISTS, NL_TEXT("import %lld has no file yet"), (long long)id);
    if (status == NL_OK)
        status = (options = json_loads(task.options, 0, NULL)) != NULL
                     ? nl_import_wish_read(office, options, &wish, err)
                     : nl_error_nomem(err);
    if (status == NL_OK &&
        (in = nl_task_reader(office->store, id, NL_TASK_UPLOAD, &problem, err)) == NULL)
        status = NL_OS;
    if (status == NL_OK)
        status = nl_import_preview(in, task.name, &wish.options, SHOWN, out, why, err);
    if (in != NULL)
        fclose(in);
    nl_error_free(&problem);
    nl_import_wish_free(&wish);
    json_decref(options);
    nl_task_free(&task);
    return status;
}

/* ---- beginning and ending ---- */

enum nl_status nl_office_import_start(const struct nl_office *office, int64_t id, bool dry_run,
                                      struct nl_error *err) {
    struct nl_task task = {0};
    json_t *options = NULL;
    bool open = false;
    bool moved = false;
    enum nl_status status = nl_task_find(office->store, NL_TASK_IMPORT, id, &task, err);
    if (status == NL_OK && (NL_TASK_BIT(task.state) & BEGINNABLE) == 0)
        status = task.state == NL_TASK_OPEN
                     ? nl_error_set(err, NL_EXISTS, NL_TEXT("import %lld has no file yet"),
                                    (long long)id)
                     : refuse(&task, err);
    if (status == NL_OK && (options = json_loads(task.options, 0, NULL)) == NULL)
        status = nl_error_nomem(err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK) {
        json_object_set_new(options, "dry_run", json_boolean(dry_run));
        status = set_options(office, &task, options, err);
    }
    if (status == NL_OK)
        status = nl_task_move(office->store, id, BEGINNABLE, NL_TASK_WAITING, &moved, err);
    if (status == NL_OK && !moved)
        status = refuse(&task, err);
    if (status == NL_OK)
        status = note(office, dry_run ? "import try" : "import start", id, err);
    status = nl_office_end(office, open, status, err);
    json_decref(options);
    nl_task_free(&task);
    return status;
}

enum nl_status nl_office_import_cancel(const struct nl_office *office, int64_t id,
                                       struct nl_error *err) {
    const unsigned idle = BEGINNABLE | NL_TASK_BIT(NL_TASK_OPEN) | NL_TASK_BIT(NL_TASK_WAITING);
    struct nl_task task = {0};
    bool open = false;
    bool moved = false;
    bool asked = false;
    enum nl_status status = nl_task_find(office->store, NL_TASK_IMPORT, id, &task, err);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_task_cancel(office->store, id, idle, &moved, &asked, err);
    if (status == NL_OK && !moved && !asked)
        status = refuse(&task, err);
    if (status == NL_OK)
        status = note(office, "import cancel", id, err);
    status = nl_office_end(office, open, status, err);
    nl_task_free(&task);
    return status == NL_OK && moved ? nl_task_clear(office->store, id, NL_TASK_UPLOAD, err)
                                    : status;
}

enum nl_status nl_office_import_undo(const struct nl_office *office, int64_t id,
                                     struct nl_error *err) {
    struct nl_task task = {0};
    bool open = false;
    bool moved = false;
    enum nl_status status = nl_task_find(office->store, NL_TASK_IMPORT, id, &task, err);
    if (status == NL_OK && task.state == NL_TASK_DONE &&
        task.ended_at + NL_TASK_KEPT < nl_store_now(office->store))
        status = nl_error_set(
            err, NL_EXISTS,
            NL_TEXT("import %lld was done more than a day ago: it cannot be taken back"),
            (long long)id);
    if (status == NL_OK)
        status = nl_office_begin(office, &open, err);
    if (status == NL_OK)
        status = nl_task_move(office->store, id, NL_TASK_BIT(NL_TASK_DONE), NL_TASK_UNDOING, &moved,
                              err);
    if (status == NL_OK && !moved)
        status = refuse(&task, err);
    if (status == NL_OK)
        status = note(office, "import undo", id, err);
    status = nl_office_end(office, open, status, err);
    nl_task_free(&task);
    return status;
}

enum nl_status nl_task_undo(const struct nl_office *office, int64_t id,
                            const volatile sig_atomic_t *stop, struct nl_error *err) {
    enum nl_status status = NL_OK;
    bool done = false;
    nl_store_bulk_load(office->store, true);
    while (status == NL_OK && !done && (stop == NULL || *stop == 0)) {
        status = nl_import_undo_part(office->store, id, &done, err);
        nl_store_give_way(office->store);
    }
    nl_store_bulk_load(office->store, false);
    return status;
}

enum nl_status nl_office_import_undo_now(const struct nl_office *office, int64_t id, json_t **out,
                                         struct nl_error *err) {
    struct nl_task task = {0};
    *out = NULL;
    enum nl_status status = nl_task_find(office->store, NL_TASK_IMPORT, id, &task, err);
    /* One that another process left in the middle goes on. */
    if (status == NL_OK && task.state != NL_TASK_UNDOING)
        status = nl_office_import_undo(office, id, err);
    if (status == NL_OK)
        status = nl_task_undo(office, id, NULL, err);
    nl_task_free(&task);
    return status == NL_OK ? nl_office_import_read(office, id, out, err) : status;
}

/* ---- telling of them ---- */

enum nl_status nl_office_import_read(const struct nl_office *office, int64_t id, json_t **out,
                                     struct nl_error *err) {
    return nl_task_read_facts(office, NL_TASK_IMPORT, id, out, err);
}

enum nl_status nl_office_imports(const struct nl_office *office, int64_t before, int64_t limit,
                                 json_t **out, struct nl_error *err) {
    return nl_tasks_read_facts(office, NL_TASK_IMPORT, before, limit, out, err);
}

enum nl_status nl_office_import_rejects(const struct nl_office *office, int64_t id, FILE **out,
                                        struct nl_error *err) {
    struct nl_task task = {0};
    *out = NULL;
    enum nl_status status = nl_task_find(office->store, NL_TASK_IMPORT, id, &task, err);
    if (status == NL_OK && task.ended_at == 0)
        status = nl_error_set(err, NL_EXISTS, NL_TEXT("import %lld has not ended"), (long long)id);
    if (status == NL_OK)
        status = nl_task_open(office->store, id, NL_TASK_REJECTS, out, err);
    nl_task_free(&task);
    return status;
}

enum nl_status nl_office_imports_settle(const struct nl_office *office, struct nl_error *err) {
    return nl_import_settle(office->store, err);
}
