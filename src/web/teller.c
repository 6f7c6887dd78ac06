#include "newsletter/web/teller.h"

#include "newsletter/base/log.h"
#include "newsletter/base/thread.h"
#include "newsletter/service/webhooks.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { POLL_SECONDS = 1, AWAY_SECONDS = 30 };

struct nl_teller {
    const struct nl_config *config;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    volatile sig_atomic_t stop;
};

/* Waits; false to end. */
static bool rest(struct nl_teller *teller, int seconds) {
    struct timespec until;
    bool timed_out = false;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&teller->mutex);
    while (teller->stop == 0 && !timed_out)
        timed_out = pthread_cond_timedwait(&teller->changed, &teller->mutex, &until) != 0;
    bool go_on = teller->stop == 0;
    pthread_mutex_unlock(&teller->mutex);
    return go_on;
}

static bool pass(const struct nl_teller *teller, struct nl_store **store) {
    struct nl_error err = {0};
    enum nl_status status =
        *store == NULL ? nl_store_open(teller->config->database, &nl_env_system, store, &err)
                       : NL_OK;
    const struct nl_office office = {.store = *store, .config = teller->config};
    if (status == NL_OK)
        status = nl_webhooks_pass(&office, &teller->stop, &err);
    if (status != NL_OK)
        nl_log(NL_LOG_ERROR, NULL, "webhooks: %s", nl_error_text(&err));
    nl_error_free(&err);
    return status == NL_OK;
}

static void *tell(void *ctx) {
    struct nl_teller *teller = ctx;
    struct nl_store *store = NULL;
    bool fine = true;
    while (rest(teller, fine ? POLL_SECONDS : AWAY_SECONDS))
        fine = pass(teller, &store);
    nl_store_close(store);
    return NULL;
}

enum nl_status nl_teller_new(const struct nl_config *config, struct nl_teller **out,
                             struct nl_error *err) {
    struct nl_teller *teller = calloc(1, sizeof *teller);
    *out = NULL;
    if (teller == NULL)
        return nl_error_nomem(err);
    teller->config = config;
    pthread_mutex_init(&teller->mutex, NULL);
    pthread_cond_init(&teller->changed, NULL);
    enum nl_status status = nl_thread_start(&teller->thread, tell, teller, err);
    if (status == NL_OK)
        *out = teller;
    else
        free(teller);
    return status;
}

void nl_teller_free(struct nl_teller *teller) {
    if (teller == NULL)
        return;
    pthread_mutex_lock(&teller->mutex);
    teller->stop = 1;
    pthread_cond_signal(&teller->changed);
    pthread_mutex_unlock(&teller->mutex);
    pthread_join(teller->thread, NULL);
    pthread_mutex_destroy(&teller->mutex);
    pthread_cond_destroy(&teller->changed);
    free(teller);
}
