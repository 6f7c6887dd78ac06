#include "newsletter/base/catalog.h"
#include "newsletter/base/clock.h"
#include "newsletter/base/memory.h"
#include "service/task_common.h"

#include <stdlib.h>
#include <string.h>

enum { NOTE_NANOSECONDS = 500000000 };

/* An export that is being made. */
struct making {
    struct nl_store *second; /* while rows come in on the first connection */
    struct nl_task *task;
    const volatile sig_atomic_t *stop;
    bool cancelled;
    int64_t noted_at;
    struct nl_task_written written;
};

static enum nl_status note(size_t rows, void *ctx, struct nl_error *err) {
    struct making *making = ctx;
    making->task->rows = (int64_t)rows;
    making->task->size = making->written.size;
    if (*making->stop != 0)
        return nl_error_set(err, NL_BUSY, "it was told to stop");
    if (nl_clock_nanoseconds() - making->noted_at < NOTE_NANOSECONDS)
        return NL_OK;
    making->noted_at = nl_clock_nanoseconds();
    enum nl_status status = nl_task_progress(making->second, making->task, &making->cancelled, err);
    return status == NL_OK && making->cancelled ? nl_error_set(err, NL_BUSY, "it was cancelled")
                                                : status;
}

static enum nl_status write_all(const struct nl_office *office, struct making *making,
                                struct nl_export_wish *wish, struct nl_error *err) {
    size_t count = 0;
    FILE *out =
        nl_task_writer(making->second, making->task->id, NL_TASK_EXPORTED, &making->written, err);
    if (out == NULL)
        return NL_OS;
    wish->options.progress = note;
    wish->options.ctx = making;
    enum nl_status status =
        nl_export_file(office->store, &wish->filter, &wish->options, out, &count, err);
    if (fclose(out) != 0 && status == NL_OK)
        status = nl_error_set(err, NL_IO, "%s", nl_error_text(&making->written.problem));
    making->task->rows = (int64_t)count;
    making->task->size = making->written.size;
    nl_error_free(&making->written.problem);
    return status;
}

static enum nl_status clear_unless_done(struct making *making, struct nl_error *err) {
    return making->task->state != NL_TASK_DONE
               ? nl_task_clear(making->second, making->task->id, NL_TASK_EXPORTED, err)
               : NL_OK;
}

static enum nl_status end(struct making *making, enum nl_status status, struct nl_error *err) {
    struct nl_task *task = making->task;
    task->state = status == NL_OK     ? NL_TASK_DONE
                  : making->cancelled ? NL_TASK_CANCELLED
                                      : NL_TASK_FAILED;
    free(task->problem);
    task->problem = task->state == NL_TASK_FAILED ? nl_strdup(nl_error_text(err)) : NULL;
    json_t *result = nl_task_result(task->problem != NULL ? err : NULL);
    free(task->result);
    task->result = json_dumps(result, JSON_COMPACT);
    json_decref(result);
    nl_error_free(err);
    status = clear_unless_done(making, err);
    if (status == NL_OK)
        status = nl_task_end(making->second, task, err);
    return status == NL_OK ? clear_unless_done(making, err) : status; /* cancelled this late */
}

enum nl_status nl_export_task_run(const struct nl_office *office, struct nl_store *second,
                                  struct nl_task *task, const volatile sig_atomic_t *stop,
                                  struct nl_error *err) {
    struct making making = {.second = second, .task = task, .stop = stop};
    struct nl_export_wish wish = {0};
    json_t *json = json_loads(task->options, 0, NULL);
    enum nl_status status =
        json_is_object(json) ? nl_export_wish_read(office, json, &wish, err)
                             : nl_error_set(err, NL_INTERNAL, "the options are not a JSON object");
    if (status == NL_OK && task->tries > NL_TASK_TRIES)
        status = nl_error_set(err, NL_OS,
                              NL_TEXT("the process that worked on it has ended several times"));
    if (status == NL_OK)
        status = nl_task_clear(second, task->id, NL_TASK_EXPORTED, err);
    if (status == NL_OK)
        status = write_all(office, &making, &wish, err);
    nl_export_wish_free(&wish);
    json_decref(json);
    return *stop != 0 && status == NL_BUSY && !making.cancelled ? status
                                                                : end(&making, status, err);
}
