/* Work that a thread does, one piece after the other, while the server goes on with its visitors.
 * All but `run` and `end` is for one thread, the server's. */
#ifndef NL_WEB_JOB_QUEUE_H
#define NL_WEB_JOB_QUEUE_H

#include "newsletter/base/error.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum nl_job_state { NL_JOB_WAITING, NL_JOB_WORKING, NL_JOB_DONE };

/* The first member of each job. */
struct nl_job {
    struct nl_job_queue *queue;
    enum nl_job_state state;
    bool dropped;
    struct nl_job *next;
};

/* Set what stands first, then nl_job_queue_init. */
struct nl_job_queue {
    size_t room; /* how many may wait */
    void *ctx;
    void (*run)(struct nl_job *job, void *ctx); /* in the thread */
    void (*end)(void *ctx);                     /* in the thread, as its last step; NULL for none */
    void (*free)(struct nl_job *job);
    /* Its own. */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct nl_job *first, *last; /* that wait */
    size_t waiting;
    bool started, stop;
    void (*wake)(void *ctx);
    void *wake_ctx;
};

void nl_job_queue_init(struct nl_job_queue *queue);

/* Starts the thread, which calls `wake` after each job, so that the server asks for it. */
NL_CHECKED enum nl_status nl_job_queue_start(struct nl_job_queue *queue, void (*wake)(void *ctx),
                                             void *wake_ctx, struct nl_error *err)
    NL_NONNULL(1, 2, 4);

/* Finishes the job in hand, then ends the thread. Jobs that wait are left to those who asked for
 * them. */
void nl_job_queue_stop(struct nl_job_queue *queue);

/* After nl_job_queue_stop. */
void nl_job_queue_destroy(struct nl_job_queue *queue);

/* Hands a job over, which is zero except the caller's part. False if there is no room, or no
 * thread: the job remains the caller's. */
bool nl_job_submit(struct nl_job_queue *queue, struct nl_job *job);

/* Whether it is done, and what `run` has written may be read. */
bool nl_job_is_done(struct nl_job *job);

/* Ends the interest in a job, which is freed now or when the thread has done with it; one that
 * waits is not done any more. */
void nl_job_drop(struct nl_job *job);

#endif
