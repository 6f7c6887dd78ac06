/* A thread that makes a pass now and then, and when it is woken. */
#ifndef NL_WEB_TICKER_H
#define NL_WEB_TICKER_H

#include "newsletter/base/error.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

/* Zero-initialise it and set what stands first. */
struct nl_ticker {
    int seconds; /* between two passes */
    /* In the thread. Whether it went well: if not, the next one comes after a longer rest. */
    bool (*pass)(void *ctx);
    void (*end)(void *ctx); /* in the thread, as its last step */
    void *ctx;
    /* Its own; a pass may read `stop`. */
    volatile sig_atomic_t stop;
    bool woken; /* set before the start: the first pass comes at once */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

NL_CHECKED enum nl_status nl_ticker_start(struct nl_ticker *ticker,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* For any thread. */
void nl_ticker_wake(struct nl_ticker *ticker) NL_ALL_NONNULL;

/* Waits for the pass in hand, then ends the thread. */
void nl_ticker_stop(struct nl_ticker *ticker) NL_ALL_NONNULL;

#endif
