#include "newsletter/web/mailer.h"
#include "newsletter/base/memory.h"

#include "newsletter/base/env.h"
#include "newsletter/base/log.h"
#include "newsletter/base/thread.h"
#include "newsletter/delivery/service.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum {
    POLL_SECONDS = 60,      /* deferred notices are cron's, but are also tried here now and then */
    BUSY_SECONDS = 5,       /* until an issue is looked at again that another process is sending */
    NOTICES_ONE_BY_ONE = 4, /* more of them are sent in one pass, over several connections */
};

struct nl_mailer {
    const struct nl_config *config;
    const struct nl_relay *relay;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    enum nl_service_work work;
    bool woken;
    bool full_pass; /* more notices than fit into `notices`, or whatever else there is */
    int64_t notices[NOTICES_ONE_BY_ONE];
    size_t count;
    int64_t due; /* when to wake by itself; 0: never */
    bool busy;   /* another process is sending an issue, and may leave it unfinished */
    volatile sig_atomic_t stop;
};

/* The reason for waking the mailer. */
struct errand {
    bool full_pass;
    int64_t notices[NOTICES_ONE_BY_ONE];
    size_t count;
};

static void report(const struct nl_issue *issue, const struct nl_run_summary *summary, void *ctx) {
    const char *what = issue != NULL ? issue->slug : "sending notices";
    const struct nl_log_field fields[] = {{issue != NULL ? "ISSUE" : NULL, what}, {0}};
    (void)ctx;
    if (summary->problem.status != NL_OK)
        nl_log(NL_LOG_ERROR, fields, "%s: %s", what, nl_error_text(&summary->problem));
}

static void run_mailer(struct nl_mailer *mailer, struct nl_store *store,
                       const struct errand *errand) {
    const struct nl_service service = {.store = store,
                                       .config = mailer->config,
                                       .relay = mailer->relay,
                                       .work = mailer->work,
                                       .stop = &mailer->stop,
                                       .report = report};
    struct nl_service_pass pass = {0};
    struct nl_error err = {0};
    enum nl_status status = NL_OK;
    for (size_t i = 0; status == NL_OK && !errand->full_pass && i < errand->count; i++)
        status = nl_service_notice(&service, errand->notices[i], &err);
    if (status == NL_OK && errand->full_pass)
        status = nl_service_run(&service, &pass, &err);
    if (status != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "sending: %s", nl_error_text(&err));
    mailer->busy = pass.busy;
    if (pass.look_at != 0)
        nl_mailer_wake_at(mailer, pass.look_at);
    nl_error_free(&err);
}

/* Waits until there is something to send, or it is time to search for it. False to end. */
static bool wait_for_work(struct nl_mailer *mailer, struct errand *errand) {
    struct timespec until;
    bool timed_out = false;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += mailer->busy ? BUSY_SECONDS : POLL_SECONDS;
    pthread_mutex_lock(&mailer->mutex);
    while (!mailer->woken && mailer->stop == 0 && !timed_out) {
        bool waits = mailer->work == NL_SERVICE_ISSUES && !mailer->busy;
        struct timespec due = {.tv_sec = mailer->due};
        if (waits && mailer->due == 0)
            pthread_cond_wait(&mailer->changed, &mailer->mutex);
        else
            timed_out = pthread_cond_timedwait(&mailer->changed, &mailer->mutex,
                                               waits ? &due : &until) != 0;
    }
    if (mailer->due <= nl_env_now(&nl_env_system))
        mailer->due = 0;
    *errand = (struct errand){.full_pass = mailer->full_pass || timed_out, .count = mailer->count};
    for (size_t i = 0; i < mailer->count; i++)
        errand->notices[i] = mailer->notices[i];
    mailer->woken = false;
    mailer->full_pass = false;
    mailer->count = 0;
    bool go_on = mailer->stop == 0;
    pthread_mutex_unlock(&mailer->mutex);
    return go_on;
}

static void *work(void *ctx) {
    struct nl_mailer *mailer = ctx;
    struct nl_store *store = NULL;
    struct nl_error err = {0};
    struct errand errand = {0};
    while (wait_for_work(mailer, &errand)) {
        if (store == NULL &&
            nl_store_open(mailer->config->database, &nl_env_system, &store, &err) != NL_OK) {
            nl_log(NL_LOG_ERROR, NULL, "%s", nl_error_text(&err));
            nl_error_free(&err);
        }
        if (store != NULL)
            run_mailer(mailer, store, &errand);
    }
    nl_store_close(store);
    return NULL;
}

enum nl_status nl_mailer_new(const struct nl_config *config, const struct nl_relay *relay,
                             enum nl_service_work work_to_do, struct nl_mailer **out,
                             struct nl_error *err) {
    struct nl_mailer *mailer = nl_calloc(1, sizeof *mailer);
    *out = NULL;
    mailer->config = config;
    mailer->relay = relay;
    mailer->work = work_to_do;
    mailer->woken = mailer->full_pass = work_to_do == NL_SERVICE_NOTICES;
    pthread_mutex_init(&mailer->mutex, NULL);
    pthread_cond_init(&mailer->changed, NULL);
    enum nl_status status = nl_thread_start(&mailer->thread, work, mailer, err);
    if (status == NL_OK)
        *out = mailer;
    else
        free(mailer);
    return status;
}

void nl_mailer_wake(struct nl_mailer *mailer, int64_t notice) {
    pthread_mutex_lock(&mailer->mutex);
    if (mailer->work == NL_SERVICE_ISSUES || (notice != 0 && mailer->count == NOTICES_ONE_BY_ONE))
        mailer->full_pass = true;
    else if (notice != 0)
        mailer->notices[mailer->count++] = notice;
    mailer->woken = true;
    pthread_cond_signal(&mailer->changed);
    pthread_mutex_unlock(&mailer->mutex);
}

void nl_mailer_wake_fully(struct nl_mailer *mailer) {
    pthread_mutex_lock(&mailer->mutex);
    mailer->woken = mailer->full_pass = true;
    pthread_cond_signal(&mailer->changed);
    pthread_mutex_unlock(&mailer->mutex);
}

void nl_mailer_wake_at(struct nl_mailer *mailer, int64_t at) {
    pthread_mutex_lock(&mailer->mutex);
    if (mailer->due == 0 || at < mailer->due)
        mailer->due = at;
    pthread_cond_signal(&mailer->changed);
    pthread_mutex_unlock(&mailer->mutex);
}

void nl_mailer_free(struct nl_mailer *mailer) {
    if (mailer == NULL)
        return;
    pthread_mutex_lock(&mailer->mutex);
    mailer->stop = 1;
    pthread_cond_signal(&mailer->changed);
    pthread_mutex_unlock(&mailer->mutex);
    pthread_join(mailer->thread, NULL);
    pthread_mutex_destroy(&mailer->mutex);
    pthread_cond_destroy(&mailer->changed);
    free(mailer);
}
