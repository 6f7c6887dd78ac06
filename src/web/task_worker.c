#include "newsletter/web/task_worker.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/log.h"
#include "newsletter/service/tasks.h"
#include "web/ticker.h"

#include <stdlib.h>

struct nl_task_worker {
    const struct nl_config *config;
    struct nl_ticker ticker;
    struct nl_store *stores[2]; /* the thread's own */
};

static enum nl_status open_stores(struct nl_task_worker *worker, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < 2; i++)
        if (worker->stores[i] == NULL)
            status =
                nl_store_open(worker->config->database, &nl_env_system, &worker->stores[i], err);
    return status;
}

static bool do_tasks(void *ctx) {
    struct nl_task_worker *worker = ctx;
    struct nl_error err = {0};
    enum nl_status status = open_stores(worker, &err);
    const struct nl_office office = {.store = worker->stores[0], .config = worker->config};
    if (status == NL_OK)
        status = nl_office_tasks_pass(&office, worker->stores[1], &worker->ticker.stop, &err);
    if (status != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "imports and exports: %s", nl_error_text(&err));
    nl_error_free(&err);
    return status == NL_OK;
}

static void close_stores(void *ctx) {
    struct nl_task_worker *worker = ctx;
    nl_store_close(worker->stores[0]);
    nl_store_close(worker->stores[1]);
}

void nl_task_worker_wake(struct nl_task_worker *worker) {
    nl_ticker_wake(&worker->ticker);
}

enum nl_status nl_task_worker_new(const struct nl_config *config, struct nl_task_worker **out,
                                  struct nl_error *err) {
    struct nl_task_worker *worker = nl_calloc(1, sizeof *worker);
    *out = NULL;
    worker->config = config;
    /* Woken at once, since an earlier server may have left tasks. */
    worker->ticker = (struct nl_ticker){
        .seconds = 5, .pass = do_tasks, .end = close_stores, .ctx = worker, .woken = true};
    enum nl_status status = nl_ticker_start(&worker->ticker, err);
    if (status == NL_OK)
        *out = worker;
    else
        free(worker);
    return status;
}

void nl_task_worker_free(struct nl_task_worker *worker) {
    if (worker != NULL)
        nl_ticker_stop(&worker->ticker);
    free(worker);
}
