#include "web/hook_worker.h"

#include "newsletter/base/log.h"
#include "newsletter/base/memory.h"
#include "newsletter/base/secret.h"
#include "web/job_queue.h"

#include <stdlib.h>
#include <string.h>

/* How many reports may wait, and how long the intake is kept: each new one drops old texts. */
enum { JOBS = 64, INTAKE_SECONDS = 3600 };

struct nl_hook_job {
    struct nl_job job;
    struct nl_hook *hook;
    struct nl_buf body;
    char *authorization, *signature, *timestamp;
    enum nl_hook_answer answer;
};

struct nl_hooks {
    const struct nl_config *config;
    struct nl_hook *hooks[NL_HOOKS];
    size_t count;
    struct nl_job_queue queue;
    /* The thread's own. */
    struct nl_store *store;
    struct nl_intake *intake;
    int64_t intake_since;
};

static void free_job(struct nl_job *item) {
    struct nl_hook_job *job = (struct nl_hook_job *)item;
    nl_secret_free(job->authorization);
    free(job->signature);
    free(job->timestamp);
    nl_buf_free(&job->body);
    free(job);
}

/* ---- the thread ---- */

static void close_intake(void *ctx) {
    struct nl_hooks *hooks = ctx;
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

static void run(struct nl_job *item, void *ctx) {
    struct nl_hook_job *job = (struct nl_hook_job *)item;
    job->answer = take_hook(ctx, job);
}

/* ---- handing over ---- */

struct nl_hook *nl_hooks_find(const struct nl_hooks *hooks, const char *name) {
    for (size_t i = 0; hooks != NULL && i < hooks->count; i++)
        if (strcmp(nl_hook_name(hooks->hooks[i]), name) == 0)
            return hooks->hooks[i];
    return NULL;
}

static char *copy(const char *text) {
    return text != NULL ? nl_strdup(text) : NULL;
}

struct nl_hook_job *nl_hooks_submit(struct nl_hooks *hooks, struct nl_hook *hook,
                                    struct nl_buf *body, const struct nl_hook_report *fields) {
    struct nl_hook_job *job = nl_calloc(1, sizeof *job);
    job->authorization = copy(fields->authorization);
    job->signature = copy(fields->signature);
    job->timestamp = copy(fields->timestamp);
    job->hook = hook;
    job->body = *body;
    bool ready = nl_job_submit(&hooks->queue, &job->job);
    *(ready ? body : &job->body) = (struct nl_buf){0};
    if (!ready)
        free_job(&job->job);
    return ready ? job : NULL;
}

bool nl_hook_job_done(struct nl_hook_job *job, enum nl_hook_answer *answer) {
    bool done = nl_job_is_done(&job->job);
    if (done)
        *answer = job->answer;
    return done;
}

void nl_hook_job_drop(void *job) {
    nl_job_drop(&((struct nl_hook_job *)job)->job);
}

/* ---- its life ---- */

enum nl_status nl_hooks_new(const struct nl_config *config, struct nl_hooks **out,
                            struct nl_error *err) {
    struct nl_hooks *hooks = nl_calloc(1, sizeof *hooks);
    enum nl_status status = NL_OK;
    *out = NULL;
    hooks->config = config;
    hooks->queue = (struct nl_job_queue){
        .room = JOBS, .ctx = hooks, .run = run, .end = close_intake, .free = free_job};
    nl_job_queue_init(&hooks->queue);
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
    return hooks->count > 0 ? nl_job_queue_start(&hooks->queue, wake, ctx, err) : NL_OK;
}

void nl_hooks_stop(struct nl_hooks *hooks) {
    if (hooks != NULL)
        nl_job_queue_stop(&hooks->queue);
}

void nl_hooks_free(struct nl_hooks *hooks) {
    if (hooks == NULL)
        return;
    nl_hooks_stop(hooks);
    for (size_t i = 0; i < hooks->count; i++)
        nl_hook_free(hooks->hooks[i]);
    nl_job_queue_destroy(&hooks->queue);
    free(hooks);
}
