#include "web/job_queue.h"

#include "newsletter/base/thread.h"

/* ---- the thread ---- */

/* The next job, which is the thread's from then on; NULL to end. */
static struct nl_job *wait_for_job(struct nl_job_queue *queue) {
    pthread_mutex_lock(&queue->mutex);
    while (queue->first == NULL && !queue->stop)
        pthread_cond_wait(&queue->changed, &queue->mutex);
    struct nl_job *job = queue->stop ? NULL : queue->first;
    if (job != NULL) {
        queue->first = job->next;
        queue->waiting--;
        job->state = NL_JOB_WORKING;
    }
    pthread_mutex_unlock(&queue->mutex);
    return job;
}

static void finish(struct nl_job_queue *queue, struct nl_job *job) {
    pthread_mutex_lock(&queue->mutex);
    bool dropped = job->dropped;
    job->state = NL_JOB_DONE;
    pthread_mutex_unlock(&queue->mutex);
    if (dropped)
        queue->free(job);
    queue->wake(queue->wake_ctx);
}

static void *work(void *ctx) {
    struct nl_job_queue *queue = ctx;
    struct nl_job *job = NULL;
    while ((job = wait_for_job(queue)) != NULL) {
        queue->run(job, queue->ctx);
        finish(queue, job);
    }
    if (queue->end != NULL)
        queue->end(queue->ctx);
    return NULL;
}

/* ---- its life ---- */

void nl_job_queue_init(struct nl_job_queue *queue) {
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->changed, NULL);
}

enum nl_status nl_job_queue_start(struct nl_job_queue *queue, void (*wake)(void *ctx),
                                  void *wake_ctx, struct nl_error *err) {
    queue->wake = wake;
    queue->wake_ctx = wake_ctx;
    enum nl_status status = nl_thread_start(&queue->thread, work, queue, err);
    queue->started = status == NL_OK;
    return status;
}

void nl_job_queue_stop(struct nl_job_queue *queue) {
    if (!queue->started)
        return;
    pthread_mutex_lock(&queue->mutex);
    queue->stop = true;
    pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
    pthread_join(queue->thread, NULL);
    queue->started = false;
}

void nl_job_queue_destroy(struct nl_job_queue *queue) {
    pthread_mutex_destroy(&queue->mutex);
    pthread_cond_destroy(&queue->changed);
}

/* ---- jobs ---- */

bool nl_job_submit(struct nl_job_queue *queue, struct nl_job *job) {
    pthread_mutex_lock(&queue->mutex);
    bool ready = queue->waiting < queue->room && queue->started && !queue->stop;
    if (ready) {
        job->queue = queue;
        if (queue->first == NULL)
            queue->first = job;
        else
            queue->last->next = job;
        queue->last = job;
        queue->waiting++;
        pthread_cond_signal(&queue->changed);
    }
    pthread_mutex_unlock(&queue->mutex);
    return ready;
}

bool nl_job_is_done(struct nl_job *job) {
    pthread_mutex_lock(&job->queue->mutex);
    bool done = job->state == NL_JOB_DONE;
    pthread_mutex_unlock(&job->queue->mutex);
    return done;
}

/* Takes a job out of those that wait. */
static void unlink_job(struct nl_job_queue *queue, const struct nl_job *job) {
    struct nl_job *before = NULL;
    for (struct nl_job *at = queue->first; at != NULL && at != job; at = at->next)
        before = at;
    if (before == NULL)
        queue->first = job->next;
    else
        before->next = job->next;
    if (queue->last == job)
        queue->last = before;
    queue->waiting--;
}

void nl_job_drop(struct nl_job *job) {
    struct nl_job_queue *queue = job->queue;
    pthread_mutex_lock(&queue->mutex);
    bool working = job->state == NL_JOB_WORKING;
    job->dropped = true;
    if (job->state == NL_JOB_WAITING)
        unlink_job(queue, job);
    pthread_mutex_unlock(&queue->mutex);
    if (!working) /* else the thread frees it */
        queue->free(job);
}
