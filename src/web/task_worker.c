#include "newsletter/web/task_worker.h"

#include "newsletter/base/log.h"
#include "newsletter/base/thread.h"
#include "newsletter/service/tasks.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { POLL_SECONDS = 5, AWAY_SECONDS = 30 };

struct nl_task_worker {
    const struct nl_config *config;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool woken;
    volatile sig_atomic_t stop;
    struct nl_store *stores[2]; /* the thread's own */
};

/* Waits; false to end. */
static bool rest(struct nl_task_worker *worker, int seconds) {
    struct timespec until;
    bool timed_out = false;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&worker->mutex);
    while (worker->stop == 0 && !worker->woken && !timed_out)
        timed_out = pthread_cond_timedwait(&worker->changed, &worker->mutex, &until) != 0;
    worker->woken = false;
    bool go_on = worker->stop == 0;
    pthread_mutex_unlock(&worker->mutex);
    return go_on;
}

static enum nl_status open_stores(struct nl_task_worker *worker, struct nl_error *err) {
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < 2; i++)
        if (worker->stores[i] == NULL)
            status =
                nl_store_open(worker->config->database, &nl_env_system, &worker->stores[i], err);
    return status;
}

static bool pass(struct nl_task_worker *worker) {
    struct nl_error err = {0};
    enum nl_status status = open_stores(worker, &err);
    const struct nl_office office = {.store = worker->stores[0], .config = worker->config};
    if (status == NL_OK)
        status = nl_office_tasks_pass(&office, worker->stores[1], &worker->stop, &err);
    if (status != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "imports and exports: %s", nl_error_text(&err));
    nl_error_free(&err);
    return status == NL_OK;
}

static void *work(void *ctx) {
    struct nl_task_worker *worker = ctx;
    bool fine = pass(worker);
    while (rest(worker, fine ? POLL_SECONDS : AWAY_SECONDS))
        fine = pass(worker);
    nl_store_close(worker->stores[0]);
    nl_store_close(worker->stores[1]);
    return NULL;
}

void nl_task_worker_wake(struct nl_task_worker *worker) {
    pthread_mutex_lock(&worker->mutex);
    worker->woken = true;
    pthread_cond_signal(&worker->changed);
    pthread_mutex_unlock(&worker->mutex);
}

enum nl_status nl_task_worker_new(const struct nl_config *config, struct nl_task_worker **out,
                                  struct nl_error *err) {
    struct nl_task_worker *worker = calloc(1, sizeof *worker);
    *out = NULL;
    if (worker == NULL)
        return nl_error_nomem(err);
    worker->config = config;
    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->changed, NULL);
    enum nl_status status = nl_thread_start(&worker->thread, work, worker, err);
    if (status == NL_OK)
        *out = worker;
    else
        free(worker);
    return status;
}

void nl_task_worker_free(struct nl_task_worker *worker) {
    if (worker == NULL)
        return;
    pthread_mutex_lock(&worker->mutex);
    worker->stop = 1;
    pthread_cond_signal(&worker->changed);
    pthread_mutex_unlock(&worker->mutex);
    pthread_join(worker->thread, NULL);
    pthread_mutex_destroy(&worker->mutex);
    pthread_cond_destroy(&worker->changed);
    free(worker);
}
