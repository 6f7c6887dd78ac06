#include "newsletter/base/catalog.h"
#include "newsletter/base/clock.h"
#include "newsletter/base/memory.h"
#include "newsletter/service/imports.h"
#include "service/task_common.h"

#include <stdlib.h>
#include <string.h>

/* How often progress is noted, and how many of the refused rows are kept. */
enum { NOTE_NANOSECONDS = 500000000, REJECTS_MOST = 100000 };

/* An import that is being done. */
struct running {
    const struct nl_office *office;
    struct nl_task *task;
    const volatile sig_atomic_t *stop; /* of the process; NULL */
    volatile sig_atomic_t end;
    bool cancelled;
    int64_t noted_at;
    struct nl_import_options options;
    void (*reject)(size_t line, const char *reason, const char *row, void *ctx); /* the caller's */
    const struct nl_import_options *wanted;
    FILE *rejects;                  /* the stream of refused rows; NULL: the caller's, or closed */
    struct nl_task_written written; /* to that stream */
};

/* ---- how far it is ---- */

static enum nl_status note(struct running *running, struct nl_error *err) {
    bool cancel = false;
    enum nl_status status = nl_task_progress(running->office->store, running->task, &cancel, err);
    running->noted_at = nl_clock_nanoseconds();
    running->cancelled = running->cancelled || cancel;
    if (cancel)
        running->end = 1;
    return status;
}

/* It is only shown, so a failure waits for the next statement. */
static void note_now_and_then(struct running *running) {
    struct nl_error ignored = {0};
    if (running->stop != NULL && *running->stop != 0)
        running->end = 1;
    if (nl_clock_nanoseconds() - running->noted_at >= NOTE_NANOSECONDS)
        nl_error_ignore(note(running, &ignored));
    nl_error_free(&ignored);
}

static void take_progress(size_t rows, void *ctx) {
    struct running *running = ctx;
    running->task->rows = (int64_t)rows;
    note_now_and_then(running);
    if (running->wanted->progress != NULL)
        running->wanted->progress(rows, running->wanted->ctx);
}

static void take_taken(size_t rows, size_t of, void *ctx) {
    struct running *running = ctx;
    running->task->taken = (int64_t)rows;
    note_now_and_then(running);
    if (running->wanted->taken != NULL)
        running->wanted->taken(rows, of, running->wanted->ctx);
}

static void take_reject(size_t line, const char *reason, const char *row, void *ctx) {
    struct running *running = ctx;
    if (++running->task->rejected >= REJECTS_MOST && running->wanted->rejects == NULL)
        running->options.rejects = NULL;
    if (running->wanted->reject != NULL)
        running->wanted->reject(line, reason, row, running->wanted->ctx);
}

/* With the parts of why it failed, unless `problem` is NULL. */
static void set_result(struct nl_task *task, const struct nl_import_report *report,
                       const struct nl_error *problem) {
    json_t *result = nl_task_result(problem);
    if (report->ignored.len > 0)
        json_object_set_new(result, "ignored", json_string(nl_buf_text(&report->ignored)));
    if (report->notes.len > 0)
        json_object_set_new(result, "notes", json_string(nl_buf_text(&report->notes)));
    if (report->note_parts != NULL)
        json_object_set(result, NL_TASK_NOTE_PARTS, report->note_parts);
    free(task->result);
    task->result = json_dumps(result, JSON_COMPACT);
    json_decref(result);
}

/* They are stored before anything counts. */
static enum nl_status close_rejects(struct running *running, struct nl_error *err) {
    FILE *rejects = running->rejects;
    running->rejects = NULL;
    return rejects != NULL && fclose(rejects) != 0
               ? nl_error_set(err, NL_IO, "%s", nl_error_text(&running->written.problem))
               : NL_OK;
}

static enum nl_status take_read(const struct nl_import_report *report, void *ctx,
                                struct nl_error *err) {
    struct running *running = ctx;
    running->task->rows = (int64_t)report->rows;
    running->task->rejected = (int64_t)report->rejected;
    set_result(running->task, report, NULL);
    enum nl_status status = close_rejects(running, err);
    if (status == NL_OK)
        status = note(running, err);
    return status == NL_OK && running->end != 0
               ? nl_error_set(err, NL_BUSY, "it was cancelled: nothing was kept")
               : status;
}

/* ---- how it ended ---- */

static void set_tally(struct nl_task *task, const struct nl_import_tally *tally) {
    struct nl_buf text = {0};
    nl_import_tally_write(tally, &text);
    free(task->tally);
    task->tally = nl_buf_take(&text);
}

static void set_problem(struct nl_task *task, const struct nl_error *problem) {
    free(task->problem);
    task->problem = problem != NULL ? nl_strdup(nl_error_text(problem)) : NULL;
}

static enum nl_status end_well(struct running *running, const struct nl_import_report *report,
                               struct nl_error *err) {
    struct nl_task *task = running->task;
    struct nl_error problem = {0};
    task->state = running->options.dry_run ? NL_TASK_TRIED
                  : report->kept           ? NL_TASK_DONE
                                           : NL_TASK_FAILED;
    task->rows = (int64_t)report->rows;
    task->rejected = (int64_t)report->rejected;
    if (report->kept)
        task->taken = task->rows - task->rejected;
    if (task->state == NL_TASK_FAILED)
        nl_error_set(&problem, NL_DATA, NL_TEXT("%zu of %zu rows are not good: nothing is kept"),
                     report->rejected, report->rows);
    const struct nl_error *told = task->state == NL_TASK_FAILED ? &problem : NULL;
    set_problem(task, told);
    set_result(task, report, told);
    nl_error_free(&problem);
    set_tally(task, &report->tally);
    return nl_task_end(running->office->store, task, err);
}

/* The failure is the import's own, and its page reports it. One that counts is left to the next
 * pass. */
static enum nl_status end_badly(struct running *running, const struct nl_import_report *report,
                                enum nl_status failure, struct nl_error *err) {
    struct nl_task *task = running->task;
    struct nl_error later = {0};
    if (report->kept || (running->end != 0 && !running->cancelled && failure == NL_BUSY))
        return failure;
    task->state = running->cancelled ? NL_TASK_CANCELLED : NL_TASK_FAILED;
    const struct nl_error *told = running->cancelled ? NULL : err;
    set_problem(task, told);
    set_result(task, report, told);
    if (nl_task_end(running->office->store, task, &later) != NL_OK)
        nl_error_free(&later); /* the database is away: the next pass begins again */
    return failure;
}

/* Without the end of it: *report is the caller's to free. */
static enum nl_status import_file(struct running *running, FILE *in, const char *name,
                                  struct nl_import_report *report, struct nl_error *err) {
    running->options = *running->wanted;
    running->options.task = running->task->id;
    running->options.stop = &running->end;
    running->options.progress = take_progress;
    running->options.taken = take_taken;
    running->options.reject = take_reject;
    running->options.read = take_read;
    running->options.ctx = running;
    if (running->options.rejects == NULL) {
        running->rejects = nl_task_writer(running->office->store, running->task->id,
                                          NL_TASK_REJECTS, &running->written, err);
        if (running->rejects == NULL)
            return NL_OS;
        running->options.rejects = running->rejects;
    }
    enum nl_status status =
        nl_import_file(running->office->store, in, name, &running->options, report, err);
    struct nl_error later = {0}; /* a file that cannot be read has rows before that */
    nl_error_ignore(close_rejects(running, &later));
    nl_error_free(&later);
    nl_error_free(&running->written.problem);
    return status;
}

/* ---- one that waits ---- */

static enum nl_status end_as_failed(const struct nl_office *office, struct nl_task *task,
                                    const char *text, struct nl_error *err) {
    const struct nl_import_report none = {0};
    struct nl_error problem = {0};
    task->state = NL_TASK_FAILED;
    nl_error_set(&problem, NL_OS, "%s", text);
    set_problem(task, &problem);
    set_result(task, &none, &problem);
    nl_error_free(&problem);
    return nl_task_end(office->store, task, err);
}

/* It counted when its process ended. */
static enum nl_status finish_accepted(const struct nl_office *office, struct nl_task *task,
                                      struct nl_error *err) {
    int64_t id = task->id;
    enum nl_status status = nl_import_settle(office->store, err);
    nl_task_free(task);
    if (status == NL_OK)
        status = nl_task_find(office->store, NL_TASK_IMPORT, id, task, err);
    if (status != NL_OK)
        return status;
    task->state = NL_TASK_DONE;
    task->taken = task->rows - task->rejected;
    return nl_task_end(office->store, task, err);
}

static enum nl_status run_upload(struct running *running, const json_t *json,
                                 struct nl_error *err) {
    const struct nl_office *office = running->office;
    struct nl_task *task = running->task;
    struct nl_import_wish wish = {0};
    struct nl_import_report report = {0};
    struct nl_error problem = {0};
    FILE *in = NULL;
    enum nl_status status = nl_import_wish_read(office, json, &wish, err);
    running->wanted = &wish.options;
    if (status == NL_OK)
        status = nl_task_clear(office->store, task->id, NL_TASK_REJECTS, err);
    if (status == NL_OK &&
        (in = nl_task_reader(office->store, task->id, NL_TASK_UPLOAD, &problem, err)) == NULL)
        status = NL_OS;
    if (status == NL_OK)
        status = import_file(running, in, task->name, &report, err);
    if (in != NULL)
        fclose(in);
    nl_error_free(&problem);
    status = status == NL_OK ? end_well(running, &report, err)
                             : end_badly(running, &report, status, err);
    running->wanted = NULL;
    nl_import_report_free(&report);
    nl_import_wish_free(&wish);
    return status;
}

enum nl_status nl_import_task_run(const struct nl_office *office, struct nl_task *task,
                                  const volatile sig_atomic_t *stop, struct nl_error *err) {
    struct running running = {.office = office, .task = task, .stop = stop};
    if (task->accepted_at != 0) {
        enum nl_status finished = finish_accepted(office, task, err);
        return finished == NL_OK ? nl_task_clear(office->store, task->id, NL_TASK_UPLOAD, err)
                                 : finished;
    }
    if (task->size == 0)
        return end_as_failed(office, task, NL_TEXT("the process that read the file has ended"),
                             err);
    if (task->tries > NL_TASK_TRIES)
        return end_as_failed(office, task,
                             NL_TEXT("the process that worked on it has ended several times"), err);
    json_t *json = json_loads(task->options, 0, NULL);
    enum nl_status status =
        json_is_object(json) ? run_upload(&running, json, err)
                             : nl_error_set(err, NL_INTERNAL, "the options are not a JSON object");
    json_decref(json);
    if (status == NL_OK && (task->state == NL_TASK_DONE || task->state == NL_TASK_CANCELLED))
        status = nl_task_clear(office->store, task->id, NL_TASK_UPLOAD, err);
    return status;
}

/* ---- at once ---- */

static enum nl_status begin_now(const struct nl_office *office, const char *name,
                                const struct nl_import_options *options, struct nl_task *task,
                                struct nl_error *err) {
    const char *slash = strrchr(name, '/'); /* whose folders are nobody's business */
    bool held = false;
    json_t *json = json_object();
    if (options->policy.consent != NULL)
        json_object_set_new(json, "consent", json_string(options->policy.consent));
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    const struct nl_task wanted = {.kind = NL_TASK_IMPORT,
                                   .state = NL_TASK_RUNNING,
                                   .started_by =
                                       (char *)(office->by != NULL ? office->by->name : ""),
                                   .door = (char *)(office->by != NULL ? office->by->door : ""),
                                   .name = (char *)(slash != NULL ? slash + 1 : name),
                                   .options = text};
    enum nl_status status = nl_task_add(office->store, &wanted, &task->id, err);
    free(text);
    return status == NL_OK ? nl_task_hold(office->store, task->id, &held, err) : status;
}

enum nl_status nl_office_import_now(const struct nl_office *office, FILE *in, const char *name,
                                    const struct nl_import_options *options, int64_t *id,
                                    struct nl_import_report *report, struct nl_error *err) {
    struct nl_task task = {.kind = NL_TASK_IMPORT, .state = NL_TASK_RUNNING};
    struct running running = {.office = office, .task = &task, .wanted = options};
    *id = 0;
    *report = (struct nl_import_report){0};
    if (options->dry_run)
        return nl_import_file(office->store, in, name, options, report, err);
    enum nl_status status = begin_now(office, name, options, &task, err);
    if (status != NL_OK)
        return status;
    status = import_file(&running, in, name, report, err);
    status = status == NL_OK ? end_well(&running, report, err)
                             : end_badly(&running, report, status, err);
    nl_task_release(office->store, task.id);
    *id = report->kept ? task.id : 0;
    nl_task_free(&task);
    return status;
}
