#include "newsletter/service/tasks.h"

#include "newsletter/base/log.h"
#include "service/task_common.h"

static enum nl_status find(const struct nl_office *office, int64_t id, struct nl_task *out,
                           struct nl_error *err) {
    enum nl_status status = nl_task_find(office->store, NL_TASK_IMPORT, id, out, err);
    if (status != NL_NOTFOUND)
        return status;
    nl_error_free(err);
    return nl_task_find(office->store, NL_TASK_EXPORT, id, out, err);
}

static enum nl_status run_one(const struct nl_office *office, struct nl_store *second, int64_t id,
                              const volatile sig_atomic_t *stop, struct nl_error *err) {
    const unsigned from = NL_TASK_BIT(NL_TASK_WAITING) | NL_TASK_BIT(NL_TASK_RUNNING);
    struct nl_task task = {0};
    bool moved = false;
    enum nl_status status = find(office, id, &task, err);
    if (status == NL_OK && task.state == NL_TASK_UNDOING) {
        status = nl_task_undo(office, id, stop, err);
        nl_task_free(&task);
        return status;
    }
    nl_task_free(&task);
    if (status == NL_OK)
        status = nl_task_move(office->store, id, from, NL_TASK_RUNNING, &moved, err);
    if (status == NL_OK && moved)
        status = find(office, id, &task, err);
    if (status == NL_OK && moved)
        status = task.kind == NL_TASK_IMPORT ? nl_import_task_run(office, &task, stop, err)
                                             : nl_export_task_run(office, second, &task, stop, err);
    nl_task_free(&task);
    return status;
}

/* Each import or export reports its own failure, and others go on. */
enum nl_status nl_office_tasks_pass(const struct nl_office *office, struct nl_store *second,
                                    const volatile sig_atomic_t *stop, struct nl_error *err) {
    enum nl_status status = nl_tasks_expire(office->store, err);
    int64_t id = 0;
    int64_t before = 0;
    while (status == NL_OK && *stop == 0) {
        status = nl_task_take(office->store, &id, err);
        if (status != NL_OK || id == 0)
            return status;
        struct nl_error told = {0};
        if (run_one(office, second, id, stop, &told) != NL_OK && *stop == 0)
            nl_log(NL_LOG_NOTICE, NULL, "import or export %lld: %s", (long long)id,
                   nl_error_text(&told));
        nl_error_free(&told);
        nl_task_release(office->store, id);
        if (id == before) /* it could not be ended: wait for the next pass */
            return NL_OK;
        before = id;
    }
    return status;
}
