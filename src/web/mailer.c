#include "newsletter/web/mailer.h"

#include "newsletter/base/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

/* Deferred mails are tried again by cron, and also here from time to time. */
enum { LOOK_SECONDS = 60, AGAIN_SECONDS = 5 };

struct nl_mailer {
    const struct nl_config *config;
    const struct nl_relay *relay;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    enum nl_mailer_work work;
    bool wanted;
    bool again; /* another process is sending an issue: check later whether it finished */
    volatile sig_atomic_t stop;
};

struct sending {
    struct nl_mailer *mailer;
    struct nl_store *store;
};

static enum nl_status send_issue(const struct nl_issue *issue, void *ctx, struct nl_error *err) {
    struct sending *sending = ctx;
    const struct nl_run_options options = {.stop = &sending->mailer->stop};
    const struct nl_log_field fields[] = {{"ISSUE", issue->slug}, {0}};
    struct nl_run_summary summary = {0};
    if (sending->mailer->stop != 0)
        return NL_OK;
    enum nl_status status = nl_send_issue(sending->store, sending->mailer->config,
                                          sending->mailer->relay, issue, &options, &summary, err);
    if (status == NL_BUSY)
        sending->mailer->again = true;
    else if (status != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "%s", nl_error_text(err));
    else if (summary.problem.status != NL_OK)
        nl_log(NL_LOG_ERROR, fields, "%s: %s", issue->slug, nl_error_text(&summary.problem));
    nl_error_free(&summary.problem);
    nl_error_free(err);
    return NL_OK; /* an issue that fails does not keep the others waiting */
}

static void send_issues(struct nl_mailer *mailer, struct nl_store *store) {
    struct sending sending = {mailer, store};
    struct nl_error err = {0};
    mailer->again = false;
    if (nl_issue_each(store, "sending", send_issue, &sending, &err) != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "sending issues: %s", nl_error_text(&err));
    nl_error_free(&err);
}

static void send_notices(struct nl_mailer *mailer, struct nl_store *store) {
    const struct nl_run_options options = {.stop = &mailer->stop};
    struct nl_run_summary summary = {0};
    struct nl_error err = {0};
    enum nl_status status =
        nl_send_notices(store, mailer->config, mailer->relay, 0, &options, &summary, &err);
    if (status != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "sending notices: %s", nl_error_text(&err));
    else if (summary.problem.status != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "sending notices: %s", nl_error_text(&summary.problem));
    nl_error_free(&summary.problem);
    nl_error_free(&err);
}

/* Waits until there is something to send, or until it is time to check. False ends the thread. */
static bool wait_for_work(struct nl_mailer *mailer) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += mailer->again ? AGAIN_SECONDS : LOOK_SECONDS;
    pthread_mutex_lock(&mailer->mutex);
    while (!mailer->wanted && mailer->stop == 0) {
        if (mailer->work == NL_MAILER_ISSUES && !mailer->again)
            pthread_cond_wait(&mailer->changed, &mailer->mutex);
        else if (pthread_cond_timedwait(&mailer->changed, &mailer->mutex, &until) != 0)
            break;
    }
    mailer->wanted = false;
    bool go_on = mailer->stop == 0;
    pthread_mutex_unlock(&mailer->mutex);
    return go_on;
}

static void *work(void *ctx) {
    struct nl_mailer *mailer = ctx;
    struct nl_store *store = NULL;
    struct nl_error err = {0};
    while (wait_for_work(mailer)) {
        if (store == NULL &&
            nl_store_open(mailer->config->database, &nl_env_system, &store, &err) != NL_OK) {
            nl_log(NL_LOG_ERROR, NULL, "%s", nl_error_text(&err));
            nl_error_free(&err);
        }
        if (store != NULL)
            (mailer->work == NL_MAILER_ISSUES ? send_issues : send_notices)(mailer, store);
    }
    nl_store_close(store);
    return NULL;
}

enum nl_status nl_mailer_new(const struct nl_config *config, const struct nl_relay *relay,
                             enum nl_mailer_work work_to_do, struct nl_mailer **out,
                             struct nl_error *err) {
    struct nl_mailer *mailer = calloc(1, sizeof *mailer);
    sigset_t all;
    sigset_t before;
    *out = NULL;
    if (mailer == NULL)
        return nl_error_nomem(err);
    mailer->config = config;
    mailer->relay = relay;
    mailer->work = work_to_do;
    mailer->wanted = work_to_do == NL_MAILER_NOTICES;
    pthread_mutex_init(&mailer->mutex, NULL);
    pthread_cond_init(&mailer->changed, NULL);
    /* The server handles signals. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&mailer->thread, NULL, work, mailer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        free(mailer);
        return nl_error_set(err, NL_OS, "cannot start a thread");
    }
    *out = mailer;
    return NL_OK;
}

void nl_mailer_wake(struct nl_mailer *mailer) {
    pthread_mutex_lock(&mailer->mutex);
    mailer->wanted = true;
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
