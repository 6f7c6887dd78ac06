#include "web/copy_worker.h"

#include "newsletter/base/address.h"
#include "newsletter/base/thread.h"
#include "newsletter/delivery/send.h"

#include <stdlib.h>
#include <string.h>

enum { JOBS = 8, TOLD = 64 };

struct job {
    char *who, *sender, *to;
    struct nl_buf message;
};

struct told {
    char *who;
    struct nl_buf text;
};

struct nl_copies {
    const struct nl_config *config;
    const struct nl_relay *relay;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct job jobs[JOBS];
    size_t count;
    struct told told[TOLD]; /* the oldest give way */
    size_t told_next;
    bool stop;
};

static void free_job(struct job *job) {
    free(job->who);
    free(job->sender);
    free(job->to);
    nl_buf_free(&job->message);
    *job = (struct job){0};
}

/* ---- with the mutex held ---- */

static void tell(struct nl_copies *copies, const char *who, const char *to, const char *text) {
    size_t at = 0;
    while (at < TOLD && (copies->told[at].who == NULL || strcmp(copies->told[at].who, who) != 0))
        at++;
    if (at == TOLD) {
        at = copies->told_next++ % TOLD;
        free(copies->told[at].who);
        copies->told[at].who = strdup(who);
    }
    nl_buf_clear(&copies->told[at].text);
    nl_buf_addf(&copies->told[at].text, "%s: %s", to, text);
}

static bool take_job(struct nl_copies *copies, struct job *out) {
    while (copies->count == 0 && !copies->stop)
        pthread_cond_wait(&copies->changed, &copies->mutex);
    if (copies->stop)
        return false;
    *out = copies->jobs[0];
    memmove(copies->jobs, copies->jobs + 1, --copies->count * sizeof *copies->jobs);
    return true;
}

/* ---- the thread ---- */

static void do_job(struct nl_copies *copies, struct job *job) {
    struct nl_address to = {0};
    struct nl_error err = {0};
    enum nl_status status = nl_address_parse(job->to, &to, &err);
    if (status == NL_OK)
        status = nl_send_test(copies->config, copies->relay, job->sender, &to, &job->message, &err);
    pthread_mutex_lock(&copies->mutex);
    tell(copies, job->who, job->to, status == NL_OK ? "OK" : nl_error_text(&err));
    pthread_mutex_unlock(&copies->mutex);
    nl_error_free(&err);
    nl_address_free(&to);
}

static void *work(void *ctx) {
    struct nl_copies *copies = ctx;
    struct job job = {0};
    for (;;) {
        pthread_mutex_lock(&copies->mutex);
        bool more = take_job(copies, &job);
        pthread_mutex_unlock(&copies->mutex);
        if (!more)
            return NULL;
        do_job(copies, &job);
        free_job(&job);
    }
}

/* ---- for the server's thread ---- */

enum nl_status nl_copies_send(struct nl_copies *copies, const char *who, const char *sender,
                              const char *to, struct nl_buf *message, struct nl_error *err) {
    struct job job = {strdup(who), strdup(sender), strdup(to), *message};
    *message = (struct nl_buf){0};
    if (job.who == NULL || job.sender == NULL || job.to == NULL) {
        free_job(&job);
        return nl_error_nomem(err);
    }
    pthread_mutex_lock(&copies->mutex);
    bool room = copies->count < JOBS;
    if (room) {
        copies->jobs[copies->count++] = job;
        tell(copies, who, to, "...");
        pthread_cond_signal(&copies->changed);
    }
    pthread_mutex_unlock(&copies->mutex);
    if (room)
        return NL_OK;
    free_job(&job);
    return nl_error_set(err, NL_DATA, "too many test mails wait: try again in a minute");
}

void nl_copies_tell(struct nl_copies *copies, const char *who, struct nl_buf *out) {
    pthread_mutex_lock(&copies->mutex);
    for (size_t i = 0; i < TOLD; i++)
        if (copies->told[i].who != NULL && strcmp(copies->told[i].who, who) == 0)
            nl_buf_adds(out, nl_buf_text(&copies->told[i].text));
    pthread_mutex_unlock(&copies->mutex);
}

enum nl_status nl_copies_new(const struct nl_config *config, const struct nl_relay *relay,
                             struct nl_copies **out, struct nl_error *err) {
    struct nl_copies *copies = calloc(1, sizeof *copies);
    *out = NULL;
    if (copies == NULL)
        return nl_error_nomem(err);
    copies->config = config;
    copies->relay = relay;
    pthread_mutex_init(&copies->mutex, NULL);
    pthread_cond_init(&copies->changed, NULL);
    enum nl_status status = nl_thread_start(&copies->thread, work, copies, err);
    if (status == NL_OK)
        *out = copies;
    else
        free(copies);
    return status;
}

void nl_copies_free(struct nl_copies *copies) {
    if (copies == NULL)
        return;
    pthread_mutex_lock(&copies->mutex);
    copies->stop = true;
    pthread_cond_signal(&copies->changed);
    pthread_mutex_unlock(&copies->mutex);
    pthread_join(copies->thread, NULL);
    for (size_t i = 0; i < copies->count; i++)
        free_job(&copies->jobs[i]);
    for (size_t i = 0; i < TOLD; i++) {
        free(copies->told[i].who);
        nl_buf_free(&copies->told[i].text);
    }
    pthread_mutex_destroy(&copies->mutex);
    pthread_cond_destroy(&copies->changed);
    free(copies);
}
