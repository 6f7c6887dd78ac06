#include "web/hook_worker.h"

#include "newsletter/base/log.h"
#include "newsletter/base/secret.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* How many reports may wait, and how long the intake is kept: each new one drops old texts. */
enum { JOBS = 64, INTAKE_SECONDS = 3600 };

enum state { WAITING, WORKING, DONE };

struct nl_hook_job {
    struct nl_hooks *hooks;
    struct nl_hook *hook;
    struct nl_buf body;
    char *authorization, *signature, *timestamp;
    enum state state;
    enum nl_hook_answer answer;
    bool dropped;
    struct nl_hook_job *next;
};

struct nl_hooks {
    const struct nl_config *config;
    struct nl_hook *hooks[NL_HOOKS];
    size_t count;
    void (*wake)(void *ctx);
    void *wake_ctx;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct nl_hook_job *first, *last; /* that wait */
    size_t waiting;
    bool started, stop;
    /* The thread's own. */
    struct nl_store *store;
    struct nl_intake *intake;
    int64_t intake_since;
};

static void free_job(struct nl_hook_job *job) {
    nl_secret_free(job->authorization);
    free(job->signature);
    free(job->timestamp);
    nl_buf_free(&job->body);
    free(job);
}

/* ---- the thread ---- */

static void close_intake(struct nl_hooks *hooks) {
    nl_intake_free(hooks->intake);
    nl_store_close(hooks->store);
    hooks->intake = NULL;
    hooks->store = NULL;
}

static enum nl_status open_intake(struct nl_hooks *hooks, struct nl_error *err) {
    int64_t now = nl_env_now(&nl_env_system);
    enum nl_status status = NL_OK;
    if (hooks->intake != NULL && now - hooks->intake_since < INTAKE_SECONDS)
        return NL_OK;
    nl_intake_free(hooks->intake);
    hooks->intake = NULL;
    if (hooks->store == NULL)
        status = nl_store_open(hooks->config->database, &nl_env_system, &hooks->store, err);
    if (status == NL_OK)
        status = nl_intake_new(hooks->store, hooks->config, &hooks->intake, err);
    if (status == NL_OK)
        nl_intake_group(hooks->intake);
    hooks->intake_since = now;
    return status;
}

static enum nl_hook_answer take_hook(struct nl_hooks *hooks, const struct nl_hook_job *job) {
    const struct nl_hook_report report = {.body = nl_buf_text(&job->body),
                                          .len = job->body.len,
                                          .authorization = job->authorization,
                                          .signature = job->signature,
                                          .timestamp = job->timestamp};
    struct nl_error err = {0};
    enum nl_hook_answer answer = NL_HOOK_TRY_LATER;
    if (open_intake(hooks, &err) == NL_OK)
        answer = nl_hook_take(job->hook, hooks->store, hooks->intake, &report, &err);
    /* The connection may be lost: the next report begins with another. */
    if (answer == NL_HOOK_TRY_LATER)
        close_intake(hooks);
    if (answer != NL_HOOK_TAKEN)
        nl_log(answer == NL_HOOK_TRY_LATER ? NL_LOG_ERROR : NL_LOG_NOTICE, NULL, "%s",
               nl_error_text(&err));
    nl_error_free(&err);
    return answer;
}

/* The next job, which is the thread's from then on; NULL to end. */
static struct nl_hook_job *wait_for_job(struct nl_hooks *hooks) {
    pthread_mutex_lock(&hooks->mutex);
    while (hooks->first == NULL && !hooks->stop)
        pthread_cond_wait(&hooks->changed, &hooks->mutex);
    struct nl_hook_job *job = hooks->stop ? NULL : hooks->first;
    if (job != NULL) {
        hooks->first = job->next;
        hooks->waiting--;
        job->state = WORKING;
    }
    pthread_mutex_unlock(&hooks->mutex);
    return job;
}

static void finish(struct nl_hooks *hooks, struct nl_hook_job *job, enum nl_hook_answer answer) {
    pthread_mutex_lock(&hooks->mutex);
    bool dropped = job->dropped;
    job->answer = answer;
    job->state = DONE;
    pthread_mutex_unlock(&hooks->mutex);
    if (dropped)
        free_job(job);
    hooks->wake(hooks->wake_ctx);
}

static void *work(void *ctx) {
    struct nl_hooks *hooks = ctx;
    struct nl_hook_job *job = NULL;
    while ((job = wait_for_job(hooks)) != NULL)
        finish(hooks, job, take_hook(hooks, job));
    close_intake(hooks);
    return NULL;
}

/* ---- handing over ---- */

struct nl_hook *nl_hooks_find(const struct nl_hooks *hooks, const char *name) {
    for (size_t i = 0; hooks != NULL && i < hooks->count; i++)
        if (strcmp(nl_hook_name(hooks->hooks[i]), name) == 0)
            return hooks->hooks[i];
    return NULL;
}

static bool copy(const char *text, char **out) {
    *out = text != NULL ? strdup(text) : NULL;
    return text == NULL || *out != NULL;
}

struct nl_hook_job *nl_hooks_submit(struct nl_hooks *hooks, struct nl_hook *hook,
                                    struct nl_buf *body, const struct nl_hook_report *fields) {
    struct nl_hook_job *job = calloc(1, sizeof *job);
    bool ready = job != NULL && !body->failed && copy(fields->authorization, &job->authorization) &&
                 copy(fields->signature, &job->signature) &&
                 copy(fields->timestamp, &job->timestamp);
    if (ready) {
        job->hooks = hooks;
        job->hook = hook;
        pthread_mutex_lock(&hooks->mutex);
        ready = hooks->waiting < JOBS && hooks->started && !hooks->stop;
        if (ready) {
            job->body = *body;
            *body = (struct nl_buf){0};
            if (hooks->first == NULL)
                hooks->first = job;
            else
                hooks->last->next = job;
            hooks->last = job;
            hooks->waiting++;
            pthread_cond_signal(&hooks->changed);
        }
        pthread_mutex_unlock(&hooks->mutex);
    }
    if (!ready && job != NULL)
        free_job(job);
    return ready ? job : NULL;
}

bool nl_hook_job_done(struct nl_hook_job *job, enum nl_hook_answer *answer) {
    pthread_mutex_lock(&job->hooks->mutex);
    bool done = job->state == DONE;
    *answer = job->answer;
    pthread_mutex_unlock(&job->hooks->mutex);
    return done;
}

/* Takes a job out of those that wait. */
static void unlink_job(struct nl_hooks *hooks, const struct nl_hook_job *job) {
    struct nl_hook_job *before = NULL;
    for (struct nl_hook_job *at = hooks->first; at != NULL && at != job; at = at->next)
        before = at;
    if (before == NULL)
        hooks->first = job->next;
    else
        before->next = job->next;
    if (hooks->last == job)
        hooks->last = before;
    hooks->waiting--;
}

void nl_hook_job_drop(void *item) {
    struct nl_hook_job *job = item;
    struct nl_hooks *hooks = job->hooks;
    pthread_mutex_lock(&hooks->mutex);
    bool working = job->state == WORKING;
    job->dropped = true;
    if (job->state == WAITING)
        unlink_job(hooks, job);
    pthread_mutex_unlock(&hooks->mutex);
    if (!working) /* else the thread frees it */
        free_job(job);
}

/* ---- its life ---- */

enum nl_status nl_hooks_new(const struct nl_config *config, struct nl_hooks **out,
                            struct nl_error *err) {
    struct nl_hooks *hooks = calloc(1, sizeof *hooks);
    enum nl_status status = NL_OK;
    *out = NULL;
    if (hooks == NULL)
        return nl_error_nomem(err);
    hooks->config = config;
    pthread_mutex_init(&hooks->mutex, NULL);
    pthread_cond_init(&hooks->changed, NULL);
    for (size_t i = 0; status == NL_OK && i < config->hook_count; i++) {
        status = nl_hook_new(&config->hooks[i], &hooks->hooks[hooks->count], err);
        hooks->count += status == NL_OK;
    }
    if (status != NL_OK) {
        nl_hooks_free(hooks);
        return nl_error_context(err, "%s", config->path);
    }
    *out = hooks;
    return NL_OK;
}

enum nl_status nl_hooks_start(struct nl_hooks *hooks, void (*wake)(void *ctx), void *ctx,
                              struct nl_error *err) {
    sigset_t all;
    sigset_t before;
    hooks->wake = wake;
    hooks->wake_ctx = ctx;
    if (hooks->count == 0)
        return NL_OK;
    sigfillset(&all); /* signals are the server's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    hooks->started = pthread_create(&hooks->thread, NULL, work, hooks) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return hooks->started ? NL_OK : nl_error_set(err, NL_OS, "cannot start a thread");
}

void nl_hooks_stop(struct nl_hooks *hooks) {
    if (hooks == NULL || !hooks->started)
        return;
    pthread_mutex_lock(&hooks->mutex);
    hooks->stop = true;
    pthread_cond_signal(&hooks->changed);
    pthread_mutex_unlock(&hooks->mutex);
    pthread_join(hooks->thread, NULL);
    hooks->started = false;
}

void nl_hooks_free(struct nl_hooks *hooks) {
    if (hooks == NULL)
        return;
    nl_hooks_stop(hooks);
    for (size_t i = 0; i < hooks->count; i++)
        nl_hook_free(hooks->hooks[i]);
    pthread_mutex_destroy(&hooks->mutex);
    pthread_cond_destroy(&hooks->changed);
    free(hooks);
}
