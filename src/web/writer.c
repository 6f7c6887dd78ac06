#include "web/writer.h"

#include "newsletter/base/clock.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/thread.h"
#include "web/response.h"

#include <stdlib.h>

/* How many requests may wait, and how long one may take from its arrival until it holds the lock on
 * the database. */
enum { QUEUE_LIMIT = 1000, WAIT_MILLISECONDS = 10000 };

enum state { QUEUED, WORKING, DONE };

struct nl_writing {
    struct nl_writer *writer;
    const struct nl_request *request;
    struct nl_response response;
    struct nl_error err;
    enum nl_status status;
    int64_t until; /* milliseconds of the monotonic clock */
    enum state state;
    struct nl_writing *next;
};

struct nl_writer {
    struct nl_server_writer options;
    void (*wake)(void *ctx);
    void *wake_ctx;
    struct worker {
        struct nl_writer *writer;
        void *ctx;
        pthread_t thread;
    } workers[NL_SERVER_THREADS];
    size_t started;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct nl_writing *first, *last; /* that are queued */
    size_t queued;
    bool stop;
};

/* ---- the threads ---- */

/* The next in the queue, which is the thread's from then on; NULL to end. */
static struct nl_writing *wait_for_writing(struct nl_writer *writer) {
    pthread_mutex_lock(&writer->mutex);
    while (writer->first == NULL && !writer->stop)
        pthread_cond_wait(&writer->changed, &writer->mutex);
    struct nl_writing *writing = writer->first;
    if (writing != NULL) {
        writer->first = writing->next;
        writer->queued--;
        writing->state = WORKING;
    }
    bool stop = writer->stop;
    pthread_mutex_unlock(&writer->mutex);
    if (writing != NULL && stop)
        writing->until = 0; /* answered, but not begun */
    return writing;
}

static void answer(const struct worker *worker, struct nl_writing *writing) {
    const struct nl_server_writer *options = &worker->writer->options;
    int64_t left = writing->until - nl_clock_milliseconds();
    writing->response.status = 200;
    if (left <= 0) {
        writing->status = nl_error_set(&writing->err, NL_BUSY, "it waited too long for others");
        return;
    }
    options->set_patience(worker->ctx, (int)left);
    writing->status =
        options->handler(worker->ctx, writing->request, &writing->response, &writing->err);
}

static void *write_queued(void *ctx) {
    const struct worker *worker = ctx;
    struct nl_writer *writer = worker->writer;
    struct nl_writing *writing = NULL;
    while ((writing = wait_for_writing(writer)) != NULL) {
        answer(worker, writing);
        pthread_mutex_lock(&writer->mutex);
        writing->state = DONE;
        bool last = writer->first == NULL;
        pthread_mutex_unlock(&writer->mutex);
        if (last)
            writer->options.set_patience(worker->ctx, 0);
        writer->wake(writer->wake_ctx);
    }
    return NULL;
}

/* ---- for the server ---- */

bool nl_writer_submit(struct nl_writer *writer, struct nl_request *request) {
    struct nl_writing *writing = nl_calloc(1, sizeof *writing);
    *writing = (struct nl_writing){
        .writer = writer, .request = request, .until = nl_clock_milliseconds() + WAIT_MILLISECONDS};
    pthread_mutex_lock(&writer->mutex);
    bool room = writer->queued < QUEUE_LIMIT && !writer->stop;
    if (room) {
        if (writer->first == NULL)
            writer->first = writing;
        else
            writer->last->next = writing;
        writer->last = writing;
        writer->queued++;
        request->writing = writing;
        pthread_cond_signal(&writer->changed);
    }
    pthread_mutex_unlock(&writer->mutex);
    if (!room)
        free(writing);
    return room;
}

bool nl_writing_is_done(struct nl_writing *writing) {
    pthread_mutex_lock(&writing->writer->mutex);
    bool done = writing->state == DONE;
    pthread_mutex_unlock(&writing->writer->mutex);
    return done;
}

enum nl_status nl_writing_take(struct nl_writing *writing, struct nl_response *response,
                               struct nl_error *err) {
    *response = writing->response;
    *err = writing->err;
    writing->response = (struct nl_response){0};
    writing->err = (struct nl_error){0};
    return writing->status;
}

void nl_writing_free(struct nl_writing *writing) {
    if (writing == NULL)
        return;
    nl_response_free(&writing->response);
    nl_error_free(&writing->err);
    free(writing);
}

/* ---- its life ---- */

enum nl_status nl_writer_new(const struct nl_server_writer *options, void (*wake)(void *ctx),
                             void *wake_ctx, struct nl_writer **out, struct nl_error *err) {
    struct nl_writer *writer = nl_calloc(1, sizeof *writer);
    *out = NULL;
    *writer = (struct nl_writer){.options = *options, .wake = wake, .wake_ctx = wake_ctx};
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_cond_init(&writer->changed, NULL);
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && i < options->count; i++) {
        writer->workers[i] = (struct worker){.writer = writer, .ctx = options->contexts[i]};
        status =
            nl_thread_start(&writer->workers[i].thread, write_queued, &writer->workers[i], err);
        writer->started += status == NL_OK;
    }
    if (status == NL_OK) {
        *out = writer;
    } else {
        nl_writer_stop(writer);
        nl_writer_free(writer);
    }
    return status;
}

void nl_writer_stop(struct nl_writer *writer) {
    if (writer == NULL)
        return;
    pthread_mutex_lock(&writer->mutex);
    writer->stop = true;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);
    for (size_t i = 0; i < writer->started; i++)
        pthread_join(writer->workers[i].thread, NULL);
}

void nl_writer_free(struct nl_writer *writer) {
    if (writer == NULL)
        return;
    pthread_mutex_destroy(&writer->mutex);
    pthread_cond_destroy(&writer->changed);
    free(writer);
}
