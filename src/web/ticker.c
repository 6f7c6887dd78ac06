#include "web/ticker.h"

#include "newsletter/base/thread.h"

#include <time.h>

enum { AWAY_SECONDS = 30 };

/* Waits; false to end. */
static bool rest(struct nl_ticker *ticker, int seconds) {
    struct timespec until;
    bool timed_out = false;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&ticker->mutex);
    while (ticker->stop == 0 && !ticker->woken && !timed_out)
        timed_out = pthread_cond_timedwait(&ticker->changed, &ticker->mutex, &until) != 0;
    ticker->woken = false;
    bool go_on = ticker->stop == 0;
    pthread_mutex_unlock(&ticker->mutex);
    return go_on;
}

static void *work(void *ctx) {
    struct nl_ticker *ticker = ctx;
    bool fine = true;
    while (rest(ticker, fine ? ticker->seconds : AWAY_SECONDS))
        fine = ticker->pass(ticker->ctx);
    ticker->end(ticker->ctx);
    return NULL;
}

enum nl_status nl_ticker_start(struct nl_ticker *ticker, struct nl_error *err) {
    pthread_mutex_init(&ticker->mutex, NULL);
    pthread_cond_init(&ticker->changed, NULL);
    return nl_thread_start(&ticker->thread, work, ticker, err);
}

void nl_ticker_wake(struct nl_ticker *ticker) {
    pthread_mutex_lock(&ticker->mutex);
    ticker->woken = true;
    pthread_cond_signal(&ticker->changed);
    pthread_mutex_unlock(&ticker->mutex);
}

void nl_ticker_stop(struct nl_ticker *ticker) {
    pthread_mutex_lock(&ticker->mutex);
    ticker->stop = 1;
    pthread_cond_signal(&ticker->changed);
    pthread_mutex_unlock(&ticker->mutex);
    pthread_join(ticker->thread, NULL);
    pthread_mutex_destroy(&ticker->mutex);
    pthread_cond_destroy(&ticker->changed);
}
